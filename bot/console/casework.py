"""What a case's page shows beside the case: the talk around it, and the words that its member would read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.review.effects import carrying_out
from moderation.policy import Policy, Rung
from moderation.types import ENFORCING, Case, Decision, Message, Say

AROUND = 6
"""Messages shown before the subject, and after it."""


def around(case: Case, recent: Sequence[Message]) -> tuple[Sequence[Message], Sequence[Message]]:
    """What was said in the channel before the subject and after it, the oldest first.

    `recent` is what was lately said in the community; what the case itself kept goes before that.
    """
    subject = case.subject
    here = [said for said in recent if said.place.address == subject.place.address and said.key != subject.key]
    before = list(case.context) or [said for said in here if said.sent_at <= subject.sent_at][-AROUND:]
    return before, [said for said in here if said.sent_at > subject.sent_at][:AROUND]


def preview(policy: Policy, case: Case, rung: Rung | None) -> Mapping[str, str]:
    """What the member would be told about each enforcement, for the clause found; nothing where there is none."""
    if case.kind != "moderation" or rung is None or case.verdict is None:
        return {}
    told: dict[str, str] = {}
    for action in ENFORCING:
        seconds = rung.seconds if action == rung.action else 0
        decision = Decision(
            case=case.id, action=action, by="preview", reason=case.verdict.clause or "", seconds=seconds or 3600
        )
        said = [effect for effect in carrying_out(policy, case, decision) if isinstance(effect, Say)]
        told[action] = said[-1].text if said else ""
    return told
