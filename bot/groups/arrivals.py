"""The bot's first word in a chat, its going, and what becomes of its rights in between, told to the desk."""

from __future__ import annotations

from typing import Protocol

import structlog
from redis.asyncio import Redis

from bot.groups.communities import Communities, Community, chat_of
from bot.groups.happenings import Membership
from bot.groups.setup_cards import button
from bot.outcome import Outcome
from bot.words import LANGS, words
from moderation.errors import XiaoerError
from moderation.keys import Write, key
from moderation.types import Place, Say

GONE_S = 24 * 3600
"""Seconds that nothing is sent to a chat that the bot was removed from. A bot that was away when it was added again
hears nothing of that, so the mark must not last; what is refused afterwards is only told."""
UNSAID = "*"
"""Stands for the guild of a place that does not say it: gone with the last guild of its community."""

log = structlog.get_logger()


class Rights(Protocol):
    """What the bot may do in a chat, as the platform says."""

    async def missing(self, place: Place) -> list[str]:
        """A line with its mend for each right that the bot needs there and has not. Raises XiaoerError."""
        ...


class Unasked:
    """Rights in a house without chat platforms: nobody can be asked."""

    async def missing(self, place: Place) -> list[str]:
        raise XiaoerError(f"no token for {place.platform} is set; set it in .env")


UNASKED: Rights = Unasked()


class Arrivals:
    """Follows the bot's coming and going, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, communities: Communities, rights: Rights) -> None:
        self._redis = redis
        self._communities = communities
        self._rights = rights

    async def happened(self, change: Membership) -> Outcome:
        """What a change of who is in a chat leads to. Members' own coming and going leads to nothing here."""
        community = await self._communities.get(change.place.community)
        match change.change:
            case "bot_added":
                return await self._added(change)
            case "bot_removed":
                return await self._removed(change, community)
            case "rights_changed":
                return await self._rights_changed(change, community)
            case "moved" | "joined" | "left":
                return Outcome("silent")

    async def _added(self, change: Membership) -> Outcome:
        """One welcome for each time that the bot is added, however often a platform tells of it."""
        place, welcomed = change.place, _welcomed(change.place)
        await self._communities.come(place.platform, chat_of(place))
        back: Write = ("DEL", _gone(place, chat_of(place)), _gone(place, UNSAID))
        if await self._redis.hexists(welcomed, chat_of(place)):
            return Outcome("silent", writes=(back,))
        text = "\n\n".join(words(lang)("setup.welcome") for lang in LANGS)
        start = button("show:lang", " / ".join(words(lang)("setup.press_start") for lang in LANGS), "good")
        said = Say(id=_id(change), place=place, text=text, kind="notice", buttons=(start,))
        return Outcome("answered", (said,), (back, ("HSET", welcomed, chat_of(place), change.at.isoformat())))

    async def _removed(self, change: Membership, community: Community) -> Outcome:
        place, chat = change.place, chat_of(change.place)
        await self._communities.leave(place.platform, chat)
        last = not await self._communities.chats(place.platform, community.name)
        marks = [chat, *([UNSAID] if last and place.platform == "discord" else [])]
        gone = [("SET", _gone(place, mark), change.at.isoformat(), "EX", str(GONE_S)) for mark in marks]
        writes: tuple[Write, ...] = (*gone, ("HDEL", _welcomed(place), chat))
        mend = "invite the bot again if this was a mistake; `xiaoer doctor` prints the link"
        log.warning("removed from a chat", platform=place.platform, chat=chat, mend=mend)
        desk = community.desk_place
        if desk is None or (desk.platform == place.platform and _mark(desk) in marks):
            return Outcome("silent", writes=writes)
        told = words(community.lang)("setup.removed", chat=_title(place, community))
        return Outcome("answered", (Say(id=_id(change), place=desk, text=told, kind="notice"),), writes)

    async def _rights_changed(self, change: Membership, community: Community) -> Outcome:
        """Told when something else is missing than was told before: platforms call many a change one of rights."""
        place, known = change.place, key(community.name, "lacking", change.place.platform)
        try:
            missing = await self._rights.missing(place)
        except XiaoerError as fault:
            log.warning("rights could not be asked for", platform=place.platform, fault=str(fault))
            return Outcome("silent")
        lacking = "\n".join(missing)
        if lacking == (await self._redis.hget(known, chat_of(place)) or ""):
            return Outcome("silent")
        first = words(community.lang)("setup.rights_changed", chat=_title(place, community))
        text = "\n".join([first, *_told(missing, community)])
        said = Say(id=_id(change), place=community.desk_place or place, text=text, kind="notice")
        kept: Write = ("HSET", known, chat_of(place), lacking) if lacking else ("HDEL", known, chat_of(place))
        return Outcome("answered", (said,), (kept,))


async def gone(redis: Redis, place: Place) -> bool:
    """Whether the bot was removed from that chat lately: what is meant for it has nobody to go to."""
    return bool(await redis.exists(_gone(place, _mark(place))))


async def rights_told(rights: Rights, place: Place, community: Community) -> list[str]:
    """Lines that tell what the bot may do in a chat, in the community's language."""
    try:
        return _told(await rights.missing(place), community)
    except XiaoerError as fault:
        return [words(community.lang)("setup.rights_unknown", fault=fault)]


def _told(missing: list[str], community: Community) -> list[str]:
    return [f"❌ {line}" for line in missing] or [words(community.lang)("setup.rights_good")]


def _title(place: Place, community: Community) -> str:
    return place.title or community.title or place.channel


def _mark(place: Place) -> str:
    """What is marked when the place is gone; an old row on Discord does not say which guild it is in."""
    return UNSAID if place.platform == "discord" and not place.home else chat_of(place)


def _gone(place: Place, chat: str) -> str:
    return key(place.community, "gone", place.platform, chat)


def _welcomed(place: Place) -> str:
    return key(place.community, "welcomed", place.platform)


def _id(change: Membership) -> str:
    place = change.place
    return f"{change.change}:{place.platform}:{place.channel}:{change.at.timestamp()}"
