"""Decisions that were taken back, as a test of a policy: what it would act on again was a mistake once already.

Each is kept as a redacted message in the stream `overturned` of its community. It is judged alone: what was said around
it is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from pydantic import ValidationError
from redis.asyncio import Redis

from moderation.judging.judge import Judge
from moderation.keys import key
from moderation.policy.backtest import placed
from moderation.policy.clauses import Policy
from moderation.types import Message, Ruling

PAGE = 256
"""Messages that are judged together."""


class Overturned(NamedTuple):
    """A case whose decision was taken back: the clause that it was decided under, and its message, redacted."""

    case: str
    clause: str
    message: Message


class Again(NamedTuple):
    """What a policy makes of such a message: to act, or to ask a person, under a clause with a score."""

    case: str
    ruling: Ruling
    clause: str
    score: float
    before: str


class Proof(NamedTuple):
    """How a policy stands: so many examples, those that it acts on again, and those that it asks a person about."""

    examples: int
    acts: tuple[Again, ...]
    reviews: tuple[Again, ...]


class ProofBook:
    """The examples of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def overturned(self, community: str) -> list[Overturned]:
        """The examples, the oldest first. Rows in a form of an earlier Xiaoer are passed over."""
        rows = await self._redis.xrange(key(community, "overturned"))
        found = (_read(fields) for _, fields in cast(list[tuple[str, dict[str, str]]], rows))
        return [one for one in found if one]


def prove(judge: Judge, examples: Sequence[Overturned]) -> Proof:
    """What the judge's policy makes of these examples."""
    found: list[Again] = []
    for start in range(0, len(examples), PAGE):
        page = examples[start : start + PAGE]
        verdicts = judge.judge_all([placed(one.message, judge.policy) for one in page])
        found += [
            Again(one.case, verdict.ruling, verdict.clause or "", verdict.score, one.clause)
            for one, verdict in zip(page, verdicts, strict=True)
        ]
    acts, reviews = (tuple(one for one in found if one.ruling is ruling) for ruling in (Ruling.ACT, Ruling.REVIEW))
    return Proof(len(examples), acts, reviews)


def repeated(live: Judge, policy: Policy, examples: Sequence[Overturned]) -> tuple[Again, ...]:
    """The mistakes that a policy would make again and the one in force would not."""
    known = {one.case for one in prove(live, examples).acts}
    return tuple(one for one in prove(live.under(policy), examples).acts if one.case not in known)


def _read(fields: dict[str, str]) -> Overturned | None:
    try:
        return Overturned(fields["case"], fields["clause"], Message.model_validate_json(fields["body"]))
    except ValidationError:
        return None
