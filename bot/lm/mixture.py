"""What the adapter is taught from: passages, each with questions that it answers and questions that it does not.

Rows come from public reading sets (JSON lines with context, question, answers, source, licence) whose licence is stated
and allows commercial use, and from our own `examples/*.jsonl`. A passage is cut to a window of whole sentences: a
question whose answer is cut off becomes one that the passage does not answer. Some of our own are laid together as the
sections of one page, for so the knowledge's passages are. Everything follows from the seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.knowledge.sentences import sentences
from bot.lm.prompt import REFUSAL, reading
from bot.lm.types import ModelError

OURS = Path(__file__).parent / "examples"
NOT_GRANTED = frozenset({"none-stated", ""})
REPEATS = {
    "xquad_en": 2.0,
    "xquad_zh": 1.0,
    "chinesesquad_zh": 0.5,
    "cmrc2018_zh": 0.6,
    "drcd_zh_hant": 0.3,
    "ours": 3.0,
}
"""How often a set's passages come in one pass, each time with another window. English is the smallest."""
NARROW = 0.15
"""The part of the windows that are a sentence or two, as when a found answer is read again by itself."""
SILENT = 0.7
"""Refusals for every answer of a passage, at most; more teach the model to refuse too much."""
_WIDTH = {"zh": (120, 420), "en": (350, 1150)}
"""The least and the most characters of a passage that training keeps: 80 to 280 tokens, as knowledge passages have."""
_NARROW_WIDTH = {"zh": 40, "en": 130}
PAGED = 0.5
"""The part of our own passages that become sections of pages."""
_SECTION_WIDTH = {"zh": (40, 160), "en": (120, 420)}
_SECTIONS = (2, 2, 3)
_BARE, _LINED = 0.2, 0.4
"""The part of the sections that have no heading, and of those that have each sentence in a line of its own."""
_STRANGERS = 24
"""Passages among which the one is looked for that most resembles a question it does not answer."""
_MOST = 6
"""Answered questions asked of a passage at a time."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with the answers that count as right; none of them: the passage does not say.

    An answer of several lines is in several parts, each a stretch of the passage: a question for two things.
    """

    question: str
    answers: tuple[str, ...] = ()
    earlier: str = ""

    @property
    def target(self) -> str:
        return self.answers[0] if self.answers else REFUSAL

    @property
    def parts(self) -> tuple[str, ...]:
        """The stretches of the passage that answer together."""
        return tuple(self.answers[0].split("\n")) if self.answers else ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage and what is asked of it."""

    group: str
    lang: str
    title: str
    passage: str
    asks: tuple[Ask, ...]

    def prompt(self, ask: Ask) -> str:
        return reading(ask.question, self.title, self.passage, earlier=ask.earlier)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} cannot be read as JSON lines ({error}); name a file with context, question, answers, "
            "source and licence in every line"
        ) from error


def rows_file(data: Path, split: str) -> Path:
    """The JSON lines of a split: `data` itself, or its `qa/SPLIT.jsonl` when it is a folder of sets."""
    return data / "qa" / f"{split}.jsonl" if data.is_dir() else data


def public(file: Path) -> list[Reading]:
    """The passages of a reading set with a stated licence, each with all its questions."""
    asks: dict[tuple[str, str, str], dict[Ask, None]] = {}
    for row in _rows(file):
        if row.get("licence", "") not in NOT_GRANTED:
            group = row["id"].split(":")[0].replace("_neg", "")
            ask = Ask(row["question"], tuple(row["answers"]))
            asks.setdefault((group, row["lang"], row["context"]), {})[ask] = None
    return [Reading(group, lang, "", passage, tuple(asked)) for (group, lang, passage), asked in asks.items()]


def ours(split: str) -> list[Reading]:
    """Our own passages and questions; `split` is train or dev (kept out of training)."""
    found = []
    for file in sorted(OURS.glob("*.jsonl")):
        for row in _rows(file):
            if row.get("split", "train") == split:
                asks = tuple(_ask(*one) for one in row["asks"])
                found.append(Reading(f"ours/{file.stem}", row["lang"], row["title"], row["text"], asks))
    return found


def _ask(question: str, answer: str | list[str], earlier: str = "") -> Ask:
    """One of our own, whose answer is "" or a stretch of the passage or a list of those."""
    told = answer if isinstance(answer, str) else "\n".join(answer)
    return Ask(question, (told,) if told else (), earlier)


def window(passage: str, centre: str, width: int, rng: random.Random) -> str:
    """Whole sentences of a passage around the one that holds `centre`, one or at most `width` characters."""
    parts = sentences(passage)
    if len(passage) <= width or not parts:
        return passage
    held = [at for at, part in enumerate(parts) if centre and centre in part]
    first = last = held[0] if held else rng.randrange(len(parts))
    while True:
        grow = [side for side in (first - 1, last + 1) if 0 <= side < len(parts)]
        side = rng.choice(grow) if grow else -1
        if side < 0 or sum(map(len, parts[min(first, side) : max(last, side) + 1])) > width:
            return "".join(parts[first : last + 1])
        first, last = min(first, side), max(last, side)


def narrowed(whole: Reading, rng: random.Random, widths: Mapping[str, tuple[int, int]] = _WIDTH) -> Reading:
    """The reading with a window of its passage, and what that answers; as many refusals as answers, or one."""
    answered = [ask for ask in whole.asks if ask.answers]
    centre = rng.choice(answered).parts[0] if answered else ""
    width = _NARROW_WIDTH[whole.lang] if rng.random() < NARROW else rng.randint(*widths[whole.lang])
    passage = window(whole.passage, centre, width, rng)
    asks = [seen for ask in whole.asks if (seen := _seen(ask, whole.passage, passage))]
    rng.shuffle(asks)
    said = [ask for ask in asks if ask.answers][:_MOST]
    silent = [ask for ask in asks if not ask.answers][: max(1, round(len(said) * SILENT))]
    kept = said + silent
    rng.shuffle(kept)
    return replace(whole, passage=passage, asks=tuple(kept))


def _seen(ask: Ask, whole: str, part: str) -> Ask | None:
    """The question as a part of its passage answers it; None when the part holds only some of the answer's places."""
    if not ask.answers:
        return ask
    if all(0 < part.count(one) == whole.count(one) for one in ask.parts):
        return ask
    held = any(one.lower() in part.lower() for answer in ask.answers for one in answer.split("\n"))
    if held or not all(one in whole for one in ask.parts):
        return None
    return replace(ask, answers=())


