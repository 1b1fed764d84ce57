"""How many messages a second walk the whole way, and how long one takes, without the language model.

    python -m tests.benchmarks.walk [MESSAGES]

Real server, real judge, real loops in one process; the adapter only counts. The ratio to bare XADD + XREADGROUP + XACK
round trips on the same server, measured in the same run, says what the house costs beyond Redis itself.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from redis.asyncio import Redis

from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.bench import Bench
from bot.books import open_books
from bot.commands import Commands, Reach
from bot.gateway import Gateway
from bot.groups.communities import Communities
from bot.house import until_done
from bot.redis_server import EmbeddedRedis, open_client
from bot.router import Router
from bot.sample import DAY
from bot.stream import Streams
from bot.worker import Worker
from moderation.cases import CaseBook
from moderation.judging.classifier import load_classifier
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.policy.book import PolicyBook
from moderation.types import Enforce, Message, Reply, Say


class StubAnswers:
    """Hands everything over at once: the model is not what is measured here."""

    async def answer(self, community: str, question: str, history: Sequence[str] = (), **_bars: float | None) -> Reply:
        return Reply(handoff=True, why="not_answered")


class CountingChat:
    """Performs nothing."""

    platform = "web"

    async def run(self) -> None:
        """Nothing to hear."""

    async def say(self, effect: Say) -> None:
        """Nothing to show."""

    async def enforce(self, effect: Enforce) -> None:
        """Nothing to enforce."""


async def walk(redis: Redis, messages: Sequence[Message]) -> tuple[float, float]:
    """(seconds for all, median milliseconds from put to verdict written)."""
    streams, told = Streams(redis), asyncio.Event()
    put_at: dict[str, float] = {}
    took: list[float] = []
    await streams.register("sample")

    def hear(message: Message, _outcome: object) -> None:
        if message.key in put_at:
            took.append(time.perf_counter() - put_at.pop(message.key))
        if not put_at:
            told.set()

    classifier = load_classifier()
    bench = Bench(Judge(load(), classifier), PolicyBook(redis), classifier)
    books = open_books(streams, CaseBook(redis), Communities(redis, "sample"))
    floor = Floor(redis, books.members, books.history, Manners(burst_s=0))
    router = Router(bench, StubAnswers(), books, floor, Commands(Reach(books, bench, "")), archive_days=30)
    work = Worker(router, books, bench, hear).run()

    async def feed() -> None:
        await asyncio.sleep(0.5)
        put_at.update(dict.fromkeys((message.key for message in messages), 0.0))
        for message in messages:
            put_at[message.key] = time.perf_counter()
            await streams.put(message)
        await told.wait()

    began = time.perf_counter()
    await until_done(feed(), work, Gateway(streams, CountingChat(), lambda _effect: None).perform())
    return time.perf_counter() - began - 0.5, median(took) * 1000


async def bare(redis: Redis, count: int) -> float:
    """Seconds for as many round trips of Redis' own stream commands, one after the other."""
    await redis.xgroup_create("bare", "g", id="0", mkstream=True)
    began = time.perf_counter()
    for _ in range(count):
        await redis.xadd("bare", {"body": "x" * 400})
        answer: Any = await redis.xreadgroup("g", "c", {"bare": ">"}, count=1)
        await redis.xack("bare", "g", answer[0][1][0][0])
    return time.perf_counter() - began


async def measure(count: int) -> str:
    """One line of figures."""
    day = [Message.model_validate_json(line) for line in DAY.read_text("utf-8").splitlines()]
    messages = [day[number % len(day)].model_copy(update={"id": str(number), "edit": 0}) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedRedis(Path(folder))
        async with open_client(server.start()) as redis:
            alone = await bare(redis, count)
            whole, one = await walk(redis, messages)
        server.stop()
    return (
        f"{count} messages: {count / whole:.0f}/s through the whole walk, median {one:.1f} ms under this load; "
        f"bare stream round trips {count / alone:.0f}/s; ratio {whole / alone:.1f}"
    )


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)) + "\n")
