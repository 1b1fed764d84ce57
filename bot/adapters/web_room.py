"""The web chat's room: a small chat platform of its own, kept in Redis.

Each channel is a stream of events. A member's post writes its event and puts the message on the house's stream in one
transaction; an effect is performed once, however often it is delivered. A removed message's text leaves the stream.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import NamedTuple, cast

import structlog
from pydantic import AwareDatetime
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from bot.adapters.web_events import Event, Removed, Said, Source, events
from bot.adapters.web_picture import Picture, Shown
from bot.answering.feedback import KEPT as VOTABLE
from bot.answering.feedback import FeedbackBook
from bot.stream import OUTAGE, voting
from moderation.errors import XiaoerError
from moderation.keys import key
from moderation.types import UNDO, Choice, Enforce, Message, Noun, Profile, Say, Vote

PLATFORM = "web"
KEPT = 1000
"""Events of a channel that are kept, about."""
SHOWN = 200
"""Events that a page shows when it opens."""
DONE_S = 7 * 24 * 3600
"""Seconds that a performed effect or post is remembered: longer than any redelivery."""
PICTURE_S = 7 * 24 * 3600
"""Seconds that a picture is kept."""
PICTURES = 200
"""Pictures of a community that are kept, 80 MB at the most; the oldest goes first."""
BLOCK_MS = 2000
"""How long one read of the streams waits, below the client's own time limit of 5 s."""
BEHIND = 500
"""Events that a page may be behind before its stream ends; the browser then resumes from the last one it has."""
BOT, PERSON = "x-", "p-"
"""How the ids begin of what the bot says, and of what a moderator says through it. No member's message has either."""

log = structlog.get_logger()
Cursors = dict[bytes | str | memoryview, int | bytes | str | memoryview]
"""Stream names with the last id that was read: the shape that the client's XREAD wants."""
Row = tuple[str, dict[str, str]]
Put = Callable[[Pipeline, Message], None]
"""Puts a message on the house's stream as a part of the transaction given (`Streams.put_on`)."""


class Bar(Noun):
    """A member may not post: until a time, or until it is undone when `until` is None.

    `muted` is who may still be among the others, other than who was banned.
    """

    until: AwareDatetime | None = None
    reason: str = ""
    muted: bool = False


class Heard(NamedTuple):
    """An event with its place in the channel's stream, by which a page resumes."""

    cursor: str
    event: Event


class NoSuchChannel(XiaoerError):  # noqa: N818 - reads as what it tells
    """The web chat has no channel of this name."""


