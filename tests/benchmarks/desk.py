"""How a long queue works: its page, its views, a claim, and the memory that a case takes.

    python -m tests.benchmarks.desk [--cases 10000]

The cases carry real messages of merchants, six of them as context, all clauses' scores and three signals. Times are
those of a client and a real server on one machine, and include the reading of every case shown; the CPU's time, of both
together, says more where others use the machine too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis

from bot.console.login import Logins, Person
from bot.redis_server import EmbeddedRedis, open_client
from moderation.cases import CaseBook, Steps, View, opening
from moderation.keys import key
from moderation.policy import CLAUSES
from moderation.types import Author, Case, Message, Place, Ruling, Signal, Verdict, case_id
from tests.bot.console.rig import open_console

TEXTS = Path(__file__).parent / "heldout/merchant.jsonl"
COMMUNITY = "bench"
SHOWN = 100
ROUNDS = 30
VIEWS: Final[dict[str, View]] = {
    "first page": View(),
    "of one clause": View(clause="threat"),
    "of one channel, severity 4": View(channel="-1001234567890/3", severity=4),
    "mine or free": View(holder="mine_or_free"),
    "late": View(late=True),
    "a word found": View(text="发货"),
    "nothing found": View(text="no such words at all"),
}


def made(count: int) -> Iterator[Case]:
    """Cases that opened within the last three days."""
    chance, began = random.Random(7), datetime.now(UTC) - timedelta(days=3)
    texts = [json.loads(line)["text"] for line in TEXTS.read_text("utf-8").splitlines()]
    for number in range(count):
        place = Place(
            platform="telegram",
            community=COMMUNITY,
            channel=f"-1001234567890/{number % 7}",
            profile="general",
            title="华东商家交流群",
            parent="-1001234567890",
            home="-1001234567890",
        )
        at = began + timedelta(seconds=number * 25)
        *before, subject = [
            Message(
                id=str(100_000 + 7 * number + nth),
                place=place,
                author=Author(id=str(chance.randrange(10**9, 10**10)), name="小李的店铺", trust="member"),
                text=chance.choice(texts),
                sent_at=at - timedelta(seconds=60 * (6 - nth)),
            )
            for nth in range(7)
        ]
        yield Case(
            id=case_id("moderation", subject),
            kind="moderation",
            subject=subject,
            context=tuple(before),
            verdict=_verdict(chance, subject.text),
            opened_at=at,
            severity=1 + number % 5,
            strikes=number % 3,
            due_at=at + timedelta(hours=chance.randrange(1, 96)),
        )


def _verdict(chance: random.Random, text: str) -> Verdict:
    clause = chance.choice(CLAUSES)
    signals = tuple(
        Signal(check=check, clause=clause, score=round(chance.random(), 4), evidence=text[:20], span=(0, 20))
        for check in ("classifier", "contact", "wordlist")
    )
    scores = {name: round(chance.random(), 4) for name in CLAUSES}
    versions = {"model": "2026-11-22.1", "policy": "0123456789"}
    return Verdict(
        ruling=Ruling.REVIEW, clause=clause, score=0.61, scores=scores, signals=signals, took_ms=3.2, **versions
    )


async def measure(count: int, redis: Redis) -> None:
    """Prints the figures."""
    book, steps = CaseBook(redis), Steps(redis)
    ids = [case.id for case in made(count)]
    empty = await _memory(redis)
    await _open(redis, count)
    sizes = sorted([await redis.memory_usage(key(COMMUNITY, "case", id_), samples=0) or 0 for id_ in ids[:1000]])
    say(f"memory per case: {(await _memory(redis) - empty) / count:.0f} bytes of the server's, everything counted")
    say(f"MEMORY USAGE of a case: {median(sizes):.0f} bytes median, {quantiles(sizes, n=20)[-1]:.0f} 95th percentile")
    for name, view in VIEWS.items():
        found = await book.queue(COMMUNITY, SHOWN, view=view, by="telegram:1")
        told = f"queue page, {name} ({len(found)} cases)"
        await timed(redis, told, partial(book.queue, COMMUNITY, SHOWN, view=view, by="telegram:1"))
    browser = await _browser(redis)
    await timed(redis, "queue page as HTML, answered by the console", partial(browser.get, "/"))
    await timed(redis, "a case as HTML", partial(browser.get, f"/case/{ids[0]}"))
    await browser.aclose()
    waiting = iter(ids)
    await timed(redis, "claim", lambda: book.claim(COMMUNITY, next(waiting), "telegram:1"), ROUNDS * 10)
    await timed(redis, "heartbeat", lambda: book.beat(COMMUNITY, ids[0], "telegram:1"), ROUNDS * 10)
    await timed(redis, "next", lambda: steps.next(COMMUNITY, "telegram:1"))


async def timed(redis: Redis, what: str, call: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> None:
    """Prints how long a call takes."""
    times, used = [], await _cpu(redis)
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        times.append(1000 * (time.perf_counter() - began))
    cpu = 1000 * (await _cpu(redis) - used) / rounds
    late = quantiles(times, n=20)[-1]
    say(f"{what}: {median(times):.1f} ms median, {late:.1f} ms 95th percentile, {cpu:.1f} ms of CPU")


async def _browser(redis: Redis) -> AsyncClient:
    """A moderator who is logged in, without a network between."""
    person = Person(community=COMMUNITY, id="telegram:1", name="Mei", tier="moderator")
    client = AsyncClient(transport=ASGITransport(open_console(redis, "bench")), base_url="http://console.test")
    link = await Logins(redis).issue_link("", person)
    page = await client.get(link)
    word = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"csrf": word, "token": link.partition("token=")[2], "name": "Mei"}
    entered = await client.post("/login", data=form, headers={"Origin": "http://console.test"})
    assert entered.status_code == 303, entered.status_code
    return client


async def _cpu(redis: Redis) -> float:
    """Seconds that this process and the server have computed."""
    used = await redis.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"]) + time.process_time()


async def _open(redis: Redis, count: int) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for number, case in enumerate(made(count)):
            for write in opening(case)[:2]:
                pipe.execute_command(*write)
            if number % 1000 == 999:
                await pipe.execute()
        await pipe.execute()


async def _memory(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory_dataset"])


def say(what: str) -> None:
    print(what, flush=True)  # noqa: T201


async def play(count: int, url: str) -> None:
    async with open_client(url) as redis:
        await measure(count, redis)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedRedis(Path(folder))
        try:
            asyncio.run(play(given.cases, server.start()))
        finally:
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
