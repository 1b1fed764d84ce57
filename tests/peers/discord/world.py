"""The Discord peer's state: who is where, what they may, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.clock import Clock, Snowflakes
from tests.peers.discord.gateway import Gateway
from tests.peers.discord.nouns import Channel, Guild, Kind, Message, Person
from tests.peers.discord.rights import EVERYTHING, Right, rights
from tests.peers.discord.session import PRIVILEGED, Intent

TOKEN = "MTI3.peer.discord-bot-token"

FLAGS = {Intent.PRESENCES: 1 << 13, Intent.MEMBERS: 1 << 15, Intent.CONTENT: 1 << 19}
"""The application's flag of a privileged intent that is switched on, for a bot in fewer than 100 guilds."""


@dataclass
class Application:
    """The bot's page at Discord: `privileged` are the intents that its owner switched on there."""

    id: str
    name: str = "xiaoer"
    privileged: Intent = PRIVILEGED
    public: bool = True

    @property
    def flags(self) -> int:
        return sum(flag for intent, flag in FLAGS.items() if intent in self.privileged)


@dataclass
class Command:
    """One command as it was put, with Discord's id; `guild` is None for a global one."""

    id: str
    guild: str | None
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def kind(self) -> int:
        """1 slash, 2 on a person, 3 on a message."""
        return int(self.body.get("type", 1))


class World:
    """People, guilds and channels by id. `commands` are the bot's, global ones and those of single guilds.

    `files` holds attached files (media type, content), served under the address `cdn`.
    """

    def __init__(self, heartbeat_s: float = 41.25, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.ids = Snowflakes(self.clock)
        self.token = TOKEN
        self.application = Application(self.ids.next())
        self.bot = Person(self.application.id, "Xiaoer", bot=True)
        self.people: dict[str, Person] = {self.bot.id: self.bot}
        self.guilds: dict[str, Guild] = {}
        self.dms: dict[str, Channel] = {}
        self.commands: list[Command] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.cdn = ""
        self.gateway = Gateway(self, heartbeat_s)

    # what is so

    def bot_guilds(self) -> list[Guild]:
        return [guild for guild in self.guilds.values() if self.bot.id in guild.members]

    def find(self, channel: str) -> Channel | None:
        """The channel, thread or private chat of that id."""
        for guild in self.guilds.values():
            if channel in guild.channels:
                return guild.channels[channel]
        return self.dms.get(channel)

    def message(self, message: str) -> Message:
        """The message of that id, wherever it is. Raises KeyError if it is gone."""
        every = [one for guild in self.guilds.values() for one in guild.channels.values()]
        for channel in [*every, *self.dms.values()]:
            if message in channel.messages:
                return channel.messages[message]
        raise KeyError(message)

    def rights_of(self, person: Person, channel: Channel) -> Right:
        """In a private chat everything is allowed to both, elsewhere only to members."""
        if channel.guild is None:
            return EVERYTHING
        member = channel.guild.members.get(person.id)
        return rights(channel.guild, member, channel, self.clock.now()) if member else Right(0)

    def bot_rights(self, guild: Guild) -> Right:
        """Those that hold in the whole guild."""
        return rights(guild, guild.members[self.bot.id], None, self.clock.now())

    def bot_sees(self, channel: Channel) -> bool:
        """Whether the bot reads along; a private thread only if it is in it or may manage threads."""
        may = self.rights_of(self.bot, channel)
        if channel.kind is Kind.PRIVATE_THREAD and self.bot.id not in channel.joined:
            return Right.MANAGE_THREADS in may
        return Right.VIEW_CHANNEL in may

    # telling

    def told(self, message: Message) -> dict[str, Any]:
        """A message as REST gives it."""
        return payloads.message(message, self.bot.id, self.people)

    def told_live(self, message: Message) -> dict[str, Any]:
        """A message as the gateway gives it: with its guild and its author's membership."""
        guild = message.channel.guild
        if guild is None:
            return self.told(message)
        author = guild.members.get(message.author.id)
        told = {**self.told(message), "guild_id": guild.id}
        return {**told, "member": payloads.member(author, with_user=False)} if author else told

    def where(self, channel: Channel) -> dict[str, str]:
        """The ids of a channel and its guild, as most events carry them."""
        guild = {"guild_id": channel.guild.id} if channel.guild else {}
        return {"channel_id": channel.id, **guild}

    def announce(self, event: str, payload: dict[str, Any], channel: Channel) -> None:
        """Tells what happened in a channel."""
        self.gateway.dispatch(event, payload, channel.guild, channel)

    def announce_in(self, event: str, payload: dict[str, Any], guild: Guild) -> None:
        """Tells what happened in a guild."""
        self.gateway.dispatch(event, {"guild_id": guild.id, **payload}, guild)