class Room:
    """One community with its channels and their kinds, on a client with `decode_responses=True, protocol=2`."""

    def __init__(self, redis: Redis, put: Put, community: str, channels: Mapping[str, Profile]) -> None:
        self.community = community
        self.channels = dict(channels)
        self._redis = redis
        self._put = put
        self._feedback = FeedbackBook(redis)
        self._streams = {channel: key(community, "room", channel) for channel in channels}
        self._listeners: dict[str, set[asyncio.Queue[Heard]]] = {channel: set() for channel in self._streams}
        self._following = asyncio.Event()

    async def post(self, message: Message, shown: Shown | None = None) -> None:
        """Show a member's message and put it on the house's stream, in one transaction; a second time does nothing.

        `shown` is the picture of the message's first attachment. It lives in Redis, so that every machine that serves
        the page has it, and that it goes in the very step in which its message goes.
        """
        said = Said(
            id=message.id,
            author=message.author.id,
            name=message.author.name,
            text=message.text,
            at=message.sent_at,
            reply_to=message.reply_to,
        )
        keys: list[str] = []
        if shown:
            url = message.attachments[0].url
            said = said.model_copy(update={"picture": Picture(url=url, width=shown.width, height=shown.height)})
            keys = [self._picture(message.id), key(self.community, "pictures")]
        kept = (shown.jpeg, str(PICTURE_S), str(PICTURES)) if shown else ()
        async with self._redis.pipeline(transaction=True) as pipe:
            stream = self._stream(message.place.channel)
            self._once(pipe, "web_post", f"post:{message.id}", [stream, *keys], said, *kept)
            self._put(pipe, message)
            await pipe.execute()

    async def tell(self, message: Message) -> None:
        """Put a member's message on the house's stream and show it to nobody; a second time does nothing."""
        async with self._redis.pipeline(transaction=True) as pipe:
            self._put(pipe, message)
            await pipe.execute()

    async def say(self, effect: Say) -> None:
        """Show what the bot says, once per effect. Raises NoSuchChannel."""
        said = Said(
            id=said_id(effect),
            author="",
            name="",
            text=effect.text,
            at=datetime.now(UTC),
            kind=effect.kind,
            reply_to=effect.reply_to,
            to=effect.to,
            sources=tuple(Source(title=found.title, quote=found.text) for found in effect.passages),
            case=effect.case,
            ballot=effect.id if effect.votable else "",
        )
        async with self._redis.pipeline(transaction=False) as pipe:
            self._once(pipe, "web_post", effect.id, [self._stream(effect.place.channel)], said)
            await pipe.execute()

    async def enforce(self, effect: Enforce) -> None:
        """Remove a message, keep a member from posting or let it post again, once per effect. Raises NoSuchChannel."""
        stream = self._stream(effect.place.channel)
        async with self._redis.pipeline(transaction=False) as pipe:
            if effect.action == "delete":
                removed = Removed(id=effect.message, reason=effect.reason)
                self._once(pipe, "web_remove", effect.id, [stream, self._picture(effect.message)], removed)
            elif effect.action in UNDO.values():
                done, barred = key(self.community, "done", effect.id), key(self.community, "barred", effect.member)
                pipe.eval(_script("web_lift"), 2, done, barred, str(DONE_S))
            elif effect.action != "kick":  # who was put out of the page would only come back by its address
                self._bar(pipe, effect)
            await pipe.execute()

    async def barred(self, member: str) -> Bar | None:
        """What keeps the member from posting now, or None."""
        found = await self._redis.get(key(self.community, "barred", member))
        return Bar.model_validate_json(found) if found else None

    async def picture(self, message: str) -> bytes | None:
        """The picture of a message as JPEG, or None when it has none, or none any more."""
        get = cast(Callable[..., Awaitable[bytes | None]], self._redis.execute_command)
        return await get("GET", self._picture(message), NEVER_DECODE=True)

    async def vote(self, vote: Vote, channel: str) -> bool:
        """Show a member's vote and put it on the house's stream, in one transaction.

        False when the channel has no such answer, or it is too old. Raises NoSuchChannel.
        """
        stream = self._stream(channel)
        answered = await self._feedback.answered(self.community, vote.answer)
        if answered is None or (answered.message.place.platform, answered.message.place.channel) != (PLATFORM, channel):
            return False
        names = [key(self.community, "room_ballot", vote.answer), self._choices(vote.member), stream]
        told = (str(int(VOTABLE.total_seconds())), str(KEPT), vote.answer, vote.member, vote.choice)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.eval(_script("web_vote"), len(names), *names, *told)
            pipe.execute_command(*voting(vote))
            await pipe.execute()
        return True

    async def votes_of(self, member: str) -> dict[str, Choice]:
        """What a member votes now, by ballot."""
        found = cast(Awaitable[dict[str, Choice]], self._redis.hgetall(self._choices(member)))
        return await found

    async def live(self, channel: str, after: str | None = None) -> AsyncGenerator[Heard | None]:
        """The latest events (or those after a cursor), then None once, then events as they happen. `follow` must run.

        Ends when the page falls too far behind. Raises NoSuchChannel.
        """
        stream, queue = self._stream(channel), asyncio.Queue[Heard](BEHIND)
        await self._following.wait()
        self._listeners[channel].add(queue)
        try:
            last = after or "0-0"
            for heard in await self._backlog(stream, after):
                last = heard.cursor
                yield heard
            yield None
            while queue in self._listeners[channel]:
                heard = await queue.get()
                if _order(heard.cursor) > _order(last):
                    yield heard
        finally:
            self._listeners[channel].discard(queue)

    async def follow(self) -> None:
        """Read all channels for all open pages over one connection, until cancelled; an outage is waited out."""
        cursors: Cursors = {}
        while True:
            try:
                cursors = cursors or await self._ends()
                self._following.set()
                pages = await self._redis.xread(cursors, block=BLOCK_MS)
            except OUTAGE as fault:
                log.warning("web_room_waits", why=str(fault))
                await asyncio.sleep(1)
                continue
            for stream, rows in cast(list[tuple[str, list[Row]]], pages or []):
                cursors[stream] = rows[-1][0]
                self._tell(stream, [_heard(row) for row in rows])

    def _tell(self, stream: str, heard: list[Heard]) -> None:
        channel = next(name for name, its_stream in self._streams.items() if its_stream == stream)
        for queue in tuple(self._listeners[channel]):
            try:
                for one in heard:
                    queue.put_nowait(one)
            except asyncio.QueueFull:
                self._listeners[channel].discard(queue)

    async def _ends(self) -> Cursors:
        """The last event of every channel's stream: what comes after is new."""
        pipe = self._redis.pipeline(transaction=False)
        for stream in self._streams.values():
            pipe.xrevrange(stream, count=1)
        return {
            stream: rows[0][0] if rows else "0-0"
            for stream, rows in zip(self._streams.values(), await pipe.execute(), strict=True)
        }

    async def _backlog(self, stream: str, after: str | None) -> list[Heard]:
        if after is None:
            rows = cast(list[Row], await self._redis.xrevrange(stream, count=SHOWN))[::-1]
        else:
            rows = cast(list[Row], await self._redis.xrange(stream, min=f"({after}"))
        return [_heard(row) for row in rows]

    def _once(
        self, pipe: Pipeline, script: str, mark: str, keys: Sequence[str], event: Event, *more: str | bytes
    ) -> None:
        names = [key(self.community, "done", mark), *keys]
        told = (str(DONE_S), str(KEPT), event.id, event.model_dump_json())
        pipe.eval(_script(script), len(names), *names, *told, *more)

    def _picture(self, message: str) -> str:
        return key(self.community, "picture", message)

    def _choices(self, member: str) -> str:
        return key(self.community, "room_votes", member)

    def _bar(self, pipe: Pipeline, effect: Enforce) -> None:
        seconds = max(1, effect.seconds) if effect.action == "timeout" else 0
        until = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
        bar = Bar(until=until, reason=effect.reason, muted=effect.action == "mute").model_dump_json()
        done, barred = key(self.community, "done", effect.id), key(self.community, "barred", effect.member)
        pipe.eval(_script("web_bar"), 2, done, barred, str(DONE_S), str(seconds * 1000), bar)

    def _stream(self, channel: str) -> str:
        if channel not in self._streams:
            raise NoSuchChannel(f"web channel {channel!r}: there is none; use one of {', '.join(self._streams)}")
        return self._streams[channel]


def said_id(effect: Say) -> str:
    """The id of what an effect says; to reply to the bot is to speak to it, to reply to a moderator is not."""
    author = PERSON if effect.kind == "moderator" else BOT
    return author + hashlib.blake2b(effect.id.encode(), digest_size=12).hexdigest()


def _script(name: str) -> str:
    return (files("bot.adapters") / "scripts" / f"{name}.lua").read_text("utf-8")


def _heard(row: Row) -> Heard:
    return Heard(row[0], events.validate_json(row[1]["event"]))


def _order(cursor: str) -> tuple[int, int]:
    """A stream id like `1732233600000-0` as numbers that compare."""
    time, _, count = cursor.partition("-")
    return int(time), int(count or 0)
