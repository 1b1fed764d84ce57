"""The case book: doubts laid before people, and every enforcement on record.

Opening a case returns writes, which the stream performs together with the message's acknowledgement. Claiming and
deciding are one atomic script each, because people race: one decision wins, a later one is told who decided. Time is
the Redis server's, so that moderators on many machines share one clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple, cast

from redis.asyncio import Redis

from moderation.cases.faults import NoSuchCase, OwnDecision, Settled, Taken
from moderation.cases.writes import cards_key, strikes_key
from moderation.keys import key
from moderation.types import Case, Decision, Remark

LEASE_S = 300
"""Seconds that a claim holds without a sign of life; afterwards the case is free again."""


class Counts(NamedTuple):
    """How many cases wait (`open`, of these `handoffs`) and how many are settled."""

    open: int
    handoffs: int
    settled: int


class CaseBook:
    """The cases of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, *, lease_s: float = LEASE_S) -> None:
        scripts = files("moderation") / "scripts"
        self._redis = redis
        self._lease_ms = int(lease_s * 1000)
        self._claim = redis.register_script((scripts / "claim.lua").read_text("utf-8"))
        self._release = redis.register_script((scripts / "release.lua").read_text("utf-8"))
        self._decide = redis.register_script((scripts / "decide.lua").read_text("utf-8"))

    async def get(self, community: str, case: str) -> Case | None:
        """The case as it stands now, or None."""
        fields = await cast(Awaitable[dict[str, str]], self._redis.hgetall(key(community, "case", case)))
        return _read(fields) if fields else None

    async def queue(self, community: str, limit: int = 50) -> list[Case]:
        """Open cases, the most urgent first."""
        ids = await self._redis.zrange(key(community, "queue"), 0, limit - 1)
        return await self._many(community, cast(list[str], ids))

    async def recent(self, community: str, limit: int = 50) -> list[Case]:
        """Settled cases, the latest decision first."""
        ids = await self._redis.zrange(key(community, "settled"), 0, limit - 1, desc=True)
        return await self._many(community, cast(list[str], ids))

    async def counts(self, community: str) -> Counts:
        """How much waits and how much is done."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zcard(key(community, "queue"))
        pipe.scard(key(community, "handoffs"))
        pipe.zcard(key(community, "settled"))
        return Counts(*await pipe.execute())

    async def claim(self, community: str, case: str, by: str) -> Case:
        """Take a case, or renew one's hold of it. Raises NoSuchCase, Taken or Settled."""
        keys = [key(community, "case", case), cards_key(community)]
        _refuse(case, await self._claim(keys=keys, args=[by, self._lease_ms, key(community, "changed"), case]))
        return await self._present(community, case)

    async def release(self, community: str, case: str, by: str) -> None:
        """Give a case back; nothing happens when somebody else holds it."""
        keys = [key(community, "case", case), cards_key(community)]
        await self._release(keys=keys, args=[by, key(community, "changed"), case])

    async def decide(self, community: str, decision: Decision) -> Case:
        """Settle a case and put the decision on its stream, in one step. The same decision again changes nothing.

        Raises NoSuchCase, Taken or Settled, and OwnDecision for an appeal against one's own.
        """
        case = await self._present(community, decision.case)
        names = (key(community, "queue"), key(community, "settled"), key(community, "handoffs"))
        keys = [
            key(community, "case", case.id),
            *names,
            strikes_key(community, case.subject.author.id),
            key(community, "decisions", "0"),
            cards_key(community),
        ]
        if case.decision == decision:
            return case
        await self._check_other(case, decision)
        told = (decision.model_dump_json(), case.id, str(decision.strikes), case.subject.place.channel)
        _refuse(case.id, await self._decide(keys=keys, args=[decision.by, *told, key(community, "changed")]))
        return await self._present(community, case.id)

    async def changes(self, community: str) -> AsyncIterator[str]:
        """The names of cases as they change, live, until the caller stops iterating."""
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(key(community, "changed"))
            async for notice in subscription.listen():
                if notice["type"] == "message":
                    yield notice["data"]

    async def _check_other(self, case: Case, decision: Decision) -> None:
        """Raises OwnDecision where a moderator would decide about the own decision."""
        first = await self.get(case.community, case.of) if case.of else None
        if first and first.decision and first.decision.by == decision.by:
            raise OwnDecision(case.id)

    async def _present(self, community: str, case: str) -> Case:
        found = await self.get(community, case)
        if found is None:
            raise NoSuchCase(case)
        return found

    async def _many(self, community: str, ids: Sequence[str]) -> list[Case]:
        pipe = self._redis.pipeline(transaction=False)
        for id_ in ids:
            pipe.hgetall(key(community, "case", id_))
        return [_read(fields) for fields in await pipe.execute() if fields]


def _read(fields: dict[str, str]) -> Case:
    """A case from its hash: the body as opened, and what changed since."""
    decision, until = fields.get("decision"), float(fields.get("claimed_until") or 0) / 1000
    reversal, remarks = fields.get("reversal"), [text for name, text in fields.items() if name.startswith("remark:")]
    held = fields["state"] == "open" and until > datetime.now(UTC).timestamp()
    return Case.model_validate_json(fields["body"]).model_copy(
        update={
            "state": fields["state"],
            "decision": Decision.model_validate_json(decision) if decision else None,
            "claimed_by": fields.get("claimed_by", "") if held else "",
            "claimed_until": datetime.fromtimestamp(until, UTC) if held else None,
            "reversal": Decision.model_validate_json(reversal) if reversal else None,
            "reporters": tuple(name.partition(":")[2] for name in fields if name.startswith("report:")),
            "remarks": tuple(sorted(map(Remark.model_validate_json, remarks), key=lambda remark: remark.at)),
        }
    )


def _refuse(case: str, answer: Sequence[str]) -> None:
    """Raise what a script found in the way: `["ok"]`, `["missing"]`, `["taken", holder]`, `["settled", decision]`."""
    match answer:
        case ["missing"]:
            raise NoSuchCase(case)
        case ["taken", holder]:
            raise Taken(case, holder)
        case ["settled", decision]:
            raise Settled(case, Decision.model_validate_json(decision))
