"""Measures a model as a reader: F1 and exact match where the passage answers, refusals where it does not.

`xiaoer evaluate answer` measures the default model in its int8 form, as it serves; the card's figures come from it. F1
is SQuAD's (Rajpurkar et al. 2016), over words in English and over characters in Chinese, as CMRC 2018 does; a refusal
of an answerable question counts 0.
"""

from __future__ import annotations

import asyncio
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.lm.cache import prepare
from bot.lm.ctranslate import Ctranslate
from bot.lm.engine import Engine
from bot.lm.mixture import Example, merchant, public, rows_file
from bot.lm.prompt import is_refusal, shortened
from bot.lm.types import Completion, Progress, silent

MAX_TOKENS = 48
_ARTICLES = frozenset({"a", "an", "the"})


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


def best(said: str, example: Example) -> tuple[float, float]:
    """F1 and exact match against the nearest of the right answers."""
    pairs = [
        (f1(said, answer, example.lang), units(said, example.lang) == units(answer, example.lang))
        for answer in example.answers
    ]
    return max(pair[0] for pair in pairs), float(any(pair[1] for pair in pairs))


def separation(low: Sequence[float], high: Sequence[float]) -> float | None:
    """The chance that one of `high` lies above one of `low`; a tie counts half. None when one of them is empty."""
    if not low or not high:
        return None
    return sum((h > lo) + 0.5 * (h == lo) for h in high for lo in low) / (len(low) * len(high))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def refuses(said: Completion) -> bool:
    """Whether the model would rather refuse than answer."""
    return is_refusal(said.text) if said.refusal is None else said.refusal >= 0.5


def figures(group: str, done: Sequence[tuple[Example, Completion]]) -> Figures:
    """The figures of one set."""
    asked = [(example, said) for example, said in done if example.answers]
    other = [said for example, said in done if not example.answers]
    scores = [(0.0, 0.0) if refuses(said) else best(said.text, example) for example, said in asked]
    return Figures(
        group,
        len(asked),
        _mean([score[0] for score in scores]),
        _mean([score[1] for score in scores]),
        _mean([float(refuses(said)) for _, said in asked]),
        len(other),
        _mean([float(refuses(said)) for said in other]),
        separation([said.refusal or 0.0 for _, said in asked], [said.refusal or 0.0 for said in other]),
    )


def drawn(data: Path, each: int, seed: int = 7) -> list[Example]:
    """At most `each` answerable and `each` unanswerable rows of every set, and our merchants' held-out questions."""
    rng = random.Random(seed)  # noqa: S311 - a reproducible sample, no secret
    groups: dict[tuple[str, bool], list[Example]] = {}
    for example in public(data):
        groups.setdefault((example.group, bool(example.answers)), []).append(example)
    taken = [row for key in sorted(groups) for row in rng.sample(groups[key], min(each, len(groups[key])))]
    return taken + merchant("dev")


async def evaluate(engine: Engine, examples: Sequence[Example], *, progress: Progress = silent) -> list[Figures]:
    """Lets an engine read every example; the figures by set, then by language ("all zh", "all en")."""
    done: list[tuple[Example, Completion]] = []
    for index, example in enumerate(examples):
        prompt = shortened(example.prompt, engine.count, engine.limit)
        done += [(example, said) for said in await engine.generate([prompt], MAX_TOKENS)]
        progress("reading", (index + 1) / len(examples))
    groups: dict[str, list[tuple[Example, Completion]]] = {}
    for pair in done:
        groups.setdefault(pair[0].group, []).append(pair)
    for pair in done:
        groups.setdefault(f"all {pair[0].lang}", []).append(pair)
    return [figures(group, pairs) for group, pairs in groups.items()]


def table(rows: Sequence[Figures]) -> str:
    """The figures as a Markdown table."""
    head = "| set | answerable | F1 | exact | refused | unanswerable | refused | separation |\n|" + "---|" * 8
    return "\n".join([head, *(f"| {' | '.join(_cells(row))} |" for row in rows)])


def _cells(row: Figures) -> list[str]:
    shown = [row.group, row.answerable, row.f1, row.exact, row.answerable_refused, row.unanswerable]
    values = [*shown, row.unanswerable_refused, row.separation]
    return ["-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value) for value in values]


def evaluate_answer(data: Path, *, cache: Path, sample: int = 60, threads: int = 0, progress: Progress = silent) -> str:
    """The figures of the default model in int8, as a Markdown table.

    `data` is a file of rows or a folder with qa/dev.jsonl, `sample` the most answerable and the most unanswerable rows
    of each set. Raises ModelError when the data or the model cannot be read.
    """
    folder = prepare(cache, progress=progress)
    engine = Ctranslate.load(folder, name=folder.name, threads=threads)
    return table(asyncio.run(evaluate(engine, drawn(rows_file(data, "dev"), sample), progress=progress)))
