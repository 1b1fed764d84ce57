"""How well the judge judges: precision, recall and F1 per clause and language, and how often it flags harmless talk.

Measured with the whole judge (rules, classifier, policy) on the dev rows, as messages of an unknown newcomer in a
general channel: the strictest case. A clause is found when its own score reaches its `review_at`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from moderation.classifier import Classifier
from moderation.corpus import MEASURED_ONLY, Row, corpus
from moderation.judge import Judge
from moderation.policy import Policy
from moderation.types import TEXT_LENGTH, Author, Message, Noun, Place, Ruling, Trust, Verdict

BATCH = 256
MOST = 6000
"""Rows of one source that are judged at most; the first ones, which are in the order of a hash."""


class ClauseFigures(Noun):
    """One clause in one language. `positives` are the rows in which it holds, `found` those of them that were found."""

    clause: str
    lang: str
    positives: int
    found: int
    acted: int
    false: int
    judged: int

    @property
    def precision(self) -> float:
        return self.found / max(1, self.found + self.false)

    @property
    def recall(self) -> float:
        return self.found / max(1, self.positives)

    @property
    def f1(self) -> float:
        return 2 * self.found / max(1, self.positives + self.found + self.false)


class HarmlessFigures(Noun):
    """Harmless talk of one source: how many rows were sent to a person, and how many were acted upon."""

    source: str
    lang: str
    unseen: bool
    rows: int
    reviewed: int
    acted: int

    @property
    def flagged(self) -> float:
        return (self.reviewed + self.acted) / max(1, self.rows)


class HarmfulFigures(Noun):
    """Bad messages of one source and label: how many were flagged, under whatever clause."""

    source: str
    label: str
    unseen: bool
    rows: int
    flagged: int
    acted: int


class Report(Noun):
    """What `evaluate_judge` finds. `ms` is the judge's mean time per message in batches, in milliseconds."""

    model: str
    policy: str
    clauses: tuple[ClauseFigures, ...]
    harmful: tuple[HarmfulFigures, ...]
    harmless: tuple[HarmlessFigures, ...]
    ms: float

    def flag_rate(self, lang: str, *, acted: bool = False) -> float:
        """The part of all harmless talk of a language that is flagged (or, with `acted`, acted upon)."""
        mine = [figures for figures in self.harmless if figures.lang == lang]
        hits = sum(figures.acted if acted else figures.reviewed + figures.acted for figures in mine)
        return hits / max(1, sum(figures.rows for figures in mine))

    def markdown(self) -> str:
        """The figures as three tables, as they stand in docs/judge-model-card.md."""
        return "\n".join([*self._clause_table(), "", *self._harmful_table(), "", *self._harmless_table()])

    def _clause_table(self) -> Iterable[str]:
        yield "| clause | lang | positives | precision | recall | F1 | acted |"
        yield "|---|---|---|---|---|---|---|"
        for row in self.clauses:
            figures = f"{row.precision:.2f} | {row.recall:.2f} | {row.f1:.2f} | {row.acted}"
            yield f"| {row.clause} | {row.lang} | {row.positives} | {figures} |"

    def _harmful_table(self) -> Iterable[str]:
        yield "| bad messages of | label | in training | rows | flagged | acted |"
        yield "|---|---|---|---|---|---|"
        for row in self.harmful:
            rates = f"{row.flagged / row.rows:.2f} | {row.acted / row.rows:.2f}"
            yield f"| {row.source} | {row.label} | {'no' if row.unseen else 'yes'} | {row.rows} | {rates} |"

    def _harmless_table(self) -> Iterable[str]:
        yield "| harmless talk | lang | in training | rows | flagged | acted |"
        yield "|---|---|---|---|---|---|"
        for row in self.harmless:
            seen = "no" if row.unseen else "yes"
            acted = row.acted / max(1, row.rows)
            yield f"| {row.source} | {row.lang} | {seen} | {row.rows} | {row.flagged:.2%} | {acted:.2%} |"
        for lang in ("zh", "en"):
            rates = f"{self.flag_rate(lang):.2%} | {self.flag_rate(lang, acted=True):.2%}"
            yield f"| all | {lang} | | {sum(row.rows for row in self.harmless if row.lang == lang)} | {rates} |"


