"""What is heard in Discord's channels, put onto the house's streams, in order within each channel."""

from __future__ import annotations

import hashlib

import discord
import structlog

from bot.adapters.discord.door import Door, Turns, patiently
from bot.adapters.discord.message import (
    Channel,
    Person,
    blocked,
    files,
    is_blind,
    is_edit,
    to_message,
)
from bot.adapters.discord.pictures import Pictures
from bot.adapters.discord.records import Records
from bot.adapters.ears import Ears

AUTOMOD_S = 60
"""Seconds in which AutoMod's events about the same words are one execution: it sends one for each of its actions."""
BLIND_S = 3600

log = structlog.get_logger()


class Listening:
    """The client's events about messages. Each runs as a task of its own; `turns` keep each channel's order."""

    def __init__(
        self,
        client: discord.Client,
        ears: Ears,
        records: Records,
        door: Door,
        commands: frozenset[str],
    ) -> None:
        self._client = client
        self._ears = ears
        self._records = records
        self._commands = commands
        self._door = door
        self._pictures = Pictures()
        self.turns = Turns()

    async def on_raw_message_edit(self, update: discord.RawMessageUpdateEvent) -> None:
        """New words in a message, however old it is."""
        if is_edit(update):
            async with self.turns.of(update.channel_id):
                await self.hear(update.message)

    async def hear(self, message: discord.Message) -> None:
        """Put a message on its stream; a second delivery of the same changes nothing."""
        me = self._client.user
        if me is None or message.author.id == me.id:
            return
        if is_blind(message):
            await self._blind(message)
            return
        place = await self._door.place(await self._whole(message), message.guild, message.author.id)
        found = to_message(message, place, me, self._commands) if place else None
        if found is None:
            return
        if message.attachments or message.message_snapshots:
            found = found.model_copy(update={"attachments": await self._pictures.read(files(message))})
        if found.text.startswith("/") and not found.place.private:
            await patiently(lambda: self._records.note_typed(found.place.channel, found.id))
        await patiently(lambda: self._ears.message(found))

    async def _whole(self, message: discord.Message) -> Channel:
        """The channel with its name and parent: a thread that was archived is not among those that Discord told."""
        channel = message.channel
        if not isinstance(channel, discord.PartialMessageable) or message.guild is None:
            return channel
        try:
            return await message.guild.fetch_channel(channel.id)
        except discord.HTTPException:
            return channel

    async def _blind(self, message: discord.Message) -> None:
        if await patiently(lambda: self._records.once("blind", BLIND_S)):
            mend = "switch Message Content Intent on: the developer portal, your application, Bot"
            log.error("messages come without their content and are not judged", channel=message.channel.id, mend=mend)

    async def on_raw_message_delete(self, gone: discord.RawMessageDeleteEvent) -> None:
        """A message is gone: nobody answers it any more."""
        await self._withdraw(gone.channel_id, [gone.message_id])

    async def on_raw_bulk_message_delete(self, gone: discord.RawBulkMessageDeleteEvent) -> None:
        """Many at once."""
        await self._withdraw(gone.channel_id, sorted(gone.message_ids))

    async def _withdraw(self, channel: int, messages: list[int]) -> None:
        for message in messages:
            await patiently(lambda id_=message: self._records.note_withdrawn(str(channel), str(id_)))  # type: ignore[misc]

    async def on_automod_action(self, action: discord.AutoModAction) -> None:
        """Words that Discord's AutoMod blocked. Those that it only reports come as a message too."""
        guild, channel = self._client.get_guild(action.guild_id), action.channel
        if action.message_id or guild is None or channel is None or not (action.content or action.matched_content):
            return
        told = f"{action.user_id} {action.channel_id} {action.content or action.matched_content}"
        digest = hashlib.blake2b(told.encode(), digest_size=10).hexdigest()
        if not await patiently(lambda: self._records.once(f"automod:{action.guild_id}:{digest}", AUTOMOD_S)):
            return
        place = await self._door.place(channel, guild, action.user_id)
        if place:
            member = await self._who(guild, action.user_id)
            found = blocked(action, place, member, f"{digest}-{int(discord.utils.utcnow().timestamp())}")
            await patiently(lambda: self._ears.message(found))

    async def _who(self, guild: discord.Guild, member: int) -> Person:
        try:
            return guild.get_member(member) or await guild.fetch_member(member)
        except discord.NotFound:
            return await self._client.fetch_user(member)
