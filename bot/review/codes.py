"""Another group as a community's moderators' desk: a code issued there, used in the community, agreed to there.

Both groups' admins have a say, because the desk sees what members wrote, and the group that becomes it comes under the
community's policy.
"""

from __future__ import annotations

import secrets

from redis.asyncio import Redis

from bot.groups.communities import Communities, chat_of
from moderation.types import Noun, Place

CODE_S = 15 * 60
"""Seconds that a code holds."""


class _Asked(Noun):
    """The group that a code was issued in, and the community that wants it as its desk."""

    desk: Place
    community: str = ""


class DeskCodes:
    """The codes, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, communities: Communities) -> None:
        self._redis = redis
        self._communities = communities

    async def issue(self, desk: Place) -> str:
        """A code of 8 figures and letters that names this group."""
        code = secrets.token_hex(4).upper()
        await self._keep(code, _Asked(desk=desk))
        return code

    async def redeem(self, code: str, community: str) -> Place | None:
        """The group that a code names, which is now to agree; None for one unknown, expired or used elsewhere."""
        asked = await self._get(code)
        if asked is None or asked.community not in ("", community):
            return None
        await self._keep(code, asked.model_copy(update={"community": community}))
        return asked.desk

    async def join(self, code: str, place: Place) -> bool:
        """Make the group that agrees the desk, and a part of the community. False for another group or no such code."""
        asked = await self._get(code)
        if asked is None or not asked.community or asked.desk.address != place.address:
            return False
        community = await self._communities.join(place.platform, chat_of(place), asked.community)
        await self._communities.keep(community.with_desk(place))
        return True

    async def _get(self, code: str) -> _Asked | None:
        found = await self._redis.get(_key(code))
        return _Asked.model_validate_json(found) if found else None

    async def _keep(self, code: str, asked: _Asked) -> None:
        await self._redis.set(_key(code), asked.model_dump_json(), ex=CODE_S)


def _key(code: str) -> str:
    return f"x:desk:{code}"
