"""What people made of the bot's drafts: from which confidence on they are sent as they stand.

In training every answer is a draft, and live each that the bot is not sure enough of. Where people send nearly all
drafts from some confidence on, the community's own questions say that answers from there on may be given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from moderation.evaluation.rates import Rate, counted
from moderation.types import Case, Decision, Reply

STEPS: Final = (0.0, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Confidences from which on drafts are counted."""
_WHY: Final = ("unsure", "training")
"""Why a draft went to a person that could have been an answer: not for its words, or because a member asked for one."""


class Drafted(NamedTuple):
    """The drafts from a confidence on: of those that were answered the share `sent` as they stand, whatever stood
    around them; `dismissed` are those that got no answer."""

    confidence: float
    sent: Rate
    dismissed: int


def drafted(decided: Sequence[Case]) -> tuple[Drafted, ...]:
    """A row for each of STEPS that a draft of these decided cases reaches."""
    drafts = [
        (case.reply.confidence, _sent(case.reply, case.decision))
        for case in decided
        if case.kind == "handoff" and case.decision and case.reply and case.reply.text and case.reply.why in _WHY
    ]
    most = max((confidence for confidence, _ in drafts), default=-1.0)
    reached = [step for step in STEPS if step <= most]
    return tuple(_from(step, [sent for confidence, sent in drafts if confidence >= step]) for step in reached)


def _sent(reply: Reply, decision: Decision) -> bool | None:
    """Whether the draft stands in the answer; white space does not count. None for a case that got no answer."""
    if decision.action != "answer":
        return None
    draft, answer = (" ".join(text.split()) for text in (reply.text, decision.text))
    return draft in answer


def _from(step: float, sent: Sequence[bool | None]) -> Drafted:
    return Drafted(step, counted(one for one in sent if one is not None), sent.count(None))
