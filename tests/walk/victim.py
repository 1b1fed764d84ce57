"""The parts of the walk as processes that can be killed at any of their dealings with Redis.

`play` runs one part until nothing is left for it to do, or until its writing command number `kill_at` is about to be
sent: then the process dies by SIGKILL. To Redis and to the next process, dying before a write is the same as dying
after the answer to the write before, whatever was read in between, so these are all the states that a kill can leave.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

from bot.adapters.web_room import Room
from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.bench import Sitting
from bot.books import open_books
from bot.commands import Commands, Reach
from bot.gateway import Gateway
from bot.groups.communities import Communities
from bot.outcome import Outcome
from bot.redis_server import open_client
from bot.router import Router
from bot.stream import CARDS, DECISIONS, MESSAGES, QUESTIONS, VOTES, Streams
from bot.worker import Worker
from moderation.cases import CaseBook
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.types import Author, Choice, Decision, Message, Passage, Place, Reply, Vote

COMMUNITY = "killed"
PLACE = Place(platform="web", community=COMMUNITY, channel="help", profile="help")
LEASE_S = 0.3
BURST_S = 0.02

Part = Literal["poster", "worker", "moderator", "gateway"]
PARTS: tuple[Part, ...] = ("poster", "worker", "moderator", "gateway")

TEXTS = {
    "covered": "结算周期是多久？",
    "scam": "加V信 abc12345 返利500，先转押金 http://bit.ly/x",
    "unknown": "你们支持火星发货吗？",
    "chat": "大家早上好，今天出单了",
    "opening": "我的申诉",
    "burst": "提交了多久能有结果？",
    "rest": "几天？",
}
ONE_BREATH = ("opening", "burst", "rest")
"""Messages of one member, which are one question; a worker that died before the last one answers it by itself."""
OPENED = "\n".join(TEXTS[id_] for id_ in ONE_BREATH[:2])
REST = "3 天"
ANSWER = "web:help:covered:0:answer"
VOTES_CAST: tuple[Choice, ...] = ("up", "person")
SAID_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


class StubClassifier:
    """Finds nothing; the rules do what these tests need, and loading the real weights would slow each process."""

    name = "stub"

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        return [{} for _ in texts]

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        return [None for _ in texts]


class StubBench:
    """One policy in force, and beside it one that acts on nothing."""

    def __init__(self) -> None:
        policies = load(), load().model_copy(update={"shadow": True})
        self._sitting = Sitting(*(Judge(policy, StubClassifier()) for policy in policies))

    async def sitting(self, community: str) -> Sitting:
        return self._sitting


class StubAnswers:
    """Knows one answer, without a model."""

    async def answer(self, community: str, question: str, history: Sequence[str] = (), **_bars: float | None) -> Reply:
        passage = Passage(document="d", title="结算", text="结算周期为 T+7。", lang="zh", score=1)
        answers = {TEXTS["covered"]: "T+7", TEXTS["rest"]: REST}
        text = "T+3" if question.startswith(OPENED) else answers.get(question)
        if text:
            return Reply(text=text, passages=(passage,), confidence=0.9)
        return Reply(passages=(passage,), handoff=True)


def message(id_: str) -> Message:
    member = "burst" if id_ in ONE_BREATH else id_
    at = SAID_AT + timedelta(milliseconds=list(TEXTS).index(id_))
    return Message(id=id_, place=PLACE, author=Author(id=f"member-{member}", name=member), text=TEXTS[id_], sent_at=at)


def play(part: Part, url: str, kill_at: int) -> None:
    """Entry of the process: one part, killed at its command number `kill_at` (0: never)."""
    if kill_at:
        _arm(kill_at)
    asyncio.run(_play(part, url))


async def _play(part: Part, url: str) -> None:
    async with open_client(url) as redis:
        streams = Streams(redis, lease_s=LEASE_S)
        await streams.register(COMMUNITY)
        await {"poster": _post, "worker": _work, "moderator": _moderate, "gateway": _perform}[part](redis, streams)


async def _post(redis: Redis, streams: Streams) -> None:
    room = Room(redis, streams.put_on, COMMUNITY, {"help": "help"})
    for id_ in TEXTS:
        await room.post(message(id_))


async def _work(redis: Redis, streams: Streams) -> None:
    books, bench = open_books(streams, CaseBook(redis), Communities(redis, COMMUNITY)), StubBench()
    floor = Floor(redis, books.members, books.history, Manners(burst_s=BURST_S))
    router = Router(bench, StubAnswers(), books, floor, Commands(Reach(books, bench, "")), archive_days=1)
    worker = Worker(router, books, bench, _told)
    await _until_empty(redis, worker.run(), (MESSAGES, QUESTIONS, DECISIONS, VOTES, CARDS))


async def _moderate(redis: Redis, streams: Streams) -> None:
    """Answer the one question that waits, as a moderator would who clicks again after an error; and vote, twice."""
    cases = CaseBook(redis)
    for case in await cases.queue(COMMUNITY):
        await cases.claim(COMMUNITY, case.id, "anna")
        decision = Decision(case=case.id, action="answer", by="anna", text="目前不支持火星。", teach=True)
        await cases.decide(COMMUNITY, decision)
    room = Room(redis, streams.put_on, COMMUNITY, {"help": "help"})
    for choice in VOTES_CAST:
        assert await room.vote(Vote(community=COMMUNITY, answer=ANSWER, member="anna", choice=choice), "help")


async def _perform(redis: Redis, streams: Streams) -> None:
    adapter = RoomAdapter(Room(redis, streams.put_on, COMMUNITY, {"help": "help"}))
    await _until_empty(redis, Gateway(streams, adapter, lambda _effect: None).run(), ("effects", "enforcements"))


class RoomAdapter:
    """The web chat's room without its pages."""

    platform = "web"

    def __init__(self, room: Room) -> None:
        self.say = room.say
        self.enforce = room.enforce

    async def run(self) -> None:
        """Nothing to hear."""


