"""One script on all four stages: ask, answer, vote, scam, removal with its reason, appeal, another's reversal, undo."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.books import open_books
from bot.commands import Commands, Reach
from bot.gateway import Gateway
from bot.groups.communities import Communities
from bot.router import Router
from bot.stream import Streams
from bot.worker import Worker
from moderation.cases import CaseBook, strikes_key
from moderation.policy import DEFAULT, read
from moderation.types import Decision, Passage, Reply
from tests.walk.stages import Stage, stage, until
from tests.walk.victim import StubBench

QUESTION = "结算周期是多久？"
SCAM = "内部渠道，先转押金，返利翻倍，稳赚不赔 http://bit.ly/x"
PASSAGE = Passage(document="d", title="结算", text="结算周期为 T+7。", lang="zh", score=1)


class StubAnswers:
    """Knows one answer, without a model."""

    async def answer(self, community: str, question: str, history: Sequence[str] = (), **_bars: float | None) -> Reply:
        known = QUESTION in question
        return Reply(text="T+7" if known else "", passages=(PASSAGE,), confidence=0.9, handoff=not known)


def worker(streams: Streams) -> Worker:
    books = open_books(streams, CaseBook(streams.redis), Communities(streams.redis, "sample"))
    floor = Floor(streams.redis, books.members, books.history, Manners(burst_s=0.02))
    bench = StubBench()
    router = Router(bench, StubAnswers(), books, floor, Commands(Reach(books, bench, read(DEFAULT))))
    return Worker(router, books, bench, lambda _message, _outcome: None)


@pytest.mark.parametrize("platform", ["terminal", "web", "telegram", "discord"])
async def test_the_script(redis: Redis, platform: str) -> None:
    streams, cases, communities = Streams(redis), CaseBook(redis), Communities(redis, "sample")
    await streams.register("sample")
    async with stage(platform, redis, streams) as on:
        gateway = Gateway(streams, on.adapter, lambda _effect: None)
        hearing = gateway.perform() if platform == "terminal" else gateway.run()
        house = [asyncio.create_task(hearing), asyncio.create_task(worker(streams).run())]
        try:
            await on_stage(on, redis, cases, communities)
        except TimeoutError:
            pytest.fail("\n".join(await on.shown()))
        finally:
            for task in house:
                task.cancel()
            await asyncio.gather(*house, return_exceptions=True)


async def on_stage(on: Stage, redis: Redis, cases: CaseBook, communities: Communities) -> None:
    await communities.keep((await communities.get(on.community)).model_copy(update={"mode": "live", "lang": "zh"}))

    async def sees(text: str) -> bool:
        return any(text in line for line in await on.shown())

    await on.say("mei", QUESTION)
    await until(lambda: sees("T+7"))
    assert await sees("结算")  # the source
    await on.vote("mei")

    await on.say("crook", SCAM)
    await until(lambda: sees("像是诈骗"))
    if on.adapter.platform != "terminal":  # what is printed stays printed
        await until(lambda: gone(on, "稳赚不赔"))
        await until(lambda: silenced(on, "crook"))
    [case] = await cases.recent(on.community)
    assert await sees(case.id)

    await on.appeal("crook", f"/appeal {case.id} 我发错群了，这是我们店的售后号")
    await until(lambda: waiting(cases, on.community))
    [appeal] = await cases.queue(on.community)
    assert (appeal.kind, appeal.of) == ("appeal", case.id)
    await cases.claim(on.community, appeal.id, "anna")
    await cases.decide(on.community, Decision(case=appeal.id, action="overturn", by="anna", by_name="Anna"))

    await until(lambda: sees("撤销"))
    await until(lambda: on.may_talk("crook"))
    assert not await redis.zcard(strikes_key(on.community, case.subject.author.id))


async def gone(on: Stage, text: str) -> bool:
    return not any(text in line for line in await on.shown())


async def silenced(on: Stage, member: str) -> bool:
    return not await on.may_talk(member)


async def waiting(cases: CaseBook, community: str) -> bool:
    return bool(await cases.queue(community))
