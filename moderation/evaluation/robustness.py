"""What the judge loses when people hide what they write, in the twelve ways of `moderation.judging.evasion`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from moderation.evaluation.harmless import kind_of
from moderation.evaluation.judged import LANGS, Judged, Progress, bad, grouped, judge_rows
from moderation.evaluation.rates import Rate, counted
from moderation.evaluation.tables import Table
from moderation.judging.evasion import TRANSFORMS, Transform
from moderation.judging.judge import Judge
from moderation.training.corpus import Row
from moderation.types import Noun

STEP = "disguising"
EVERY = "all"
FEWEST = 10
"""Bad messages that a transform must change to be counted for a language."""


class Robustness(Noun):
    """One transform in one language, over the sampled rows whose text it changes.

    `plain` and `disguised` are the flagged shares of bad messages, `kept` those still flagged of the ones flagged
    plain; `harmless_plain` and `harmless` are the flagged shares of honest talk.
    """

    transform: str
    lang: str
    plain: Rate
    disguised: Rate
    kept: Rate
    harmless_plain: Rate
    harmless: Rate

    @property
    def lost(self) -> float | None:
        """Points of recall that the disguise costs on messages flagged plain; None without any."""
        return None if self.kept.share is None else 100 * (1 - self.kept.share)

    @property
    def cost(self) -> float | None:
        """Points of recall that the disguise costs over all bad messages; None without any."""
        if self.plain.share is None or self.disguised.share is None:
            return None
        return 100 * (self.plain.share - self.disguised.share)


def robustness(
    judge: Judge,
    judged: Sequence[Judged],
    sample: int,
    seed: int,
    progress: Progress,
    transforms: Mapping[str, Transform] = TRANSFORMS,
) -> Iterable[Robustness]:
    """Per transform and language, on at most `sample` bad and as many honest messages of `judged`; then over all."""
    every: dict[str, list[tuple[Judged, Judged]]] = {lang: [] for lang in LANGS}
    samples = {lang: sampled([item for item in judged if item.row.lang == lang], sample, seed) for lang in LANGS}
    for number, (name, transform) in enumerate(transforms.items()):
        for lang, items in samples.items():
            progress(STEP, (number + LANGS.index(lang) / len(LANGS)) / len(transforms))
            pairs = disguised(judge, items, transform, f"{seed}:{name}")
            if sum(bad(plain.row) for plain, _ in pairs) >= FEWEST:
                every[lang] += pairs
                yield compared(name, lang, pairs)
    progress(STEP, 1.0)
    yield from (compared(EVERY, lang, pairs) for lang, pairs in every.items() if pairs)


def sampled(judged: Sequence[Judged], sample: int, seed: int) -> list[Judged]:
    """Bad messages, taken from the clauses in turn so that none crowds out the rest, and honest talk."""
    chance = random.Random(seed)  # noqa: S311 (a sample, no secret)
    buckets = grouped((item for item in judged if bad(item.row)), lambda item: first_clause(item.row)).values()
    in_turn = chain.from_iterable(zip_longest(*(chance.sample(items, len(items)) for items in buckets)))
    wicked = [item for item in in_turn if item is not None]
    honest = [item for item in judged if kind_of(item.row) == "talk"]
    return wicked[:sample] + chance.sample(honest, min(sample, len(honest)))


def first_clause(row: Row) -> str:
    return next(clause for clause, holds in row.truth.items() if holds)


def disguised(judge: Judge, items: Sequence[Judged], transform: Transform, seed: str) -> list[tuple[Judged, Judged]]:
    """Each item that the transform changes, plain and disguised."""
    texts = [transform(item.row.text, random.Random(f"{seed}:{at}")) for at, item in enumerate(items)]  # noqa: S311
    changed = [(item, text) for item, text in zip(items, texts, strict=True) if text != item.row.text]
    rows = [replace(item.row, text=text) for item, text in changed]
    again = judge_rows(judge, rows, "new", STEP, lambda _step, _fraction: None)
    return [(item, other) for (item, _), other in zip(changed, again, strict=True)]


def compared(name: str, lang: str, pairs: Sequence[tuple[Judged, Judged]]) -> Robustness:
    wicked = [(plain.flagged, other.flagged) for plain, other in pairs if bad(plain.row)]
    honest = [(plain.flagged, other.flagged) for plain, other in pairs if not bad(plain.row)]
    return Robustness(
        transform=name,
        lang=lang,
        plain=counted(before for before, _ in wicked),
        disguised=counted(after for _, after in wicked),
        kept=counted(after for before, after in wicked if before),
        harmless_plain=counted(before for before, _ in honest),
        harmless=counted(after for _, after in honest),
    )


def robustness_table(figures: Iterable[Robustness]) -> Table:
    rows = tuple(
        (
            one.transform,
            one.lang,
            str(one.plain.rows),
            one.plain.decimal(),
            one.disguised.decimal(),
            points(one.cost),
            points(one.lost),
            str(one.harmless.rows),
            one.harmless_plain.percent(),
            one.harmless.percent(),
        )
        for one in figures
    )
    note = (
        "Bad messages, taken from the clauses in turn, and honest talk; only texts that the transform changes, and "
        "only where it changes ten bad ones (pinyin says nothing in English). Cost: "
        "points of recall, plain less disguised. Lost: points of those flagged plain that are flagged no more. The "
        "classifier's training may use the same transforms, on other texts."
    )
    columns = (
        "transform", "lang", "bad", "flagged plain", "disguised", "cost", "lost",
        "honest", "flagged plain", "disguised",
    )  # fmt: skip
    return Table("Evasion", note, columns, rows)


def points(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
