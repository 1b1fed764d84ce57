"""What a change of who is in a chat leads to: settings follow a chat to its new id, and the operator can look it up."""

from __future__ import annotations

from collections.abc import Sequence

from bot.audit import auditing
from bot.books import Books
from bot.communities import keeping
from bot.happenings import Membership
from moderation.keys import Write
from moderation.members import admin


class Presence:
    """Keeps the communities' settings true to their chats."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def changed(self, change: Membership) -> Sequence[Write]:
        """The writes of a change. Members who come and go change nothing."""
        if change.change in ("joined", "left"):
            return ()
        moved = await self._moved(change) if change.change == "moved" else await self._removed(change)
        who = admin(change.place.platform, change.member.id if change.member else change.place.channel)
        tier = change.member.tier if change.member else "member"
        what = " ".join(part for part in (change.change, change.place.channel, change.moved_to) if part)
        return [*moved, auditing(change.place.community, who, tier, what, "done", change.at)]

    async def _moved(self, change: Membership) -> list[Write]:
        """A group that became a supergroup keeps its desk and the kinds of its channels."""
        place = change.place
        community = await self._books.communities.get(place.community)
        kinds = await self._books.channels.moved(place, change.moved_to)
        if not _has_desk(community.desk, change):
            return kinds
        old, new = place.address, f"{place.platform}:{change.moved_to}"
        desk = new + community.desk.removeprefix(old)
        return [*kinds, keeping(community.model_copy(update={"desk": desk}))]

    async def _removed(self, change: Membership) -> list[Write]:
        """A chat that the bot was thrown out of is no desk any more."""
        community = await self._books.communities.get(change.place.community)
        if change.change != "bot_removed" or not _has_desk(community.desk, change):
            return []
        return [keeping(community.model_copy(update={"desk": ""}))]


def _has_desk(desk: str, change: Membership) -> bool:
    """Whether the desk is this chat or one of its topics."""
    chat = change.place.address
    return desk == chat or desk.startswith(f"{chat}/")
