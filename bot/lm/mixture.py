"""What the adapter is taught from: grounded questions with answers, and questions that their passage does not answer.

Rows come from public reading sets (JSON lines with context, question, answers, source, licence) whose licence is stated
and allows commercial use, and from our own `merchant_examples.jsonl`. Harder refusals are made here: the sentence that
holds the answer is cut out of a passage. Everything follows from the seed.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.lm.prompt import REFUSAL, reading
from bot.lm.types import ModelError

MERCHANT = Path(__file__).parent / "merchant_examples.jsonl"
NOT_GRANTED = frozenset({"none-stated", ""})
_SENTENCE = re.compile(r".+?(?:[。！？\n]|[.!?](?=\s|$)|$)\s*", re.DOTALL)
_WIDTH = {"zh": (120, 420), "en": (350, 1150)}
"""The least and the most characters of a passage that training keeps: 80 to 280 tokens, as knowledge passages have."""
REPEATS = {
    "xquad_en": 4.0, "xquad_zh": 1.5, "cmrc2018_zh": 0.6, "drcd_zh_hant": 0.3, "chinesesquad_zh": 0.5,
    "xquad_neg_en": 0.8, "xquad_neg_zh": 0.3, "cmrc2018_neg_zh": 0.1, "drcd_neg_zh_hant": 0.1,
    "xquad_en/cut": 1.2, "xquad_zh/cut": 0.3, "chinesesquad_zh/cut": 0.1,
    "merchant": 10.0, "merchant/other": 1.0, "merchant/cut": 1.5,
}  # fmt: skip
"""How often a set's rows are taken. English is the smallest, so it comes again; easy refusals are few."""


@dataclass(frozen=True, slots=True)
class Example:
    """One lesson: a passage, a question, the answers that count as right (none: the passage does not say)."""

    group: str
    lang: str
    title: str
    passage: str
    question: str
    answers: tuple[str, ...]
    earlier: str = ""

    @property
    def prompt(self) -> str:
        return reading(self.question, self.title, self.passage, earlier=self.earlier)

    @property
    def target(self) -> str:
        return self.answers[0] if self.answers else REFUSAL


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


def _sentences(text: str) -> list[str]:
    return _SENTENCE.findall(text)


def window(passage: str, answers: tuple[str, ...], width: int, rng: random.Random) -> str:
    """Whole sentences of a passage around the first answer (or anywhere), one or at most `width` characters."""
    if len(passage) <= width:
        return passage
    parts = _sentences(passage)
    centres = [i for i, part in enumerate(parts) if answers and answers[0] in part] or [rng.randrange(len(parts))]
    first = last = centres[0]
    while True:
        grow = [side for side in (first - 1, last + 1) if 0 <= side < len(parts)]
        side = rng.choice(grow) if grow else -1
        if side < 0 or sum(map(len, parts[min(first, side) : max(last, side) + 1])) > width:
            return "".join(parts[first : last + 1])
        first, last = min(first, side), max(last, side)


def cut(example: Example) -> Example | None:
    """The question over its passage without the sentence that answers: a near miss. None when too little is left."""
    parts = _sentences(example.passage)
    kept = "".join(part for part in parts if not any(answer in part for answer in example.answers))
    if not example.answers or len(kept) < len(example.passage) // 3:
        return None
    if any(answer.lower() in kept.lower() for answer in example.answers):
        return None
    return Example(f"{example.group}/cut", example.lang, example.title, kept, example.question, (), example.earlier)


def public(file: Path, rng: random.Random | None = None) -> list[Example]:
    """The rows of a reading set with a stated licence; with `rng`, passages are cut to a window around the answer."""
    found = []
    for row in _rows(file):
        if row.get("licence", "") in NOT_GRANTED:
            continue
        answers = tuple(row["answers"])
        passage = window(row["context"], answers, rng.randint(*_WIDTH[row["lang"]]), rng) if rng else row["context"]
        found.append(Example(row["id"].split(":")[0], row["lang"], "", passage, row["question"], answers))
    return found


def merchant(split: str) -> list[Example]:
    """Our own examples of sellers' questions; `split` is train or dev (kept out of training)."""
    found = []
    for row in _rows(MERCHANT):
        if row.get("split", "train") != split:
            continue
        for question, answer, *earlier in row["asks"]:
            answers = (answer,) if answer else ()
            found.append(Example("merchant", row["lang"], row["title"], row["text"], question, answers, *earlier))
    return found


def _other_passages(examples: list[Example], rng: random.Random) -> list[Example]:
    """Merchants' answerable questions over another document of the same language."""
    found = []
    for asked in examples:
        other = rng.choice(examples)
        if asked.answers and other.title != asked.title and asked.lang == other.lang:
            found.append(Example("merchant/other", asked.lang, other.title, other.passage, asked.question, ()))
    return found


def _repeat(examples: list[Example], times: float, rng: random.Random) -> list[Example]:
    whole = int(times)
    rest = rng.sample(examples, round((times - whole) * len(examples)))
    return examples * whole + rest


def lessons(file: Path, seed: int) -> list[Example]:
    """The whole mixture in the order of its set; raises ModelError when the file cannot be read."""
    rng = random.Random(seed)  # noqa: S311 - a reproducible order, no secret
    by_group: dict[str, list[Example]] = {}
    ours = merchant("train")
    for example in [*public(file, rng), *ours, *_other_passages(ours, rng)]:
        by_group.setdefault(example.group, []).append(example)
        shorter = cut(example)
        if shorter and shorter.group in REPEATS:
            by_group.setdefault(shorter.group, []).append(shorter)
    return [lesson for group in sorted(by_group) for lesson in _repeat(by_group[group], REPEATS.get(group, 1.0), rng)]
