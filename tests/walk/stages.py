"""Four stages for one script: the same people, on each platform as its people meet the bot there."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from httpx import AsyncClient
from redis.asyncio import Redis
from rich.console import Console

from bot.adapters import Adapter
from bot.adapters.telegram.line import outbox
from bot.adapters.terminal_chat import TerminalChat
from bot.adapters.web_chat import WebChat
from bot.adapters.web_events import Removed, Said, events
from bot.adapters.web_room import Room
from bot.commands import menu
from bot.groups.communities import Communities
from bot.stream import Streams
from bot.web.serving import bind
from moderation.keys import key
from moderation.policy import load
from moderation.types import Place
from tests.bot.adapters.discord import rig as discord
from tests.bot.adapters.tab import Tab
from tests.bot.adapters.telegram import rig as telegram
from tests.peers.discord import server as discord_server
from tests.peers.discord.client import STAFF
from tests.peers.telegram import people as telegram_people
from tests.peers.telegram import server as telegram_server

HOUSE = "sample"


class Stage(Protocol):
    """A channel with a seller and a crook in it. `shown` is what everybody there sees now, a message a piece."""

    community: str

    @property
    def adapter(self) -> Adapter: ...

    async def say(self, who: str, text: str) -> None: ...

    async def appeal(self, who: str, text: str) -> None: ...

    async def vote(self, who: str) -> None: ...

    async def shown(self) -> list[str]: ...

    async def may_talk(self, who: str) -> bool: ...


class TerminalStage:
    """All lines are typed at one keyboard, and what is printed stays."""

    community = HOUSE

    def __init__(self, streams: Streams) -> None:
        self._screen = io.StringIO()
        place = Place(platform="terminal", community=HOUSE, channel="help", profile="help")
        console = Console(file=self._screen, width=200)
        self.adapter = TerminalChat(streams.put, streams.vote, place, "mei", console)

    async def say(self, who: str, text: str) -> None:
        await self.adapter.hear(text)

    appeal = say

    async def vote(self, who: str) -> None:
        await self.adapter.hear("/up")

    async def shown(self) -> list[str]:
        return self._screen.getvalue().splitlines()

    async def may_talk(self, who: str) -> bool:
        return True


class WebStage:
    """Two browsers' tabs on the community page."""

    community = HOUSE

    def __init__(self, redis: Redis, streams: Streams) -> None:
        self._redis = redis
        room = Room(redis, streams.put_on, HOUSE, {"help": "help"})
        listener = bind("127.0.0.1", 0, "WEB_PORT")
        self.adapter = WebChat(room, load(), listener=listener, secret="a test's secret")
        self._tabs: dict[str, Tab] = {}

    async def _tab(self, who: str) -> Tab:
        if who not in self._tabs:
            self._tabs[who] = Tab(AsyncClient(base_url=self.adapter.address, headers={"Accept-Language": "zh"}))
            await self._tabs[who].join(who)
        return self._tabs[who]

    async def leave(self) -> None:
        for tab in self._tabs.values():
            await tab.client.aclose()

    async def say(self, who: str, text: str) -> None:
        assert (await (await self._tab(who)).post(text)).is_success

    appeal = say

    async def vote(self, who: str) -> None:
        tab = await self._tab(who)
        [ballot] = [one.ballot for one in await self._said() if one.ballot]
        form = {"csrf": await tab.csrf(), "answer": ballot, "choice": "up"}
        answer = await tab.client.post("/c/help/vote", data=form, headers={"Origin": tab.origin})
        assert answer.is_success

    async def _said(self) -> list[Said]:
        rows: Any = await self._redis.xrange(key(HOUSE, "room", "help"))
        seen = [events.validate_json(fields["event"]) for _, fields in rows]
        gone = {event.id for event in seen if isinstance(event, Removed)}
        return [event for event in seen if isinstance(event, Said) and event.id not in gone]

    async def shown(self) -> list[str]:
        return [" ".join((one.text, *(source.title for source in one.sources))) for one in await self._said()]

    async def may_talk(self, who: str) -> bool:
        return (await (await self._tab(who)).post("谢谢")).is_success


