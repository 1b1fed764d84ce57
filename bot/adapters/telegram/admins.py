"""Who rules in a Telegram chat: its administrators, kept for a while and read anew when one of them changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import structlog
from telegram import ChatMember, ChatMemberAdministrator, ChatMemberOwner
from telegram.error import TelegramError

from bot.adapters.telegram.line import Line
from moderation.types import Tier

KEPT_S = 600.0
RETRY_S = 30.0
"""Seconds until a list that could not be read is asked for again."""
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)
"""What python-telegram-bot raises for an answer of an unknown shape."""

Right = Literal["can_delete_messages", "can_restrict_members"]

log = structlog.get_logger()


class Staff(NamedTuple):
    """A chat's administrators. `rights` are the bot's own.

    `known` is False where Telegram did not tell: then nobody can say who may do what.
    """

    tiers: Mapping[int, Tier] = MappingProxyType({})
    rights: frozenset[str] = frozenset()
    known: bool = False


class Admins:
    """The staff of each chat, by the chat's id."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._staff: dict[int, tuple[float, Staff]] = {}
        self._linked: dict[int, tuple[float, int]] = {}
        self._asking: dict[int, asyncio.Lock] = {}

    def forget(self, chat: int) -> None:
        """Somebody's rights changed there: ask again when it matters."""
        self._staff.pop(chat, None)

    async def tier(self, chat: int, member: int) -> Tier:
        """The tier that the chat gives a member; of a channel that posts there: owner for the linked one."""
        if member < 0:
            return "owner" if member == await self.linked(chat) else "member"
        return (await self.staff(chat)).tiers.get(member, "member")

    async def linked(self, chat: int) -> int:
        """The channel whose posts come to the chat; 0 for none, or where Telegram does not tell."""
        now = asyncio.get_running_loop().time()
        until, linked = self._linked.get(chat, (0.0, 0))
        if now < until:
            return linked
        try:
            linked = (await self._line.get_chat(chat)).linked_chat_id or 0
        except (TelegramError, *MALFORMED) as fault:
            log.warning("a chat could not be asked for its channel", chat=chat, fault=type(fault).__name__)
        self._linked[chat] = (now + KEPT_S, linked)
        return linked

    async def staff(self, chat: int) -> Staff:
        """The chat's staff; of a person's own chat with the bot, none."""
        if chat > 0:
            return Staff()
        now = asyncio.get_running_loop().time()
        async with self._asking.setdefault(chat, asyncio.Lock()):
            until, staff = self._staff.get(chat, (0.0, Staff()))
            if now < until:
                return staff
            try:
                staff = await self._read(chat)
                until = now + KEPT_S
            except (TelegramError, *MALFORMED) as fault:
                log.warning("a chat's administrators could not be read", chat=chat, fault=type(fault).__name__)
                until = now + RETRY_S  # an older list still holds
            self._staff[chat] = (until, staff)
            return staff

    async def _read(self, chat: int) -> Staff:
        members = await self._line.get_chat_administrators(chat)
        me = (await self._line.whoami()).id
        rights = frozenset(right for one in members if one.user.id == me for right in _rights(one))
        return Staff({one.user.id: to_tier(one) for one in members}, rights, known=True)


def rules(member: ChatMember) -> bool:
    """Whether somebody is on the list."""
    return isinstance(member, ChatMemberOwner | ChatMemberAdministrator)


def to_tier(member: ChatMember) -> Tier:
    """What an administrator of Telegram is here: who may appoint others or change the chat is an admin, who may
    delete or ban a moderator. A mere title gives no power."""
    if isinstance(member, ChatMemberOwner):
        return "owner"
    if not isinstance(member, ChatMemberAdministrator):
        return "member"
    if member.can_promote_members or member.can_change_info:
        return "admin"
    return "moderator" if member.can_delete_messages or member.can_restrict_members else "member"


def _rights(member: ChatMember) -> list[str]:
    if not isinstance(member, ChatMemberAdministrator):
        return []
    rights: tuple[Right, ...] = ("can_delete_messages", "can_restrict_members")
    return [right for right in rights if getattr(member, right)]
