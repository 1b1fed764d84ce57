"""What a change of who is in a chat leads to: settings follow a chat to its new id, and the operator can look it up."""

from __future__ import annotations

from collections.abc import Sequence

from bot.books import Books
from bot.groups.communities import chat_of, keeping
from bot.groups.happenings import Membership
from moderation.audit import setting
from moderation.keys import Write
from moderation.members import admin
from moderation.types import Place


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
        return [*moved, setting(change.place.community, who, what, tier=tier, at=change.at)]

    async def _moved(self, change: Membership) -> list[Write]:
        """A group that became a supergroup keeps its desk and the kinds of its channels."""
        place = change.place
        community = await self._books.communities.get(place.community)
        kinds = await self._books.channels.moved(place, change.moved_to)
        desk = community.desk_place
        if desk is None or not _is_in(desk, change):
            return kinds
        channel = change.moved_to + desk.channel.removeprefix(place.channel)
        moved = desk.model_copy(update={"channel": channel, "home": change.moved_to})
        return [*kinds, keeping(community.with_desk(moved))]

    async def _removed(self, change: Membership) -> list[Write]:
        """A chat or a guild that the bot was thrown out of has no desk any more."""
        community = await self._books.communities.get(change.place.community)
        desk = community.desk_place
        if change.change != "bot_removed" or desk is None or not await self._went(desk, change):
            return []
        return [keeping(community.with_desk(None))]

    async def _went(self, desk: Place, change: Membership) -> bool:
        """Whether the desk went with the chat; one on Discord that does not say its guild went with the last."""
        if _is_in(desk, change) or desk.home or (desk.platform, change.place.platform) != ("discord", "discord"):
            return _is_in(desk, change)
        return not await self._books.communities.chats("discord", change.place.community)


def _is_in(desk: Place, change: Membership) -> bool:
    """Whether the desk lies in the chat of the change."""
    return (desk.platform, chat_of(desk)) == (change.place.platform, chat_of(change.place))
