"""What members ask and the knowledge does not answer: hand-offs, alike ones together, the most frequent first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from rapidfuzz import fuzz

from bot.answering.questions import bare
from bot.knowledge.terms import terms
from moderation.types import Case

ALIKE = 70.0
"""Of 100, the share of words that two questions have in common when they count as one."""


class Gap(NamedTuple):
    """Questions that are alike: one of them, how often it came, the last one's time, and the case it was."""

    question: str
    times: int
    last: datetime
    case: str


def gaps(cases: Iterable[Case]) -> list[Gap]:
    """The gaps that these cases show. A question whose answer was kept as knowledge is none."""
    found: list[tuple[str, Gap]] = []
    for case in cases:
        if case.kind != "handoff" or (case.decision and case.decision.teach):
            continue
        question = " ".join(bare(case.subject.text).split())
        words = " ".join(terms(question))
        at = next((at for at, (known, _) in enumerate(found) if fuzz.token_set_ratio(words, known) >= ALIKE), None)
        if at is None:
            found.append((words, Gap(question, 1, case.opened_at, case.id)))
        else:
            known, gap = found[at]
            found[at] = known, gap._replace(times=gap.times + 1, last=max(gap.last, case.opened_at))
    return sorted((gap for _, gap in found), key=lambda gap: (-gap.times, -gap.last.timestamp()))
