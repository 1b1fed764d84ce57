from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from bot.adapters import web_room
from bot.adapters.web_events import Event, Removed, Said
from bot.adapters.web_room import NoSuchChannel, Room, said_id
from bot.stream import MESSAGES, Streams, names
from moderation.types import Author, Enforce, Message, Passage, Place, Say

HELP = Place(platform="web", community="sample", channel="help", profile="help")
NOTICES = Place(platform="web", community="sample", channel="notices")
CHANNELS: dict[str, Literal["help", "general"]] = {"help": "help", "notices": "general"}


def message(id_: str = "m1", text: str = "Where is my payout?", name: str = "Mei") -> Message:
    return Message(id=id_, place=HELP, author=Author(id="member-1", name=name), text=text)


def words(id_: str = "c1:answer", text: str = "On the 5th.") -> Say:
    passage = Passage(document="d", title="Payouts", text="Payouts run on the 5th.", lang="en")
    return Say(id=id_, place=HELP, text=text, kind="answer", reply_to="m1", passages=(passage,))


def act(action: Literal["delete", "timeout", "mute", "ban", "unmute"], seconds: int = 0, id_: str = "") -> Enforce:
    return Enforce(
        id=id_ or f"c1:{action}:{seconds}",
        place=HELP,
        action=action,
        message="m1",
        member="member-1",
        seconds=seconds,
        reason="scam_fraud",
    )


@pytest.fixture
async def room(redis: Redis) -> AsyncIterator[Room]:
    """A room whose pages are served."""
    room = Room(redis, Streams(redis).put_on, "sample", CHANNELS)
    follower = asyncio.create_task(room.follow())
    yield room
    follower.cancel()
    await asyncio.wait([follower])


async def shown(room: Room, channel: str = "help", after: str | None = None) -> list[Event]:
    """What a page shows when it opens."""
    seen: list[Event] = []
    live = room.live(channel, after)
    async for heard in live:
        if heard is None:
            break
        seen.append(heard.event)
    await live.aclose()
    return seen


async def on_the_stream(redis: Redis) -> list[Message]:
    found = []
    for stream in names("sample", [MESSAGES]):
        rows = cast(list[tuple[str, dict[str, str]]], await redis.xrange(stream))
        found += [Message.model_validate_json(fields["body"]) for _, fields in rows]
    return found


async def test_a_post_is_shown_and_put_on_the_stream_once(room: Room, redis: Redis) -> None:
    for _ in range(2):
        await room.post(message())

    (said,) = await shown(room)
    assert isinstance(said, Said)
    assert (said.id, said.name, said.text, said.kind) == ("m1", "Mei", "Where is my payout?", "member")
    assert await on_the_stream(redis) == [message().model_copy(update={"sent_at": said.at})]


async def test_a_post_that_cannot_reach_the_stream_is_not_shown_either(redis: Redis) -> None:
    def refuse(_pipe: Pipeline, _message: Message) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await Room(redis, refuse, "sample", CHANNELS).post(message())
    assert await redis.keys() == []


async def test_words_are_shown_once_with_their_sources(room: Room) -> None:
    for _ in range(2):
        await room.say(words())

    (said,) = await shown(room)
    assert isinstance(said, Said)
    assert (said.id, said.reply_to) == (said_id(words()), "m1")
    assert [(source.title, source.quote) for source in said.sources] == [("Payouts", "Payouts run on the 5th.")]


async def test_a_removed_text_is_gone_and_its_place_tells_why(room: Room, redis: Redis) -> None:
    offence = message(text="send me 50 USDT 先转押金")
    await room.post(offence)
    await redis.delete(
        *names("sample", [MESSAGES])
    )  # the house's own stream, where the text may stay until it is judged
    await room.say(words())
    for _ in range(2):
        await room.enforce(act("delete"))

    answer, removed = await shown(room)
    assert answer.id == said_id(words())
    assert removed == Removed(id="m1", name="Mei", at=offence.sent_at, reason="scam_fraud")
    assert "USDT" not in str(await redis.xrange("x:{sample}:room:help"))


