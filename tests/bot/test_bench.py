"""The bench follows the policy book: soon, cheaply, one community at a time, and through outages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot import bench as bench_room
from bot.answering.floor import Floor
from bot.bench import Bench, Sitting, stamp
from bot.books import open_books
from bot.commands import Commands, Reach
from bot.groups.communities import Communities
from bot.outcome import Outcome
from bot.redis_server import EmbeddedRedis, open_client
from bot.router import Router
from bot.stream import OUTAGE, Streams
from bot.worker import Worker
from moderation.cases import CaseBook
from moderation.judging.judge import Judge
from moderation.keys import key
from moderation.policy import load, parse
from moderation.policy.book import PolicyBook
from moderation.types import Author, Message, Place, Reply, Ruling

STRICT = 'extends = "default"\nname = "strict"\n[clauses.abuse]\nreview_at = 0.1\nact_at = 0.2\n'
MILD = 'extends = "default"\nname = "mild"\n[clauses.abuse]\nreview_at = 0.98\nact_at = "never"\n'


class StubClassifier:
    """Finds every text half abusive."""

    name = "stub"

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        return [{"abuse": 0.5} for _ in texts]

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        return [None for _ in texts]


class StubAnswers:
    """Never asked."""

    async def answer(self, community: str, question: str, history: Sequence[str] = (), **_bars: float | None) -> Reply:
        raise AssertionError(question)


REMARKS = ("thirty boxes went out today", "the new lamp is on its way", "winter is close now, my friends")
CLASSIFIER = StubClassifier()
FILE_JUDGE = Judge(load(), CLASSIFIER)


def bench(redis: Redis, look_s: float = 0) -> Bench:
    return Bench(FILE_JUDGE, PolicyBook(redis), CLASSIFIER, look_s=look_s)


async def put(redis: Redis, text: str, community: str = "one") -> str:
    return (await PolicyBook(redis).set(community, text, where="p", by="anna")).now


async def test_the_file_judges_until_a_policy_is_set_and_again_after_a_rollback(redis: Redis) -> None:
    sits = bench(redis)
    assert await sits.sitting("one") == Sitting(FILE_JUDGE)
    version = await put(redis, STRICT)
    assert (await sits.sitting("one")).judge.policy == parse(STRICT, "p")
    assert (await sits.sitting("two")).judge is FILE_JUDGE
    await PolicyBook(redis).step_back("one", version, by="anna")
    assert (await sits.sitting("one")).judge is FILE_JUDGE


async def test_a_shadow_sits_beside_the_live_judge(redis: Redis) -> None:
    sits, book = bench(redis), PolicyBook(redis)
    await book.shadow("one", MILD, where="p", by="anna")
    sitting = await sits.sitting("one")
    assert sitting.judge is FILE_JUDGE
    assert sitting.shadow is not None
    assert sitting.shadow.policy.name == "mild"
    await book.end_shadow("one", "anna")
    assert (await sits.sitting("one")).shadow is None


async def test_a_judge_is_made_once_per_version_and_dropped_when_nobody_needs_it(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(*arguments: Any) -> Judge:
        made.append(arguments[0].name)
        return Judge(*arguments)

    monkeypatch.setattr(bench_room, "Judge", counted)
    sits = bench(redis)
    for community in ("one", "two"):
        await put(redis, STRICT, community)
    first, second = await sits.sitting("one"), await sits.sitting("two")
    assert first.judge is second.judge
    await put(redis, MILD, "one")
    await sits.sitting("one")
    assert (await sits.sitting("two")).judge is second.judge
    assert made == ["strict", "mild"]
    await put(redis, MILD, "two")
    await sits.sitting("two")
    await put(redis, STRICT, "one")
    await sits.sitting("one")
    assert made == ["strict", "mild", "strict"]


async def test_the_book_is_read_once_in_a_while_however_many_ask(redis: Redis) -> None:
    sits = bench(redis, look_s=60)
    await redis.config_resetstat()
    await asyncio.gather(*(sits.sitting("one") for _ in range(50)))
    await put(redis, STRICT)
    assert (await sits.sitting("one")).judge is FILE_JUDGE
    assert (await redis.info("commandstats"))["cmdstat_hmget"]["calls"] == 1


async def test_an_outage_keeps_the_last_known_policy(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    async with open_client(server.start()) as redis:
        sits = bench(redis)
        await put(redis, STRICT)
        known = await sits.sitting("one")
        server.stop()
        assert await sits.sitting("one") is known
        with pytest.raises(OUTAGE):
            await sits.sitting("two")
        server.start()
        await put(redis, MILD)
        assert (await sits.sitting("one")).judge.policy.name == "mild"
        server.stop()


async def test_a_stored_policy_of_another_form_leaves_the_file_in_force_and_is_told_once(redis: Redis) -> None:
    sits = bench(redis)
    version = await put(redis, STRICT)
    stored = (await PolicyBook(redis).get("one", version)).model_copy(update={"text": "no_longer = 1\n"})
    await redis.hset(key("one", "policy", "versions"), version, stored.model_dump_json())
    with capture_logs() as logs:
        for _ in range(3):
            assert (await sits.sitting("one")).judge is FILE_JUDGE
    faults = [entry for entry in logs if entry["log_level"] == "error"]
    assert len(faults) == 1
    assert "no_longer" in faults[0]["fault"]
    assert "policy set" in faults[0]["mend"]


async def test_the_operator_is_told_what_came_into_force_and_the_way_back(redis: Redis) -> None:
    sits = bench(redis)
    with capture_logs() as logs:
        await sits.sitting("one")
        await put(redis, STRICT)
        sitting = await sits.sitting("one")
        await PolicyBook(redis).rollback("one", "file", by="anna")
        await sits.sitting("one")
    assert [(entry["policy"], entry.get("back")) for entry in logs] == [
        (stamp(sitting.judge), "xiaoer policy rollback file"),
        (stamp(FILE_JUDGE), None),
    ]


async def test_a_running_worker_follows_a_set_and_a_rollback_in_its_own_community_alone(redis: Redis) -> None:
    """The whole loop, no restart: two communities, two policies, and back."""
    streams, heard = Streams(redis), asyncio.Queue[tuple[str, Outcome]]()
    for community in ("one", "two"):
        await streams.register(community)
    sits = Bench(FILE_JUDGE, PolicyBook(redis), CLASSIFIER)
    known = open_books(streams, CaseBook(redis), Communities(redis, "sample"))
    floor = Floor(redis, known.members, known.history)
    router = Router(sits, StubAnswers(), known, floor, Commands(Reach(known, sits, "")), archive_days=1)
    worker = Worker(router, known, sits, lambda one, outcome: heard.put_nowait((one.place.community, outcome)))
    task = asyncio.create_task(worker.run())

    async def rulings(round_: int) -> dict[str, Ruling]:
        """How one message in each community fares, once the bench must have looked again."""
        await asyncio.sleep(2 * bench_room.LOOK_S)
        for community in ("one", "two"):
            place = Place(platform="web", community=community, channel="general")
            author = Author(id=f"{community}{round_}", trust="member")
            await streams.put(Message(id=f"m{round_}", place=place, author=author, text=REMARKS[round_]))
        found: dict[str, Ruling] = {}
        async with asyncio.timeout(60):
            while len(found) < 2:
                community, outcome = await heard.get()
                assert outcome.verdict is not None
                found[community] = outcome.verdict.ruling
        return found

    try:
        assert await rulings(0) == {"one": Ruling.REVIEW, "two": Ruling.REVIEW}
        await put(redis, STRICT, "one")
        await put(redis, MILD, "two")
        assert await rulings(1) == {"one": Ruling.ACT, "two": Ruling.ALLOW}
        await PolicyBook(redis).rollback("one", "file", by="anna")
        assert await rulings(2) == {"one": Ruling.REVIEW, "two": Ruling.ALLOW}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
