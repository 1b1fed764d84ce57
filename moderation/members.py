"""What the community knows of a member: how long, how much, how many strikes, and what it may do."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from moderation.audit import OPERATOR, setting
from moderation.cases import strikes_key
from moderation.judging.lately import moderation_case, same_message
from moderation.keys import Write, key
from moderation.types import TIERS, Author, Message, Tier, Trust

MEMBER_AFTER = 10
"""Messages that passed before a newcomer counts as a member."""
REPORTS_PER_HOUR = 10
"""Reports of one member that are heard: more than anyone needs who is not making a game of it."""
HOUR_S = 3600
STRIKES_LAST = timedelta(days=90)
"""A strike older than this no longer counts on the action ladder."""

_RANKS: Sequence[Trust] = ("new", "member", "trusted")


class Standing(NamedTuple):
    """A member's trust, the strikes that still count against the message, and what the member may do.

    Strikes for an earlier version of that message are not among them.
    """

    trust: Trust
    strikes: int
    tier: Tier = "member"

    @property
    def admin(self) -> bool:
        """Whether the member is an admin at least."""
        return reaches(self.tier, "admin")


class MemberBook:
    """Members of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def standing(self, message: Message) -> Standing:
        """The author's standing: the better of what the platform's roles say and what the community has seen."""
        community, member = message.place.community, message.author.id
        since = (datetime.now(UTC) - STRIKES_LAST).timestamp()
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(key(community, "member", member), "passed", "trust")
        pipe.zrange(strikes_key(community, member), since, "+inf", byscore=True)
        _ask(pipe, community, message.place.platform, message.author)
        (passed, given), strikes, *ranks = await pipe.execute()
        earned: Trust = "member" if int(passed or 0) >= MEMBER_AFTER else "new"
        trust = max(message.author.trust, given or "new", earned, key=_RANKS.index)
        return Standing(trust, _counted(strikes, besides=message), _tier(message.author, *ranks))

    async def tier(self, community: str, platform: str, author: Author) -> Tier:
        """What a person may do now: the highest that the platform, its roles' mapping or an appointment gives."""
        pipe = self._redis.pipeline(transaction=False)
        _ask(pipe, community, platform, author)
        return _tier(author, *await pipe.execute())

    async def reported(self, community: str, member: str) -> int:
        """How many reports a member, named by `admin`, made within the hour."""
        return int(await self._redis.get(_reported(community, member)) or 0)

    async def appointed(self, community: str) -> dict[str, Tier]:
        """The tiers that the community gives, by what `admin` and `role` call members and roles."""
        found = cast(Awaitable[dict[str, Tier]], self._redis.hgetall(_tiers(community)))
        first = await cast(Awaitable[set[str]], self._redis.smembers(key(community, "admins")))
        return {**dict.fromkeys(sorted(first), "admin"), **await found}

    async def names(self, community: str) -> dict[str, str]:
        """What people call members and roles, as far as it was heard, by what `admin` and `role` call them."""
        return await cast(Awaitable[dict[str, str]], self._redis.hgetall(_names(community)))

    async def appoint(self, community: str, *admins: str) -> None:
        """Let these members, each named by `admin`, use the admins' commands, as the operator's settings say."""
        name = key(community, "admins")
        known = await cast(Awaitable[set[str]], self._redis.smembers(name))
        async with self._redis.pipeline(transaction=True) as pipe:
            for fresh in sorted({*admins} - known):
                pipe.sadd(name, fresh)
                pipe.execute_command(*setting(community, OPERATOR, f"tier of {fresh}: admin"))
            await pipe.execute()


def reaches(tier: Tier, needed: Tier) -> bool:
    """Whether a tier may do what `needed` may."""
    return TIERS.index(tier) >= TIERS.index(needed)


def _ask(pipe: Pipeline, community: str, platform: str, author: Author) -> None:
    """Two questions for `_tier`."""
    named = admin(platform, author.id)
    pipe.sismember(key(community, "admins"), named)
    pipe.hmget(_tiers(community), [named, *(role(platform, id_) for id_ in author.roles)])


def _tier(author: Author, is_admin: int, given: Sequence[Tier | None]) -> Tier:
    first: Tier = "admin" if is_admin else "member"
    return max(author.tier, first, *(tier for tier in given if tier), key=TIERS.index)


def counting_report(community: str, member: str) -> list[Write]:
    """The writes that count a member's report; the count begins anew after an hour."""
    name = _reported(community, member)
    return [("SET", name, "0", "EX", str(HOUR_S), "NX"), ("INCR", name)]


def _reported(community: str, member: str) -> str:
    return key(community, "reported", member)


def _names(community: str) -> str:
    return key(community, "names")


def _tiers(community: str) -> str:
    return key(community, "tiers")


def _counted(strikes: Sequence[str], *, besides: Message) -> int:
    """The strikes, each `case:count`, for other messages than this one: all versions of a message strike only once."""
    counts: dict[str, int] = {}
    for strike in strikes:
        case, _, count = strike.rpartition(":")
        name = same_message(case)
        counts[name] = max(counts.get(name, 0), int(count))
    counts.pop(moderation_case(besides.model_copy(update={"edit": 0})), None)
    return sum(counts.values())


def admin(platform: str, member: str) -> str:
    """An admin's name: who may talk on one platform is nobody on another."""
    return f"{platform}:{member}"


def role(platform: str, id_: str) -> str:
    """A platform's role, told from a member of the same number."""
    return f"{platform}:&{id_}"


def giving(community: str, name: str, tier: Tier) -> list[Write]:
    """The writes that give what `admin` or `role` names a tier; member takes back what was given."""
    given: Write = ("HDEL", _tiers(community), name) if tier == "member" else ("HSET", _tiers(community), name, tier)
    return [given, ("SREM", key(community, "admins"), name)]


def naming(community: str, names: Mapping[str, str]) -> Write:
    """The write that keeps what people call members and roles, one at least, by what `admin` and `role` call them."""
    return ("HSET", _names(community), *(part for pair in names.items() for part in pair))


def unnaming(community: str, name: str) -> Write:
    """The write that forgets what people call a member."""
    return ("HDEL", _names(community), name)


def trusting(community: str, member: str, trust: Trust) -> list[Write]:
    """The writes that give a member a trust; a new one begins again to earn it."""
    known = key(community, "member", member)
    anew: list[Write] = [("HSET", known, "passed", "0")] if trust == "new" else []
    return [("HSET", known, "trust", trust), *anew]


def passing(message: Message) -> Write:
    """The write that counts a message which broke no rule."""
    return ("HINCRBY", key(message.place.community, "member", message.author.id), "passed", "1")