async def test_removing_what_is_not_there_changes_nothing(room: Room) -> None:
    await room.enforce(act("delete"))
    assert await shown(room) == []


async def test_a_message_is_removed_once_whoever_asks(room: Room) -> None:
    await room.post(message())
    await room.enforce(act("delete", id_="c1:delete"))
    await room.enforce(act("delete", id_="c2:delete"))
    assert [event.event for event in await shown(room)] == ["removed"]


async def test_a_timeout_ends_and_a_redelivery_does_not_renew_it(room: Room, redis: Redis) -> None:
    await room.enforce(act("timeout", 3600))
    bar = await room.barred("member-1")
    assert bar is not None
    assert bar.until is not None
    assert timedelta(minutes=59) < bar.until - datetime.now(UTC) <= timedelta(hours=1)
    assert 3500 < await redis.ttl("x:{sample}:barred:member-1") <= 3600

    await redis.delete("x:{sample}:barred:member-1")
    await room.enforce(act("timeout", 3600))
    assert await room.barred("member-1") is None


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (("timeout", 60), ("timeout", 3600), 3600),
        (("timeout", 3600), ("timeout", 60), 3600),
        (("ban", 0), ("timeout", 60), -1),
        (("timeout", 60), ("ban", 0), -1),
        (("timeout", 60), ("mute", 0), -1),
    ],
)
async def test_the_longer_of_two_bars_stays(
    room: Room,
    redis: Redis,
    first: tuple[Literal["timeout", "ban"], int],
    second: tuple[Literal["timeout", "mute", "ban"], int],
    left: int,
) -> None:
    await room.enforce(act(*first))
    await room.enforce(act(*second))
    bar = await room.barred("member-1")
    assert bar is not None
    assert (bar.until is None) == (left == -1)
    assert left - 10 <= await redis.ttl("x:{sample}:barred:member-1") <= left


async def test_a_mute_holds_until_it_is_undone(room: Room, redis: Redis) -> None:
    await room.enforce(act("mute"))
    bar = await room.barred("member-1")
    assert bar is not None
    assert (bar.until, bar.muted, await redis.ttl("x:{sample}:barred:member-1")) == (None, True, -1)
    await room.enforce(act("unmute"))
    assert await room.barred("member-1") is None


async def test_a_page_sees_the_past_then_what_happens(room: Room) -> None:
    await room.post(message("m1"))
    live = room.live("help")
    past, ready = await anext(live), await anext(live)
    await room.post(message("m2"))
    news = await anext(live)
    assert past is not None
    assert news is not None
    assert (past.event.id, ready, news.event.id) == ("m1", None, "m2")

    await room.post(message("m3"))
    assert [event.id for event in await shown(room, after=past.cursor)] == ["m2", "m3"]
    await live.aclose()


async def test_channels_are_apart(room: Room) -> None:
    await room.post(message())
    assert await shown(room, "notices") == []


async def test_lost_connections_lose_no_event(room: Room, redis: Redis) -> None:
    live = room.live("help")
    assert await anext(live) is None
    await redis.client_kill_filter(_type="normal", skipme=False)
    await room.post(message())
    heard = await anext(live)
    assert heard is not None
    assert heard.event.id == "m1"
    await live.aclose()


async def test_a_page_that_falls_behind_is_let_go(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_room, "BEHIND", 2)
    slow, quick = room.live("help"), room.live("notices")
    assert [await anext(slow), await anext(quick)] == [None, None]
    for number in range(5):
        await room.post(message(f"m{number}"))
    await room.say(words().model_copy(update={"place": NOTICES}))
    assert await anext(quick) is not None  # by now the events of the slow page have arrived too
    assert len([heard async for heard in slow]) < 5
    await quick.aclose()


async def test_an_unknown_channel_is_named(room: Room) -> None:
    elsewhere = words().model_copy(update={"place": HELP.model_copy(update={"channel": "attic"})})
    with pytest.raises(NoSuchChannel, match="'attic': there is none; use one of help, notices"):
        await room.say(elsewhere)
