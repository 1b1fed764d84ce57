"""The step that a policy's ladder proposes to who decides; it is never imposed."""

from __future__ import annotations

from moderation.policy import Policy, Rung
from moderation.types import Case


def proposed(policy: Policy, case: Case, strikes_now: int) -> Rung | None:
    """The step for the clause found, of a member with so many strikes in force for other messages.

    None where no clause was found, or the policy no longer has it; and for questions and appeals, which have no ladder.
    """
    clause = case.verdict.clause if case.verdict else None
    if case.kind != "moderation" or clause not in policy.clauses:
        return None
    return policy.rung(clause, strikes_now)
