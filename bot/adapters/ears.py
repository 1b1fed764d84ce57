"""What an adapter does with what it hears: puts it onto the house's streams, and asks which community it belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from bot.groups.communities import Communities, Community
from bot.groups.happenings import Membership, Press
from bot.stream import Streams, happening, pressing
from moderation.members import naming, role
from moderation.types import Message, Vote


class Ears:
    """The house, as an adapter of a chat platform sees it. Every call may raise the faults of `bot.stream.OUTAGE`."""

    def __init__(self, streams: Streams, communities: Communities) -> None:
        self._streams = streams
        self._communities = communities

    async def community(self, platform: str, chat: str, title: str) -> Community:
        """The community of a Telegram chat or a Discord guild, in training at first sight. Raises NotWelcome."""
        return await self._communities.of_chat(platform, chat, title)

    async def home(self, platform: str, member: str) -> str:
        """The community that a direct message of this member belongs to."""
        return await self._communities.home(platform, member)

    async def settle(self, platform: str, member: str, community: str) -> None:
        """Have a member's direct messages belong to a community: the one its deep link names."""
        await self._communities.seen(platform, member, community)

    async def message(self, message: Message) -> bool:
        """Put a message on its stream; False for a delivery seen before."""
        if not message.place.private:
            await self._communities.seen(message.place.platform, message.author.id, message.place.community)
        return await self._streams.put(message)

    async def roles(self, platform: str, community: str, names: Mapping[str, str]) -> None:
        """Remember what a platform calls its roles, by their ids."""
        await self._streams.write(naming(community, {role(platform, id_): name for id_, name in names.items()}))

    async def vote(self, vote: Vote) -> None:
        """Put a vote on its stream."""
        await self._streams.vote(vote)

    async def press(self, press: Press) -> None:
        """Put a pressed button on its stream."""
        await self._streams.write(pressing(press))

    async def membership(self, change: Membership) -> None:
        """Put a change of who is in a chat on its stream; a chat's new id holds from now on."""
        if change.change == "moved":
            await self._communities.move(change.place.platform, change.place.channel, change.moved_to)
        await self._streams.write(happening(change))
