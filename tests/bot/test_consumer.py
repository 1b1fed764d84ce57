"""The loop against a real server: order, side by side, retries, poison, outages and take-over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.consumer import Consumer, Handle
from bot.redis_server import EmbeddedRedis, open_client
from bot.stream import MESSAGES, TRIES, Entry, Streams
from moderation.keys import Write, key
from moderation.types import Author, Message, Place


def message(id_: str, channel: str = "help") -> Message:
    place = Place(platform="web", community="sample", channel=channel)
    return Message(id=id_, place=place, author=Author(id="li"), text="text")


def id_of(entry: Entry) -> str:
    return Message.model_validate_json(entry.body).id


@asynccontextmanager
async def running(streams: Streams, handle: Handle) -> AsyncIterator[Consumer]:
    await streams.register("sample")
    consumer = Consumer(streams, [MESSAGES], handle)
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


async def test_order_holds_in_a_channel_while_channels_run_side_by_side(redis: Redis) -> None:
    streams, seen, gate = Streams(redis), [], asyncio.Event()

    async def handle(entry: Entry) -> Sequence[Write]:
        if id_of(entry) == "slow0":
            await gate.wait()
        seen.append(id_of(entry))
        return ()

    for number in range(5):
        await streams.put(message(f"slow{number}", "slow"))
        await streams.put(message(f"quick{number}", "quick"))
    async with running(streams, handle):
        await until(lambda: len(seen) == 5)
        assert seen == [f"quick{number}" for number in range(5)]
        gate.set()
        await until(lambda: len(seen) == 10)
    assert seen[5:] == [f"slow{number}" for number in range(5)]


async def test_a_fault_is_tried_again_and_the_channel_waits_for_it(redis: Redis) -> None:
    streams, seen, faults = Streams(redis), [], [ValueError("x"), ValueError("y")]

    async def handle(entry: Entry) -> Sequence[Write]:
        if id_of(entry) == "1" and faults:
            raise faults.pop()
        seen.append(id_of(entry))
        return ()

    for id_ in "123":
        await streams.put(message(id_))
    async with running(streams, handle):
        await until(lambda: len(seen) == 3)
    assert seen == ["1", "2", "3"]
    assert await streams.dead_letters("sample") == []


async def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(redis: Redis) -> None:
    streams, seen, tries = Streams(redis), [], []

    async def handle(entry: Entry) -> Sequence[Write]:
        if id_of(entry) == "poison":
            tries.append(1)
            raise KeyError("a member's private words")
        seen.append(id_of(entry))
        return ()

    for id_ in ("poison", "after"):
        await streams.put(message(id_))
    async with running(streams, handle):
        await until(lambda: seen == ["after"])
    assert len(tries) == TRIES
    [letter] = await streams.dead_letters("sample")
    assert id_of(Entry(letter.stream, letter.id, letter.order, letter.body)) == "poison"
    assert letter.error.startswith("KeyError in test_consumer.py")
    assert "private" not in letter.error


async def test_an_entry_that_kills_its_process_each_time_is_put_aside(redis: Redis) -> None:
    streams, handled = Streams(redis), []
    await streams.put(message("killer"))
    stream = str((await redis.keys("x:{sample}:messages:*"))[0])
    rows: Any = await redis.xrange(stream)
    await redis.hset(f"{stream}:tries", rows[0][0], str(TRIES))

    async def handle(entry: Entry) -> Sequence[Write]:
        handled.append(entry)
        return ()

    async with running(streams, handle):
        async with asyncio.timeout(60):
            while not await streams.dead_letters("sample"):
                await asyncio.sleep(0.02)
    assert handled == []


async def test_two_loops_share_a_stream_s_work_without_doing_any_twice(redis: Redis) -> None:
    streams, seen = Streams(redis, lease_s=0.5), []

    async def handle(entry: Entry) -> Sequence[Write]:
        seen.append(id_of(entry))
        return [("INCR", key("sample", "count"))]

    ids = [str(number) for number in range(60)]
    async with running(streams, handle), running(streams, handle):
        for id_ in ids:
            await streams.put(message(id_, f"channel{int(id_) % 7}"))
        await until(lambda: len(seen) >= 60)
        await asyncio.sleep(0.2)
    assert sorted(seen) == sorted(ids)
    assert await redis.get(key("sample", "count")) == "60"


async def test_the_work_of_a_loop_that_died_is_taken_over(redis: Redis) -> None:
    streams, seen = Streams(redis, lease_s=0.5), []
    await streams.put(message("1"))
    stream = str((await redis.keys("x:{sample}:messages:*"))[0])
    assert await streams.lease(stream, "the dead")
    await streams.ready(stream)
    assert len(await streams.fresh([stream], 10, 10)) == 1

    async def handle(entry: Entry) -> Sequence[Write]:
        seen.append(id_of(entry))
        return ()

    async with running(streams, handle):
        await until(lambda: seen == ["1"])


async def test_an_outage_is_waited_out_and_nothing_is_lost(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    url, seen = server.start(), []

    async def handle(entry: Entry) -> Sequence[Write]:
        seen.append(id_of(entry))
        return ()

    try:
        async with open_client(url) as client:
            streams = Streams(client, lease_s=1)
            await streams.put(message("before"))
            async with running(streams, handle):
                await until(lambda: seen == ["before"])
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(0.5)
                await asyncio.to_thread(server.start)
                await streams.put(message("after"))
                await until(lambda: seen == ["before", "after"])
            assert await streams.dead_letters("sample") == []
    finally:
        server.stop()


@pytest.mark.parametrize("entries", [300])
async def test_more_entries_than_may_be_under_way_are_all_handled(redis: Redis, entries: int) -> None:
    streams, seen = Streams(redis), []

    async def handle(entry: Entry) -> Sequence[Write]:
        await asyncio.sleep(0)
        seen.append(id_of(entry))
        return ()

    for number in range(entries):
        await streams.put(message(f"{number:03}", "one"))
    async with running(streams, handle):
        await until(lambda: len(seen) == entries)
    assert seen == sorted(seen)


async def test_a_process_that_slept_past_its_lease_takes_its_work_up_again(redis: Redis) -> None:
    streams, seen = Streams(redis, lease_s=1), []

    async def handle(entry: Entry) -> Sequence[Write]:
        seen.append(id_of(entry))
        if len(seen) in (1, 5):
            time.sleep(1.2)  # noqa: ASYNC251 - the whole process sleeps, as on a machine that was paused
        return [("INCR", key("sample", "count"))]

    for number in range(12):
        await streams.put(message(str(number), f"channel{number}"))
    async with running(streams, handle):
        async with asyncio.timeout(60):
            while await redis.get(key("sample", "count")) != "12":
                await asyncio.sleep(0.01)
    assert set(seen) == {str(number) for number in range(12)}
