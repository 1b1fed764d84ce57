"""Which community a Telegram member's direct messages belong to, and the link that brings a member there."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis
from telegram import ChatMember, ChatMemberRestricted, User
from telegram.error import TelegramError

from bot.adapters.ears import Ears
from bot.adapters.telegram.admins import MALFORMED, Admins
from bot.adapters.telegram.line import Line
from bot.adapters.telegram.message import PLATFORM
from bot.groups.communities import CHATS
from moderation.types import TIERS, Tier

MOST_CHATS = 20
"""Chats of one community that are looked through for a member."""
_START = re.compile(r"/start(?:@\w+)? ([\w-]{1,64})", re.ASCII)
_PAYLOAD = re.compile(r"[\w-]{1,64}", re.ASCII)
_INSIDE = {ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER}


def deep_link(username: str, community: str) -> str:
    """The address that opens a chat with the bot and names the community, where its name can be part of a link."""
    start = community if _PAYLOAD.fullmatch(community) else "hello"
    return f"https://t.me/{username}?start={start}"


class Homes:
    """Where members are at home. A community's own members alone may settle in it: a link proves nothing."""

    def __init__(self, redis: Redis, ears: Ears, line: Line, admins: Admins) -> None:
        self._redis = redis
        self._ears = ears
        self._line = line
        self._admins = admins

    async def community(self, member: User, text: str) -> str:
        """The community of a direct message; `/start NAME` settles a member of that community in it."""
        if found := _START.match(text):
            await self._settle(member.id, found[1])
        return await self._ears.home(PLATFORM, str(member.id))

    async def tier(self, member: int, community: str) -> Tier:
        """The highest tier that a chat of the community gives a member."""
        tiers = [await self._admins.tier(chat, member) for chat in await self.chats(community)]
        return max(tiers, key=TIERS.index, default="member")

    async def chat_with(self, member: int, community: str) -> int | None:
        """A chat of the community that the member is in."""
        for chat in await self.chats(community):
            if await self._inside(chat, member):
                return chat
        return None

    async def chats(self, community: str) -> list[int]:
        """The community's groups on Telegram, the first MOST_CHATS."""
        rows = await cast(Awaitable[dict[str, str]], self._redis.hgetall(CHATS))
        start = f"{PLATFORM}:"
        chats = [field.removeprefix(start) for field, name in rows.items() if name == community]
        return [int(chat) for chat in sorted(chats) if re.fullmatch(r"-\d+", chat)][:MOST_CHATS]

    async def _settle(self, member: int, community: str) -> None:
        if await self.chat_with(member, community) is not None:
            await self._ears.settle(PLATFORM, str(member), community)

    async def _inside(self, chat: int, member: int) -> bool:
        try:
            found = await self._line.get_chat_member(chat, member)
        except (TelegramError, *MALFORMED):
            return False
        return found.status in _INSIDE or (isinstance(found, ChatMemberRestricted) and found.is_member)
