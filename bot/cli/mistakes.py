"""A policy against what was taken back as a mistake: what it would do again is told before it takes effect."""

from __future__ import annotations

import asyncio

from bot.app import Base, classifier
from moderation.errors import XiaoerError
from moderation.judging.judge import Judge
from moderation.policy import Policy
from moderation.policy.proof import Proof, ProofBook, prove, repeated


async def proof_of(parts: Base, policy: Policy) -> Proof:
    """What a policy makes of the decisions that were taken back in the settings' community."""
    examples = await ProofBook(parts.redis).overturned(parts.settings.community)
    if not examples:
        return Proof(0, (), ())
    return await asyncio.to_thread(lambda: prove(Judge(policy, classifier()), examples))


async def refuse_mistakes(parts: Base, live: Policy, new: Policy) -> None:
    """Raises XiaoerError for a policy that acts again on what was taken back, where the one in force does not."""
    examples = await ProofBook(parts.redis).overturned(parts.settings.community)
    if not examples:
        return
    again = await asyncio.to_thread(lambda: repeated(Judge(live, classifier()), new, examples))
    if again:
        cases = ", ".join(one.case for one in again)
        raise XiaoerError(
            f"policy version {new.version}: it would act again on {len(again)} messages whose decisions were taken "
            f"back: {cases}; look at them with `xiaoer policy proof FILE`, or set it with --anyway"
        )
