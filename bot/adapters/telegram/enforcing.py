"""Enforcement on Telegram: each deed once, within Telegram's limits, and only where it can succeed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from telegram import ChatPermissions
from telegram.error import TelegramError

from bot.adapters.memory import Memory
from bot.adapters.telegram.admins import Admins, Right
from bot.adapters.telegram.albums import Albums
from bot.adapters.telegram.faults import DELETED, PROTECTED, SUPERGROUP, Unable, meaning, says
from bot.adapters.telegram.line import Mouth
from bot.adapters.telegram.message import STAND_INS, chat_of
from bot.outbox import Priority
from moderation.types import UNDO, Enforce, Enforcement

SHORTEST_S = 60
"""Below 30 seconds Telegram restricts for ever; twice that leaves room for clocks that differ."""
LONGEST_S = 365 * 24 * 3600
"""Above 366 days Telegram restricts for ever."""
_RIGHTS: Final[dict[Enforcement, Right]] = {"delete": "can_delete_messages"}
_NONE = ChatPermissions.no_permissions()
_ALL = ChatPermissions.all_permissions()


def until(seconds: int, now: datetime) -> datetime:
    """When a timeout ends, never so near or so far that Telegram takes it for one without an end."""
    return now + timedelta(seconds=min(max(seconds, SHORTEST_S), LONGEST_S))


class Enforcing:
    """Acts on messages and members."""

    def __init__(self, mouth: Mouth, memory: Memory, admins: Admins, albums: Albums) -> None:
        self._mouth = mouth
        self._line = mouth.line
        self._memory = memory
        self._admins = admins
        self._albums = albums

    async def enforce(self, effect: Enforce) -> None:
        """Do it unless it was done. Raises Refused, and TelegramError for what nobody foresaw."""
        if await self._memory.was_done(effect.place, effect.id):
            return
        chat, _ = chat_of(effect.place.channel)
        if effect.action == "delete":
            await self._delete(effect, chat)
        elif not effect.place.private:  # nobody can be put out of a private chat
            await self._act(effect, chat)
        await self._memory.note_done(effect.place, effect.id)

    async def _delete(self, effect: Enforce, chat: int) -> None:
        """Delete a message, of an album every part; one that is gone already is deleted."""
        await self._check_rights(effect, chat)
        if not effect.message.isdigit():
            raise Unable("gone", "no message of Telegram's")
        ids = await self._albums.whole(effect.place.community, chat, int(effect.message))
        line = self._line
        one = partial(line.delete_message, chat, ids[0])
        try:
            await self._call(chat, partial(line.delete_messages, chat, ids) if len(ids) > 1 else one)
        except Unable:
            self._admins.forget(chat)
            await self._check_rights(effect, chat)  # Telegram has the same words for an old message and for no right
            raise

    async def _act(self, effect: Enforce, chat: int) -> None:
        member = int(effect.member) if effect.member.lstrip("-").isdigit() else 0
        await self._check_rights(effect, chat)
        await self._check_member(chat, member)
        line = self._line
        if member < 0:
            await self._act_on_channel(effect, chat, member)
            return
        match effect.action:
            case "timeout":
                till = until(effect.seconds, datetime.now(UTC))
                await self._restrict(chat, member, _NONE, till)
            case "mute":
                await self._restrict(chat, member, _NONE, None)
            case "untimeout" | "unmute":
                await self._restrict(chat, member, _ALL, None)
            case "ban":
                await self._call(chat, lambda: line.ban_chat_member(chat, member))
            case "unban":
                await self._call(chat, lambda: line.unban_chat_member(chat, member, only_if_banned=True))
            case "kick":
                await self._call(chat, lambda: line.ban_chat_member(chat, member))
                await self._let_back(chat, member)

    async def _act_on_channel(self, effect: Enforce, chat: int, channel: int) -> None:
        """Who speaks as a channel loses that and no more: its owner can still speak as a person. So a timeout too is
        this ban, because Telegram has none with an end for channels, and no mute."""
        line = self._line
        if effect.action in UNDO or effect.action == "kick":
            await self._call(chat, lambda: line.ban_chat_sender_chat(chat, channel))
        else:
            await self._call(chat, lambda: line.unban_chat_sender_chat(chat, channel))

    async def _restrict(self, chat: int, member: int, may: ChatPermissions, till: datetime | None) -> None:
        line = self._line
        await self._call(
            chat,
            lambda: line.restrict_chat_member(
                chat, member, may, until_date=till, use_independent_chat_permissions=True
            ),
        )

    async def _let_back(self, chat: int, member: int) -> None:
        """A kicked member may come again; in a basic group everybody who is put out may."""
        line = self._line
        try:
            await self._call(chat, lambda: line.unban_chat_member(chat, member, only_if_banned=True))
        except Unable as unable:
            if unable.mend != SUPERGROUP:
                raise

    async def _check_rights(self, effect: Enforce, chat: int) -> None:
        """Raises Unable when the bot lacks the right, without asking Telegram for a refusal."""
        staff = await self._admins.staff(chat)
        right = _RIGHTS.get(effect.action, "can_restrict_members")
        if staff.known and right not in staff.rights:
            raise Unable("rights", f"the bot lacks {right}")

    async def _check_member(self, chat: int, member: int) -> None:
        """Raises Unable for those whom nobody may touch: administrators, Telegram's own accounts, the chat itself."""
        if member == 0:
            raise Unable("gone", "no member of Telegram's")
        staff, me = await self._admins.staff(chat), (await self._line.whoami()).id
        linked = await self._admins.linked(chat) if member < 0 else 0
        if member in (*STAND_INS, *staff.tiers, linked, chat, me):
            raise Unable("rights", "an administrator, or an account of Telegram's own", PROTECTED)

    async def _call(self, chat: int, call: Callable[[], Awaitable[bool]]) -> None:
        async def attempt() -> bool:
            try:
                return await call()
            except TelegramError as fault:
                if says(fault, DELETED):
                    return True
                if isinstance(meant := meaning(fault), Unable) and meant.why == "rights":
                    self._admins.forget(chat)  # our list of rights is not theirs
                raise

        await self._mouth.call(chat, Priority.ENFORCEMENT, attempt)
