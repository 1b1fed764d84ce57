"""The streams against a real server: once only, in order, fenced by leases, and put aside when hopeless."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.answering.talk import Question
from bot.stream import DECISIONS, LANES, MESSAGES, QUESTIONS, Entry, Outdated, Streams, asking, lane, names, saying
from moderation.errors import XiaoerError
from moderation.keys import Write, key
from moderation.types import Author, Message, Place, Say

PLACE = Place(platform="web", community="sample", channel="help", profile="help")


def message(id_: str, edit: int = 0) -> Message:
    return Message(id=id_, place=PLACE, author=Author(id="li"), text=f"text {id_}", edit=edit)


async def first(streams: Streams, owner: str = "me") -> Entry:
    stream = key("sample", MESSAGES, lane("help"))
    assert await streams.lease(stream, owner)
    await streams.ready(stream)
    return (await streams.fresh([stream], 1, 10))[0]


async def test_a_delivery_is_put_once_and_an_edit_is_another(redis: Redis) -> None:
    streams = Streams(redis)
    assert [await streams.put(message(*which)) for which in (("1", 0), ("1", 0), ("1", 1), ("2", 0))] == [1, 0, 1, 1]
    assert await redis.xlen(key("sample", MESSAGES, lane("help"))) == 3


async def test_commit_writes_and_acknowledges_in_one_step(redis: Redis) -> None:
    streams = Streams(redis)
    await streams.put(message("1"))
    entry = await first(streams)
    assert Message.model_validate_json(entry.body).id == "1"
    effect = Say(id="e", place=PLACE, text="hello", kind="answer")
    assert await streams.commit(entry, "me", [saying(effect)])
    assert await redis.xlen(key("sample", "effects", "web")) == 1
    assert await redis.xlen(entry.stream) == 0
    assert (await redis.xpending(entry.stream, "xiaoer"))["pending"] == 0


async def test_a_second_commit_of_an_entry_writes_nothing(redis: Redis) -> None:
    streams = Streams(redis)
    await streams.put(message("1"))
    entry = await first(streams)
    write = ("INCR", key("sample", "count"))
    assert [await streams.commit(entry, "me", [write]) for _ in range(2)] == [True, False]
    assert await redis.get(key("sample", "count")) == "1"


async def test_what_is_expected_and_does_not_hold_stops_the_whole_commit(redis: Redis) -> None:
    streams, count, people = Streams(redis), key("sample", "count"), key("sample", "people")
    await streams.put(message("1"))
    entry = await first(streams)
    await redis.zadd(people, {"a": 1, "b": 2})
    assert await streams.attempt(entry) == 1
    for wrong in (("EXPECT", "5", "GET", count), ("EXPECT", "a", "ZRANGE", people, "0", "-1")):
        with pytest.raises(Outdated):
            await streams.commit(entry, "me", [("INCR", count), wrong])
    assert await redis.get(count) is None
    assert await streams.pending(entry.stream, "0", 10) == [entry]
    holds: list[Write] = [("EXPECT", "", "GET", count), ("EXPECT", "a b", "ZRANGE", people, "0", "-1"), ("INCR", count)]
    assert await streams.commit(entry, "me", holds)
    assert await redis.get(count) == "1"


async def test_a_script_among_the_writes_runs_within_the_commit(redis: Redis) -> None:
    streams, name = Streams(redis), key("sample", "sum")
    await streams.put(message("1"))
    entry = await first(streams)
    script = "-- adds\nlocal sum = ARGV[1] + ARGV[2]\nreturn redis.call('SET', KEYS[1], sum)"
    assert await streams.commit(entry, "me", [("EVAL", script, "1", name, "2", "3"), ("INCR", name)])
    assert await redis.get(name) == "6"


async def test_who_lost_the_lease_commits_nothing(redis: Redis) -> None:
    streams = Streams(redis)
    await streams.put(message("1"))
    entry = await first(streams, "sleeper")
    assert not await streams.lease(entry.stream, "other")
    await redis.delete(f"{entry.stream}:lease")
    assert await streams.lease(entry.stream, "other")
    assert not await streams.commit(entry, "sleeper", [("INCR", key("sample", "count"))])
    assert await redis.get(key("sample", "count")) is None
    assert await streams.pending(entry.stream, "0", 10) == [entry]


async def test_a_released_lease_is_free_at_once_and_only_its_holder_releases_it(redis: Redis) -> None:
    streams = Streams(redis)
    assert await streams.lease("s", "a")
    await streams.release("s", "b")
    assert not await streams.lease("s", "b")
    await streams.release("s", "a")
    assert await streams.lease("s", "b")


async def test_a_dead_letter_keeps_everything_and_comes_back(redis: Redis) -> None:
    streams = Streams(redis)
    await streams.put(message("1"))
    entry = await first(streams)
    await streams.attempt(entry)
    assert await streams.bury(entry, "me", "ValueError in judge.py:3")
    [letter] = await streams.dead_letters("sample")
    assert (letter.stream, letter.body, letter.error) == (entry.stream, entry.body, "ValueError in judge.py:3")
    waiting = await streams.backlog("sample")
    assert (waiting.pop("dead"), set(waiting.values())) == (1, {0})
    assert {"messages", "questions", "decisions", "votes", "presses", "memberships", "cards"} == set(waiting)
    await streams.revive("sample", letter.id)
    assert await streams.dead_letters("sample") == []
    assert (await first(streams)).body == entry.body
    with pytest.raises(XiaoerError, match="dead-letters list"):
        await streams.revive("sample", letter.id)


async def test_a_community_with_an_unusable_name_is_refused(redis: Redis) -> None:
    with pytest.raises(XiaoerError, match="letters"):
        await Streams(redis).register("a}b")


def test_names_of_streams_share_the_community_s_hash_tag() -> None:
    assert names("shop", [DECISIONS, "effects:web"]) == ["x:{shop}:decisions:0", "x:{shop}:effects:web"]
    assert len(names("shop", [MESSAGES])) == LANES


@given(st.text(min_size=1, max_size=60))
def test_every_channel_has_one_of_the_lanes(channel: str) -> None:
    assert lane(channel) == lane(channel)
    assert int(lane(channel)) in range(LANES)


def test_questions_keep_order_per_member_in_the_lane_of_their_channel() -> None:
    question = Question(message=message("1"), heard_at=datetime.now(UTC))
    command, stream, _, _, order, _, body = asking(question)
    assert (command, stream, order) == ("XADD", key("sample", QUESTIONS, lane("help")), "help li")
    assert Question.model_validate_json(body) == question
