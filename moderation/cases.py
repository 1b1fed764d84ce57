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

from moderation.comparison import example
from moderation.errors import XiaoerError
from moderation.keys import Write, key
from moderation.types import Case, Decision, Remark

LEASE_S = 300
"""Seconds that a claim holds without a sign of life; afterwards the case is free again."""

OVERTURNED_KEPT = 1000
"""Messages whose case was overturned that are kept as examples."""

HANDOFF_SEVERITY = 2
"""Where a question waits among the clauses' severities, which run from 1 to 5 (most urgent)."""


class CaseError(XiaoerError):
    """A case that cannot be worked as asked."""


class NoSuchCase(CaseError):  # noqa: N818 - reads as what it tells a moderator
    """There is no such case in this community."""

    def __init__(self, case: str) -> None:
        super().__init__(f"case {case}: there is none of this name; look at the queue")


class Taken(CaseError):  # noqa: N818
    """Another moderator works on it."""

    def __init__(self, case: str, holder: str) -> None:
        super().__init__(f"case {case}: {holder} is working on it; wait, or ask them to release it")
        self.holder = holder


class Settled(CaseError):  # noqa: N818
    """It is decided already."""

    def __init__(self, case: str, decision: Decision) -> None:
        super().__init__(f"case {case}: {decision.by_name or decision.by} has decided already: {decision.action}")
        self.decision = decision


class OwnDecision(CaseError):  # noqa: N818
    """An appeal against a decision of the very moderator who would decide it."""

    def __init__(self, case: str) -> None:
        super().__init__(f"case {case}: who made the first decision cannot decide the appeal; ask another moderator")


class Counts(NamedTuple):
    """How many cases wait (`open`, of these `handoffs`) and how many are settled."""

    open: int
    handoffs: int
    settled: int


def opening(case: Case, severity: int = HANDOFF_SEVERITY) -> list[Write]:
    """The writes that open a case for people: the most severe first, the oldest first among equals."""
    community = case.community
    urgency = case.opened_at.timestamp() - severity * 1e10
    writes: list[Write] = [
        ("HSET", key(community, "case", case.id), "body", case.model_dump_json(), "state", "open"),
        ("ZADD", key(community, "queue"), str(urgency), case.id),
    ]
    if case.kind == "handoff":
        writes.append(("SADD", key(community, "handoffs"), case.id))
    return [*writes, *changing(community, case.id)]


def settling(case: Case, decision: Decision) -> list[Write]:
    """The writes that put a case on record which the policy has settled at once."""
    community, at = case.community, decision.at.timestamp()
    decided = ("decision", decision.model_dump_json())
    writes: list[Write] = [
        ("HSET", key(community, "case", case.id), "body", case.model_dump_json(), "state", "settled", *decided),
        ("ZADD", key(community, "settled"), str(at), case.id),
    ]
    if decision.strikes:
        strikes = strikes_key(community, case.subject.author.id)
        writes.append(("ZADD", strikes, str(at), f"{case.id}:{decision.strikes}"))
    return [*writes, _told(community, case.id)]


def strikes_key(community: str, member: str) -> str:
    """Where a member's strikes are kept: a sorted set of `case:count` by the time of the decision."""
    return key(community, "strikes", member)


def reversing(case: Case, reversal: Decision) -> list[Write]:
    """The writes that take a settled case's decision back: the strike goes, and the message is kept as an example.

    The first reversal stays on record. Nothing for a case that was reversed before, or never settled.
    """
    community, decision = case.community, case.decision
    if decision is None or case.reversal:
        return []
    strike = f"{case.id}:{decision.strikes}"
    found = ("case", case.id, "clause", decision.reason, "body", example(case.subject).model_dump_json())
    kept = ("MAXLEN", "=", str(OVERTURNED_KEPT))
    return [
        ("HSETNX", key(community, "case", case.id), "reversal", reversal.model_dump_json()),
        ("ZREM", strikes_key(community, case.subject.author.id), strike),
        ("XADD", key(community, "overturned"), *kept, "*", *found),
        *changing(community, case.id),
    ]


def reporting(community: str, case: str, member: str) -> Write:
    """The write that counts a member, named `platform:member`, among those who reported a case's message."""
    return ("HSET", key(community, "case", case), f"report:{member}", "1")


def remarking(community: str, case: str, remark: Remark) -> list[Write]:
    """The writes that put a moderator's remark on a case."""
    field = f"remark:{remark.by}:{remark.at.timestamp()}"
    return [("HSET", key(community, "case", case), field, remark.model_dump_json()), *changing(community, case)]


def changing(community: str, case: str) -> list[Write]:
    """The writes that tell of a change: to who looks at the console now, and to who keeps the moderators' cards."""
    return [_told(community, case), ("XADD", _cards(community), "*", "order", case, "body", case)]


def _told(community: str, case: str) -> Write:
    return ("PUBLISH", key(community, "changed"), case)


def _cards(community: str) -> str:
    """The stream of cases whose cards are to be brought up to date."""
    return key(community, "cards", "0")


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
        keys = [key(community, "case", case), _cards(community)]
        _refuse(case, await self._claim(keys=keys, args=[by, self._lease_ms, key(community, "changed"), case]))
        return await self._present(community, case)

    async def release(self, community: str, case: str, by: str) -> None:
        """Give a case back; nothing happens when somebody else holds it."""
        keys = [key(community, "case", case), _cards(community)]
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
            _cards(community),
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
