"""Minimal pairs: the same words in another channel, from another author, or with another intent land as declared."""

import json
from pathlib import Path

from moderation.judging.classifier import load_classifier
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.types import Author, Message, Place, Ruling

PAIRS = [json.loads(line) for line in (Path(__file__).parent.parent / "pairs.jsonl").read_text("utf-8").splitlines()]
JUDGE = Judge(load(), load_classifier())
ALLOW, REVIEW, ACT = Ruling.ALLOW, Ruling.REVIEW, Ruling.ACT
LANDS = {"allow": {ALLOW}, "flag": {REVIEW, ACT}, "act": {ACT}, "not_act": {ALLOW, REVIEW}}


def landed(side: dict[str, str]) -> bool:
    place = Place(platform="test", community="c", channel=side["channel"], profile=side["channel"])
    message = Message(id="1", place=place, author=Author(id="a", trust=side["trust"]), text=side["text"])
    return JUDGE.judge(message).ruling in LANDS[side["ruling"]]


def test_there_are_two_hundred_pairs_of_each_kind_in_both_languages():
    assert len(PAIRS) >= 200
    assert {(pair["turns_on"], pair["lang"]) for pair in PAIRS} == {
        (kind, lang) for kind in ("channel", "trust", "intent") for lang in ("zh", "en")
    }


def test_two_hundred_pairs_land():
    """Both sides as declared, in two hundred pairs at least; `pytest -s` lists the others."""
    missed = [pair["id"] for pair in PAIRS if not (landed(pair["a"]) and landed(pair["b"]))]
    print(f"{len(PAIRS) - len(missed)} of {len(PAIRS)} pairs land; missed: {', '.join(missed)}")  # noqa: T201
    assert len(PAIRS) - len(missed) >= 200
