"""Order per chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.adapters.telegram.lanes import Lanes


@pytest.fixture
async def lanes() -> AsyncIterator[Lanes]:
    lanes = Lanes()
    yield lanes
    await lanes.close()


def noting(done: list[str], name: str) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        await asyncio.sleep(0)
        done.append(name)

    return work


async def test_a_chat_that_hangs_holds_up_no_other(lanes: Lanes) -> None:
    done: list[str] = []
    hanging = lanes.put("slow", asyncio.Event().wait)  # type: ignore[arg-type]
    behind = lanes.put("slow", noting(done, "slow"))
    await asyncio.gather(*(lanes.put("fast", noting(done, f"fast {number}")) for number in range(3)))
    assert done == ["fast 0", "fast 1", "fast 2"]
    assert not hanging.done()
    assert not behind.done()


async def test_an_outage_is_waited_out_and_a_fault_of_ours_costs_one_update(lanes: Lanes) -> None:
    done: list[str] = []
    tries: list[None] = []

    async def in_an_outage() -> None:
        tries.append(None)
        if len(tries) == 1:
            raise RedisConnectionError

    async def strange() -> None:
        raise KeyError("chat")

    await asyncio.gather(*(lanes.put("chat", work) for work in (in_an_outage, strange, noting(done, "after"))))
    assert (len(tries), done) == (2, ["after"])


async def test_a_chat_with_a_new_id_waits_behind_its_old_one(lanes: Lanes) -> None:
    done: list[str] = []
    opened = asyncio.Event()

    async def waiting() -> None:
        await opened.wait()
        done.append("old")

    lanes.put("old", waiting)
    lanes.join("new", to="old")
    after = lanes.put("new", noting(done, "new"))
    await lanes.put("other", noting(done, "other"))
    opened.set()
    await after
    assert done == ["other", "old", "new"]


async def test_what_was_not_done_is_not_told_to_be(lanes: Lanes) -> None:
    hanging = lanes.put("chat", asyncio.Event().wait)  # type: ignore[arg-type]
    behind = lanes.put("chat", noting([], "never"))
    await asyncio.sleep(0)
    await lanes.close()
    assert hanging.cancelled()
    assert behind.cancelled()