def _told(_message: Message, _outcome: Outcome) -> None:
    pass


async def _until_empty(redis: Redis, run: Any, kinds: Sequence[str]) -> None:
    """Let a loop run until its streams are empty. Looks over a connection that counts no commands."""
    task = asyncio.ensure_future(run)
    options = redis.connection_pool.connection_kwargs
    async with Redis(unix_socket_path=options["path"], decode_responses=True) as watcher:
        _uncounted.append(watcher.connection_pool)
        while await _left(watcher, kinds):
            await asyncio.sleep(0.01)
            if task.done():
                task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _left(watcher: Redis, kinds: Sequence[str]) -> int:
    left = 0
    for kind in kinds:
        async for stream in watcher.scan_iter(f"x:{{{COMMUNITY}}}:{kind}*", _type="stream"):
            left += await watcher.xlen(stream)
    return left


_uncounted: list[Any] = []
_IDLE = (b"XREADGROUP", b"SMEMBERS")
"""Commands of waiting: their number depends on time. A kill at them is a kill at the command before."""
_NAMES = re.compile(rb"\*\d+\r\n\$\d+\r\n([A-Z]+)\r\n")
_READING = frozenset(
    b"GET MGET HGET HMGET HGETALL EXISTS LRANGE LLEN SMEMBERS SISMEMBER ZCARD ZCOUNT ZRANGE ZSCORE XLEN XRANGE".split()
)


def _arm(kill_at: int) -> None:
    """Count the commands of all connections, and kill this process at the right one."""
    count = 0
    send = AbstractConnection.send_packed_command

    async def send_packed_command(self: AbstractConnection, command: Any, check_health: bool = True) -> None:
        nonlocal count
        packed = b"".join(command) if isinstance(command, list | tuple) else command
        waiting = any(name in packed[:40] for name in _IDLE) or b":lease" in packed
        watching = any(self in pool._in_use_connections for pool in _uncounted)
        reading = _READING.issuperset(_NAMES.findall(packed))
        if not waiting and not watching and not reading:
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        await send(self, command, check_health)

    AbstractConnection.send_packed_command = send_packed_command  # type: ignore[method-assign]
