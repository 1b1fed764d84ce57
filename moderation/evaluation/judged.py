"""Rows with their verdicts: what every section counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from moderation.judging.judge import Judge
from moderation.policy import Policy
from moderation.training.corpus import MEASURED_ONLY, Row
from moderation.types import TEXT_LENGTH, Author, Message, Place, Ruling, Trust, Verdict

BATCH = 256
LANGS = ("zh", "en")
Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is done, from 0 to 1."""
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and what the judge made of it."""

    row: Row
    verdict: Verdict

    @property
    def flagged(self) -> bool:
        return self.verdict.ruling is not Ruling.ALLOW

    @property
    def acted(self) -> bool:
        return self.verdict.ruling is Ruling.ACT


def judge_rows(judge: Judge, rows: Sequence[Row], trust: Trust, step: str, progress: Progress) -> list[Judged]:
    """Every row judged as a message of an author of this trust in a general channel."""
    judged: list[Judged] = []
    for at in range(0, len(rows), BATCH):
        progress(step, at / len(rows))
        batch = rows[at : at + BATCH]
        judged += map(Judged, batch, judge.judge_all([message_of(row.text, trust) for row in batch]))
    progress(step, 1.0)
    return judged


def message_of(text: str, trust: Trust) -> Message:
    """The text as a message; what no platform lets a member send is cut."""
    place = Place(platform="evaluate", community="dev", channel="general")
    return Message(id="1", place=place, author=Author(id="1", trust=trust), text=text[:TEXT_LENGTH])


def grouped(items: Iterable[Judged], key: Callable[[Judged], Key]) -> dict[Key, list[Judged]]:
    """The items by their key, each in their order."""
    groups: defaultdict[Key, list[Judged]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def review_lines(policy: Policy, trust: Trust) -> Mapping[str, float]:
    """The score from which on each clause is found."""
    return {clause: policy.thresholds(clause, "general", trust).review_at for clause in policy.clauses}


def bad(row: Row) -> bool:
    """Whether some clause is known to hold."""
    return any(row.truth.values())


def unseen(row: Row) -> bool:
    """Whether the row's source has no part in training."""
    return row.source in MEASURED_ONLY or not row.licensed


def seen_shown(is_unseen: bool) -> str:
    """The cell of the column "in training"."""
    return "no" if is_unseen else "yes"