@dataclass(frozen=True, slots=True)
class Judged:
    row: Row
    verdict: Verdict


def evaluate_judge(data: Path, policy: Policy, classifier: Classifier, trust: Trust = "new") -> Report:
    """Judge the dev rows under `data` (the shared folder). Raises CorpusError for unusable data."""
    judge = Judge(policy, classifier)
    judged = list(judge_rows(judge, bounded(corpus(data, "dev")), trust))
    return Report(
        model=classifier.name,
        policy=f"{policy.name}@{policy.version}",
        clauses=tuple(clause_figures(judged, policy, trust)),
        harmful=tuple(harmful_figures(judged)),
        harmless=tuple(harmless_figures(judged)),
        ms=sum(item.verdict.took_ms for item in judged) / max(1, len(judged)),
    )


def bounded(rows: Iterable[Row]) -> list[Row]:
    kept: list[Row] = []
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.source] = counts.get(row.source, 0) + 1
        if counts[row.source] <= MOST:
            kept.append(row)
    return kept


def judge_rows(judge: Judge, rows: Sequence[Row], trust: Trust) -> Iterable[Judged]:
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        verdicts = judge.judge_all([message_of(row, trust) for row in batch])
        yield from map(Judged, batch, verdicts)


def message_of(row: Row, trust: Trust) -> Message:
    place = Place(platform="evaluate", community="dev", channel="general")
    return Message(id="1", place=place, author=Author(id="1", trust=trust), text=row.text[:TEXT_LENGTH])


def clause_figures(judged: Sequence[Judged], policy: Policy, trust: Trust) -> Iterable[ClauseFigures]:
    for clause in policy.clauses:
        review_at = policy.thresholds(clause, "general", trust).review_at
        for lang in ("zh", "en"):
            known = [item for item in judged if item.row.lang == lang and clause in item.row.truth]
            held = [item for item in known if item.row.truth[clause]]
            hits = [item for item in known if item.verdict.scores[clause] >= review_at]
            found = [item for item in hits if item.row.truth[clause]]
            if held:
                yield ClauseFigures(
                    clause=clause,
                    lang=lang,
                    positives=len(held),
                    found=len(found),
                    acted=sum(item.verdict.ruling is Ruling.ACT for item in held),
                    false=len(hits) - len(found),
                    judged=len(known),
                )


def harmful_figures(judged: Sequence[Judged]) -> Iterable[HarmfulFigures]:
    groups: dict[tuple[str, str], list[Judged]] = {}
    for item in judged:
        label = next((clause for clause, holds in item.row.truth.items() if holds), "")
        if label:
            groups.setdefault((item.row.source, label), []).append(item)
    for (source, label), items in sorted(groups.items()):
        rulings = [item.verdict.ruling for item in items]
        yield HarmfulFigures(
            source=source,
            label=label,
            unseen=unseen(items[0].row),
            rows=len(items),
            flagged=len(items) - rulings.count(Ruling.ALLOW),
            acted=rulings.count(Ruling.ACT),
        )


def unseen(row: Row) -> bool:
    """Whether the row's source has no part in training."""
    return row.source in MEASURED_ONLY or not row.licensed


def harmless_figures(judged: Sequence[Judged]) -> Iterable[HarmlessFigures]:
    groups: dict[tuple[str, str], list[Judged]] = {}
    for item in judged:
        if item.row.harmless and item.row.area != "own":
            groups.setdefault((item.row.lang, item.row.source), []).append(item)
    for (lang, source), items in sorted(groups.items()):
        rulings = [item.verdict.ruling for item in items]
        yield HarmlessFigures(
            source=source,
            lang=lang,
            unseen=unseen(items[0].row),
            rows=len(items),
            reviewed=rulings.count(Ruling.REVIEW),
            acted=rulings.count(Ruling.ACT),
        )
