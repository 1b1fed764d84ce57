"""Who comes and goes on Telegram: the bot, members, and a group that becomes a supergroup."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
import telegram
from telegram import ChatMember, ChatMemberRestricted, ChatMemberUpdated
from telegram.constants import ChatType

from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.telegram.admins import Admins
from bot.adapters.telegram.line import Line
from bot.adapters.telegram.message import PLATFORM, member, to_place
from bot.groups.communities import NotWelcome
from bot.groups.happenings import Change, Membership
from moderation.types import Place

_INSIDE = {ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER}

log = structlog.get_logger()


class Comings:
    """Tells the house each change once. A request to join is none: who is let in has joined."""

    def __init__(self, ears: Ears, memory: Memory, admins: Admins, line: Line) -> None:
        self._ears = ears
        self._memory = memory
        self._admins = admins
        self._line = line

    async def changed(self, change: ChatMemberUpdated, community: str, *, about_me: bool) -> None:
        """A member's standing changed, or the bot's own: then the member told of is who changed it.

        In private it is only that a member blocks the bot, which the next attempt to write shows too.
        """
        if change.chat.type == ChatType.PRIVATE:
            return
        was, now = _inside(change.old_chat_member), _inside(change.new_chat_member)
        told = _about_me(was, now) if about_me else _about_member(was, now)
        if told:
            place = to_place(change.chat, community)
            who = change.from_user if about_me else change.new_chat_member.user
            await self._tell(place, told, who, change.date)

    async def announced(self, message: telegram.Message, community: str) -> bool:
        """Whether it is the service message of somebody coming or going.

        A bot that is an administrator is told by `changed`; a plain member hears of it only here.
        """
        came, left = message.new_chat_members, message.left_chat_member
        if not came and not left:
            return False
        place, me = to_place(message.chat, community), await self._line.whoami()
        staff = await self._admins.staff(message.chat.id)
        if me.id not in staff.tiers:
            for user in came:
                if user.id != me.id:
                    await self._tell(place, "joined", user, message.date)
            if left and left.id != me.id:
                await self._tell(place, "left", left, message.date)
        return True

    async def moved(self, message: telegram.Message) -> bool:
        """Whether it is the service message, in the old or in the new chat, of a group that got a new id."""
        old = message.migrate_from_chat_id or (message.chat.id if message.migrate_to_chat_id else None)
        new = message.migrate_to_chat_id or message.chat.id
        if old is None:
            return False
        await self.move(old, new, message.chat.title or "")
        return True

    async def move(self, old: int, new: int, title: str = "") -> None:
        """A group has a new id, and stays in its community."""
        try:
            community = await self._ears.community(PLATFORM, str(old), title)
        except NotWelcome as fault:
            log.warning("a chat moved that is not to be served", fault=str(fault))
            return
        place = Place(platform=PLATFORM, community=community.name, channel=str(old), title=title, home=str(old))
        await self._once(
            f"moved:{old}:{new}", Membership(place=place, change="moved", moved_to=str(new), at=datetime.now(UTC))
        )

    async def _tell(self, place: Place, change: Change, user: telegram.User, at: datetime) -> None:
        told = Membership(place=place, change=change, member=member(user), at=at)
        await self._once(f"{change}:{place.channel}:{user.id}:{int(at.timestamp())}", told)

    async def _once(self, name: str, told: Membership) -> None:
        if not await self._memory.was_done(told.place, name):
            await self._ears.membership(told)
            await self._memory.note_done(told.place, name)


def _inside(standing: ChatMember) -> bool:
    if isinstance(standing, ChatMemberRestricted):
        return standing.is_member
    return standing.status in _INSIDE


def _about_me(was: bool, now: bool) -> Change | None:
    if was and now:
        return "rights_changed"
    return "bot_added" if now else "bot_removed" if was else None


def _about_member(was: bool, now: bool) -> Change | None:
    if was == now:
        return None
    return "joined" if now else "left"
