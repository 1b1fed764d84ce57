"""An effect that a chat platform refuses for good: the moderators are told once a day, with the mend."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from redis.asyncio import Redis

from bot.groups.communities import Communities, Community
from bot.outbox import Refused
from bot.stream import saying
from bot.words import words
from moderation.keys import key
from moderation.types import Enforce, Say

DAY_S = 24 * 3600
"""Seconds in which the same refusal is told once."""

log = structlog.get_logger()


class Refusals:
    """Tells refusals of all platforms; `redis` is a client with `decode_responses=True`."""

    def __init__(self, redis: Redis, communities: Communities) -> None:
        self._redis = redis
        self._communities = communities

    async def told(self, refused: Refused, effect: Say | Enforce, mend: str = "") -> None:
        """Tell the community's desk that an effect was refused, and how to mend it.

        `mend` names words of the table, such as `refusal.telegram_delete`; empty when nothing can be mended. The same
        chat, deed and reason are told once a day. May raise the faults of `bot.stream.OUTAGE`.
        """
        place, deed = effect.place, _deed(effect)
        where = {"platform": place.platform, "chat": place.channel}
        log.warning("refused", **where, deed=deed, why=refused.why, case=effect.case)
        community = await self._communities.get(place.community)
        desk = community.desk_place
        if desk is None or desk.channel == place.channel:  # a desk that cannot be written to is in the log alone
            return
        once = key(place.community, "refused", place.platform, place.channel, deed, refused.why, mend)
        if not await self._redis.set(once, "1", nx=True, ex=DAY_S):
            return
        text = _words(refused, effect, community, mend)
        id_ = f"{once}:{datetime.now(UTC):%Y-%m-%d}"
        notice = Say(id=id_, place=desk, text=text, kind="notice", case=effect.case)
        pipe = self._redis.pipeline(transaction=False)
        pipe.execute_command(*saying(notice))
        await pipe.execute()


def _deed(effect: Say | Enforce) -> str:
    return "say" if isinstance(effect, Say) else effect.action


def _words(refused: Refused, effect: Say | Enforce, community: Community, mend: str) -> str:
    say, place = words(community.lang), effect.place
    chat = place.title or community.title or place.channel
    told = say(f"refusal.{refused.why}", deed=say(f"refusal.do_{_deed(effect)}"), chat=chat)
    case = say("refusal.case", case=effect.case) if effect.case else ""
    return " ".join(part for part in (told, say(mend) if mend else "", case) if part)
