"""Measures a model as a reader: F1 and exact match where the passage answers, refusals where it does not.

F1 is SQuAD's (Rajpurkar et al. 2016), over words in English and over characters in Chinese, as CMRC 2018 does; a
refusal of an answerable question counts 0.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.lm.mixture import Ask, Reading
from bot.lm.prompt import is_refusal
from bot.lm.types import Completion, LanguageModel, Progress, silent

MAX_TOKENS = 48
_ARTICLES = frozenset({"a", "an", "the"})


class Row(NamedTuple):
    """One question beside its passage."""

    reading: Reading
    ask: Ask


@dataclass(frozen=True, slots=True)
class Figures:
    """One set's result. `f1` and `exact` are means over its answerable questions, None where it has none."""

    group: str
    answerable: int
    f1: float | None
    exact: float | None
    answerable_refused: float | None
    unanswerable: int
    unanswerable_refused: float | None
    separation: float | None
    """The chance that an unanswerable question has a higher `Completion.refusal` than an answerable one (AUROC)."""


def units(text: str, lang: str) -> list[str]:
    """What F1 counts: lower-case words without articles, or characters; no punctuation."""
    kept = "".join(" " if unicodedata.category(mark)[0] in "PZSC" else mark for mark in text.lower())
    if lang == "zh":
        return re.findall(r"[a-z0-9]+|\S", kept)
    return [word for word in kept.split() if word not in _ARTICLES]


def f1(said: str, answer: str, lang: str) -> float:
    """The harmonic mean of precision and recall of the units."""
    ours, theirs = units(said, lang), units(answer, lang)
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def best(said: str, answers: Sequence[str], lang: str) -> tuple[float, float]:
    """F1 and exact match against the nearest of the right answers, of which there is at least one."""
    pairs = [(f1(said, answer, lang), units(said, lang) == units(answer, lang)) for answer in answers]
    return max(pair[0] for pair in pairs), float(any(pair[1] for pair in pairs))


def separation(low: Sequence[float], high: Sequence[float]) -> float | None:
    """The chance that one of `high` lies above one of `low`; a tie counts half. None when one of them is empty."""
    if not low or not high:
        return None
    return sum((h > lo) + 0.5 * (h == lo) for h in high for lo in low) / (len(low) * len(high))


def mean(values: Sequence[float]) -> float | None:
    """None of none."""
    return sum(values) / len(values) if values else None


def refuses(said: Completion) -> bool:
    """Whether the model would rather refuse than answer."""
    return is_refusal(said.text) if said.refusal is None else said.refusal >= 0.5


def figures(group: str, done: Sequence[tuple[Row, Completion]]) -> Figures:
    """The figures of one set."""
    asked = [(row, said) for row, said in done if row.ask.answers]
    other = [said for row, said in done if not row.ask.answers]
    scores = [
        (0.0, 0.0) if refuses(said) else best(said.text, row.ask.answers, row.reading.lang) for row, said in asked
    ]
    return Figures(
        group,
        len(asked),
        mean([score[0] for score in scores]),
        mean([score[1] for score in scores]),
        mean([float(refuses(said)) for _, said in asked]),
        len(other),
        mean([float(refuses(said)) for said in other]),
        separation([said.refusal or 0.0 for _, said in asked], [said.refusal or 0.0 for said in other]),
    )


Reads = Callable[[Row], Awaitable[Completion]]
"""A reader of one row's passage. Raises LmError."""


def model(lm: LanguageModel) -> Reads:
    """The language model as a reader."""

    async def read(row: Row) -> Completion:
        (said,) = await lm.complete([row.reading.prompt(row.ask)], max_tokens=MAX_TOKENS)
        return said

    return read


async def evaluate(read: Reads, rows: Sequence[Row], *, progress: Progress = silent) -> list[Figures]:
    """Has every row's passage read; the figures by set, then by language ("all zh", "all en").

    Raises LmError when the reader cannot.
    """
    done: list[tuple[Row, Completion]] = []
    for index, row in enumerate(rows):
        done.append((row, await read(row)))
        progress("reading alone", (index + 1) / len(rows))
    groups: dict[str, list[tuple[Row, Completion]]] = {}
    for pair in done:
        groups.setdefault(pair[0].reading.group, []).append(pair)
    for pair in done:
        groups.setdefault(f"all {pair[0].reading.lang}", []).append(pair)
    return [figures(group, pairs) for group, pairs in groups.items()]