def _stranger(asked: Reading, others: Sequence[Reading], rng: random.Random) -> Ask | None:
    """Another passage's question that sounds like this one: the nearest of a few, and not answered here."""
    held = set(asked.passage)
    near: tuple[float, Ask] | None = None
    for other in rng.sample(others, min(_STRANGERS, len(others))):
        foreign = [ask for ask in other.asks if ask.answers and not ask.earlier]
        if other.passage == asked.passage or other.lang != asked.lang or not foreign:
            continue
        ask = rng.choice(foreign)
        words = set(ask.question.split()) if asked.lang == "en" else set(ask.question)
        alike = sum(word in asked.passage if asked.lang == "en" else word in held for word in words) / len(words)
        if not any(one in asked.passage for one in ask.parts) and (near is None or alike > near[0]):
            near = alike, ask
    return replace(near[1], answers=()) if near else None


def pages(sections: Sequence[Reading], rng: random.Random) -> Iterator[Reading]:
    """Readings of one language, all of merchants' matters or none, laid together two or three to a page."""
    kinds: dict[tuple[str, bool], list[Reading]] = {}
    for one in sections:
        kinds.setdefault((one.lang, "merchant" in one.group), []).append(one)
    for alike in kinds.values():
        rng.shuffle(alike)
        while alike:
            count = rng.choice(_SECTIONS)
            yield _page(alike[:count], rng)
            del alike[:count]


def _page(sections: Sequence[Reading], rng: random.Random) -> Reading:
    """One page with the questions of all, but for those whose answer stands in another section too."""
    texts = [_section(one, rng) for one in sections]
    page = "\n".join(texts)
    asks = [
        ask
        for one, text in zip(sections, texts, strict=True)
        for ask in one.asks
        if all(0 < text.count(part) == page.count(part) for part in ask.parts)
    ]
    return replace(sections[0], passage=page, asks=tuple(asks))


def _section(one: Reading, rng: random.Random) -> str:
    body = one.passage.strip()
    if rng.random() < _LINED:
        body = "\n".join(part.strip() for part in sentences(body))
    return f"{one.title}\n{body}" if one.title and rng.random() >= _BARE else body


def _times(group: str, repeats: Mapping[str, float]) -> float:
    fitting = [name for name in repeats if group.startswith(name)]
    return repeats[max(fitting, key=len)] if fitting else 1.0


def lessons(file: Path, seed: int, repeats: Mapping[str, float] = REPEATS) -> list[Reading]:
    """One pass through the whole mixture; raises ModelError when the file cannot be read.

    `repeats` tells how often a passage comes, by the beginning of its group's name; the longest that fits counts.
    """
    rng = random.Random(seed)  # noqa: S311 - a reproducible order, no secret
    found, sections = [], []
    everything = [*public(file), *ours("train")]
    for whole in everything:
        times = _times(whole.group, repeats)
        for _ in range(int(times) + (rng.random() < times % 1)):
            if whole.group.startswith("ours/") and rng.random() < PAGED:
                sections.append(narrowed(whole, rng, _SECTION_WIDTH))
                continue
            one = narrowed(whole, rng)
            stranger = _stranger(one, everything, rng)
            found.append(replace(one, asks=(*one.asks, stranger)) if stranger and rng.random() < 0.5 else one)
    return [one for one in [*found, *pages(sections, rng)] if one.asks]
