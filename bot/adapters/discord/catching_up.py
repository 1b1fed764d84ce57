"""What was said while nobody listened: after a session that was not resumed, each channel is read from where it was.

Whatever comes twice by it is dropped by its key. Until a guild is read, nothing of what is heard live moves the marks:
a crash in the middle then begins again at the same place.
"""

from __future__ import annotations

import discord
import structlog

from bot.adapters.discord.door import patiently
from bot.adapters.discord.listening import Listening
from bot.adapters.discord.records import Records
from bot.adapters.discord.rights import allowed

MOST = 100
"""Messages of a channel that are read; what is older stays unread, and the operator is told."""

log = structlog.get_logger()

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


class CatchUp:
    """The client's events about messages and about being away."""

    def __init__(self, client: discord.Client, records: Records, listening: Listening) -> None:
        self._client = client
        self._records = records
        self._listening = listening
        self._behind: set[int] = set()

    async def on_message(self, message: discord.Message) -> None:
        """A new message, which marks how far its channel was heard."""
        async with self._listening.turns.of(message.channel.id):
            await self._listening.hear(message)
            if message.guild and message.guild.id not in self._behind:
                await self._mark(message.guild.id, message.channel.id, message.id)

    async def on_shard_connect(self, shard: int) -> None:
        """A new session: its guilds are behind until they are read."""
        self._behind |= {guild.id for guild in self._client.guilds if guild.shard_id == shard}

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """Discord has an outage there."""
        self._behind.add(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Read what was missed in the guild's channels and threads."""
        seen = await patiently(lambda: self._records.seen(str(guild.id)))
        rooms: list[Readable] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads]
        for channel in rooms:
            last = seen.get(str(channel.id))
            if last and channel.last_message_id and channel.last_message_id > int(last) and _may_read(channel):
                await self._read(guild, channel, int(last))
        self._behind.discard(guild.id)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """There is nothing to read any more."""
        await patiently(lambda: self._records.forget(str(channel.guild.id), str(channel.id)))

    async def on_raw_thread_delete(self, gone: discord.RawThreadDeleteEvent) -> None:
        """The same for a thread."""
        await patiently(lambda: self._records.forget(str(gone.guild_id), str(gone.thread_id)))

    async def _read(self, guild: discord.Guild, channel: Readable, last: int) -> None:
        members: dict[int, discord.Member | None] = {}
        read = 0
        try:
            async for message in channel.history(limit=MOST, after=discord.Object(last), oldest_first=True):
                await _with_roles(message, guild, members)
                await self._listening.hear(message)
                await self._mark(guild.id, channel.id, message.id)
                read += 1
        except (discord.Forbidden, discord.NotFound) as fault:
            log.warning("a channel could not be read", channel=channel.id, code=fault.code)
        if read == MOST:
            log.warning("more was missed in a channel than is read", channel=channel.id, read=MOST)

    async def _mark(self, guild: int, channel: int, message: int) -> None:
        await patiently(lambda: self._records.note_seen(str(guild), str(channel), str(message)))


def _may_read(channel: Readable) -> bool:
    may = allowed(channel)
    return may.view_channel and may.read_message_history


async def _with_roles(message: discord.Message, guild: discord.Guild, known: dict[int, discord.Member | None]) -> None:
    """Gives the message its author's roles, which Discord leaves out of a channel's history."""
    author = message.author
    if isinstance(author, discord.Member) or message.webhook_id or author.bot:
        return
    if author.id not in known:
        try:
            known[author.id] = await guild.fetch_member(author.id)
        except discord.NotFound:
            known[author.id] = None
    message.author = known[author.id] or author
