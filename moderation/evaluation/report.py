"""The whole report: `evaluate_judge` measures, `Report` holds the figures and lays them out as tables."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

from moderation.evaluation.calibration import Calibration, calibration_table, calibrations, declared_shares
from moderation.evaluation.clauses import (
    ClauseFigures,
    GroupFigures,
    clause_figures,
    clause_table,
    group_figures,
    group_tables,
)
from moderation.evaluation.fairness import gap_tables, identity_gaps, language_gaps, read_groups, trust_gaps
from moderation.evaluation.gaps import Gap
from moderation.evaluation.harmless import HarmlessFigures, harmless_figures, harmless_tables
from moderation.evaluation.heldout import HeldOutFigures, heldout_figures, heldout_tables, read_heldout
from moderation.evaluation.judged import Progress, judge_rows, message_of, review_lines
from moderation.evaluation.robustness import Robustness, robustness, robustness_table
from moderation.evaluation.speed import Speed, measured_speed, speed_table
from moderation.evaluation.tables import Table
from moderation.judging.classifier import Classifier
from moderation.judging.judge import Judge
from moderation.policy import Policy
from moderation.training.corpus import CorpusError, Row, corpus
from moderation.types import Message, Noun, Trust

MOST = 6000
"""Rows of one source that are judged at most; the first ones, which are in the order of a hash."""
TIMED = 3000
"""Messages on which the speed is measured at most."""
SAMPLE = 600
"""Bad messages, and honest ones, that are disguised per language, unless told otherwise."""


class Report(Noun):
    """What `evaluate_judge` finds: the figures of every section."""

    model: str
    policy: str
    rows: int
    clauses: tuple[ClauseFigures, ...]
    groups: tuple[GroupFigures, ...]
    harmless: tuple[HarmlessFigures, ...]
    calibration: tuple[Calibration, ...]
    robustness: tuple[Robustness, ...]
    speaker_gaps: tuple[Gap, ...]
    identity_gaps: tuple[Gap, ...]
    heldout: tuple[HeldOutFigures, ...]
    speed: Speed

    @property
    def headline(self) -> str:
        return f"{self.rows} rows, model {self.model}, policy {self.policy}"

    def tables(self) -> Iterable[Table]:
        """Every section, in the order of reading."""
        yield from group_tables(self.groups)
        yield from harmless_tables(self.harmless)
        yield clause_table(self.clauses)
        yield calibration_table(self.calibration)
        yield robustness_table(self.robustness)
        yield from gap_tables(self.speaker_gaps, self.identity_gaps)
        yield from heldout_tables(self.heldout)
        yield speed_table(self.speed)

    def markdown(self) -> str:
        """The tables under a heading, as Markdown."""
        return "\n".join([f"# How the judge judges\n\n{self.headline}\n", *(one.markdown() for one in self.tables())])


def evaluate_judge(
    data: Path,
    policy: Policy,
    classifier: Classifier,
    *,
    progress: Progress,
    also: Sequence[Path] = (),
    sample: int = SAMPLE,
    seed: int = 0,
) -> Report:
    """Judge the dev rows under `data` (the shared folder) and the files `also`; `sample` messages per language are
    disguised. Raises CorpusError for unusable data or files."""
    further = [read_heldout(path) for path in also]
    judge = Judge(policy, classifier)
    rows = bounded(corpus(data, "dev"))
    if not rows:
        raise CorpusError(f"{data}: holds no dev rows; give the folder of the shared data")
    by_trust = {trust: judge_rows(judge, rows, trust, f"judging as {trust}", progress) for trust in get_args(Trust)}
    judged, lines = by_trust["new"], review_lines(policy, "new")
    return Report(
        model=classifier.name,
        policy=f"{policy.name}@{policy.version}",
        rows=len(rows),
        clauses=tuple(clause_figures(judged, lines)),
        groups=tuple(group_figures(judged, lines)),
        harmless=tuple(harmless_figures(by_trust)),
        calibration=tuple(calibrations(judged, declared_shares(policy.clauses))),
        robustness=tuple(robustness(judge, judged, sample, seed, progress)),
        speaker_gaps=(*language_gaps(judged), *trust_gaps(by_trust)),
        identity_gaps=tuple(identity_gaps(judged, read_groups())),
        heldout=tuple(heldout_figures(judge, further, lines, progress)),
        speed=timed(judge, rows, seed, progress),
    )


def timed(judge: Judge, rows: Sequence[Row], seed: int, progress: Progress) -> Speed:
    """The speed on rows of all sources."""
    progress("timing", 0.0)
    speed = measured_speed(judge, drawn(rows, TIMED, seed))
    progress("timing", 1.0)
    return speed


def bounded(rows: Iterable[Row]) -> list[Row]:
    """At most so many rows of each source."""
    counts: Counter[str] = Counter()
    kept = []
    for row in rows:
        counts[row.source] += 1
        if counts[row.source] <= MOST:
            kept.append(row)
    return kept


def drawn(rows: Sequence[Row], most: int, seed: int) -> list[Message]:
    """Some rows of all sources as a newcomer's messages; the same seed draws the same."""
    chance = random.Random(seed)  # noqa: S311 (a sample, no secret)
    return [message_of(row.text, "new") for row in chance.sample(rows, min(most, len(rows)))]