class TelegramStage:
    """A supergroup at the Bot API's peer."""

    def __init__(self, redis: Redis, streams: Streams, peer: telegram_server.TelegramServer) -> None:
        self._peer = peer
        self._people = {name: peer.person(name) for name in ("mei", "crook")}
        self._group = peer.group("卖家群")
        peer.join(self._group, *self._people.values())
        peer.add_bot(self._group)
        self.community = f"telegram-{abs(self._group.id)}"
        communities = Communities(redis, HOUSE)
        self.adapter = telegram.built(peer, redis, streams, communities, outbox(), menu=menu())

    async def say(self, who: str, text: str) -> None:
        called = f"@{self._peer.bot.username} {text}"
        self._peer.say(self._group, self._people[who], called)

    async def appeal(self, who: str, text: str) -> None:
        """In private: who was silenced cannot write in the group."""
        self._peer.start(self._people[who])
        self._peer.say(self._people[who], self._people[who], text)

    async def vote(self, who: str) -> None:
        [answer] = [post for post in self._group.shown() if any("v:" in one[1] for row in post.buttons for one in row)]
        up = answer.buttons[0][0][1]
        await self._peer.press(self._group, self._people[who], answer.id, up)

    async def shown(self) -> list[str]:
        return [post.text for post in self._group.shown()]

    async def may_talk(self, who: str) -> bool:
        try:
            self._peer.say(self._group, self._people[who], "谢谢")
        except telegram_people.NotAllowed:
            return False
        return True


class DiscordStage:
    """A server at Discord's peer."""

    def __init__(self, redis: Redis, streams: Streams, peer: discord_server.DiscordServer) -> None:
        self._peer = peer
        self._people = {name: peer.person(name) for name in ("mei", "crook")}
        self._guild = peer.guild("卖家群", peer.person("owner"))
        self._channel = peer.channel(self._guild, "help")
        for person in self._people.values():
            peer.join(self._guild, person)
        peer.add_bot(self._guild, STAFF)
        self.community = f"discord-{self._guild.id}"
        communities = Communities(redis, HOUSE)
        self.adapter = discord.built(peer, redis, streams, communities, menu())

    async def say(self, who: str, text: str) -> None:
        await until(self._channel.shown)  # the bot's welcome: Discord keeps nothing for who is not connected yet
        self._peer.say(self._channel, self._people[who], f"<@{self._peer.bot.id}> {text}")

    async def appeal(self, who: str, text: str) -> None:
        """In private: who was silenced cannot write in the server."""
        self._peer.whisper(self._people[who], text)

    async def vote(self, who: str) -> None:
        [answer] = [one for one in self._channel.shown() if "vote:up" in str(one.components)]
        await self._peer.press(answer, self._people[who], "vote:up").acknowledged()

    async def shown(self) -> list[str]:
        return self._channel.texts()

    async def may_talk(self, who: str) -> bool:
        try:
            self._peer.say(self._channel, self._people[who], "谢谢")
        except PermissionError:
            return False
        return True


@asynccontextmanager
async def stage(platform: str, redis: Redis, streams: Streams) -> AsyncIterator[Stage]:
    """The platform's stage, with its peer on a real socket."""
    match platform:
        case "terminal":
            yield TerminalStage(streams)
        case "web":
            page = WebStage(redis, streams)
            yield page
            await page.leave()
        case "telegram":
            async with telegram_server.serving(telegram_server.TelegramServer()) as peer:
                yield TelegramStage(redis, streams, peer)
        case "discord":
            async with discord_server.serving(discord_server.DiscordServer()) as server:
                server.interactions.patience_s = 60  # a busy machine is no late bot
                with discord_server.pointing(server):
                    yield DiscordStage(redis, streams, server)
        case _:
            raise AssertionError(platform)


async def until(true: Callable[[], object], within: float = 60.0) -> None:
    """Wait for something to become so; `true` may be a coroutine function. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
