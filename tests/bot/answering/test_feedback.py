"""Votes under answers, from the question to the case, with the real streams, books and worker; the model is a stub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.answering.feedback import KEPT, FeedbackBook, Tally, recording
from bot.answering.voting import Votes
from bot.history import History
from bot.outcome import Outcome
from bot.redis_server import EmbeddedRedis, open_client
from bot.report import line
from bot.stream import VOTES, Entry, Streams, names, voting
from bot.worker import Worker
from moderation.cases import CaseBook
from moderation.keys import key
from moderation.policy import load
from moderation.types import Choice, Decision, Message, Passage, Place, Reply, Say, Vote, effects
from tests.bot.test_router import PASSAGE, StubBench, books, message, router

ASKS = "结算周期是多久？"
TODAY = datetime.now(UTC).date()
Told = list[tuple[Message, Outcome]]


def vote(member: str, choice: Choice, answer: str = "web:help:m1:0:answer") -> Vote:
    return Vote(community="sample", answer=answer, member=member, name=member.title(), choice=choice)


def votes(redis: Redis) -> Votes:
    return Votes(FeedbackBook(redis), CaseBook(redis), History(redis), StubBench(load()))


@asynccontextmanager
async def working(redis: Redis, told: Told, **answering: object) -> AsyncIterator[None]:
    """A real worker, until the block ends."""
    streams = Streams(redis)
    await streams.register("sample")
    walk = router(redis, **answering)  # type: ignore[arg-type]
    worker = Worker(walk, books(redis), StubBench(load()), lambda *what: told.append(what))
    task = asyncio.create_task(worker.run())
    yield
    task.cancel()
    await asyncio.wait([task])


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await met():
            await asyncio.sleep(0.01)


async def done(redis: Redis) -> None:
    """Wait until every message, question and vote is dealt with."""

    async def empty() -> bool:
        waiting = await Streams(redis).backlog("sample")
        assert not waiting.pop("dead")
        return not any(waiting.values())

    await until(empty)


async def spoken(redis: Redis) -> list[Say]:
    rows = cast(list[tuple[str, dict[str, str]]], await redis.xrange(key("sample", "effects", "web")))
    said = [effects.validate_json(fields["body"]) for _, fields in rows]
    return [effect for effect in said if isinstance(effect, Say)]


async def totals(redis: Redis) -> Tally:
    found = await FeedbackBook(redis).days("sample", TODAY - timedelta(days=1), TODAY + timedelta(days=1))
    return found[0].total if found else Tally()


async def test_a_question_its_answer_two_members_votes_and_a_person(redis: Redis) -> None:
    streams, book, told = Streams(redis), FeedbackBook(redis), Told()
    async with working(redis, told):
        await streams.put(message(ASKS))
        await done(redis)
        [answer] = await spoken(redis)
        assert (answer.id, answer.votable) == ("web:help:m1:0:answer", True)
        assert await totals(redis) == Tally(answered=1)

        for member, choice in (("li", "up"), ("wang", "up"), ("wang", "up"), ("wang", "down")):
            await streams.vote(vote(member, choice))  # type: ignore[arg-type]
        await done(redis)
        assert await book.tally("sample", answer.id) == await totals(redis) == Tally(1, up=1, down=1)
        assert await book.choice("sample", answer.id, "wang") == "down"
        assert (await CaseBook(redis).counts("sample")).open == 0  # a thumb down calls nobody
        assert len(await spoken(redis)) == 1

        for member in ("wang", "zhao", "wang"):
            await streams.vote(vote(member, "person"))
        await done(redis)
        assert await totals(redis) == Tally(1, up=1, down=0, person=2)

    [case] = await CaseBook(redis).queue("sample")
    assert (case.kind, case.subject.text) == ("handoff", ASKS)
    assert case.reply is not None
    assert (case.reply.why, case.reply.text, case.reply.passages) == ("asked_for_a_person", "T+7", (PASSAGE,))
    notices = (await spoken(redis))[1:]
    assert [(one.kind, one.to, one.reply_to, one.case) for one in notices] == [
        ("handoff", member, "m1", case.id) for member in ("wang", "zhao")
    ]
    assert all(case.id in one.text and "管理员" in one.text and not one.votable for one in notices)
    [day] = await book.days("sample", TODAY - timedelta(days=1), TODAY + timedelta(days=1))
    assert day.documents == {PASSAGE.document: day.total}
    assert [outcome.fate for _, outcome in told[2:]] == ["voted", "voted", "voted", "escalated", "voted"]
    printed = " ".join(line(*one).plain for one in told)
    assert not any(name in printed for name in ("li", "wang", "zhao", "Wang", ASKS))


async def test_who_asks_after_the_case_is_settled_is_told_so_and_opens_nothing(redis: Redis) -> None:
    streams, cases = Streams(redis), CaseBook(redis)
    async with working(redis, []):
        await streams.put(message("What does it cost?"))
        await done(redis)
        await streams.vote(vote("li", "person"))
        await done(redis)
        [case] = await cases.queue("sample")
        await cases.decide("sample", Decision(case=case.id, action="answer", by="anna", text="¥2"))
        await streams.vote(vote("wang", "person"))
        await done(redis)
    assert await cases.counts("sample") == (0, 0, 1)
    soon, _, late = (await spoken(redis))[1:]
    assert (soon.to, late.to) == ("li", "wang")
    assert soon.text.startswith("A person will look")
    assert late.text.startswith("A moderator has already looked")


@pytest.mark.parametrize("text", ["谢谢小二", "你好", "你是谁"])
async def test_small_talk_and_hand_offs_cannot_be_voted_on(redis: Redis, text: str) -> None:
    async with working(redis, [], sure=False):
        await Streams(redis).put(message(text, addressed=True))
        await Streams(redis).put(message(ASKS, id_="m2", author={"id": "zhao"}))
        await done(redis)
    assert [(one.kind, one.votable) for one in await spoken(redis)] == [("answer", False), ("handoff", False)]
    assert not await redis.keys(key("sample", "answered", "*"))
    assert await totals(redis) == Tally()


async def test_a_vote_on_what_is_unknown_or_too_old_changes_nothing(redis: Redis) -> None:
    streams = Streams(redis)
    async with working(redis, []):
        await streams.put(message(ASKS))
        await done(redis)
        record = key("sample", "answered", "web:help:m1:0:answer")
        assert 0 < await redis.ttl(record) <= KEPT.total_seconds()
        await streams.vote(vote("li", "up"))
        await done(redis)
        assert 0 < await redis.ttl(key("sample", "ballot", "web:help:m1:0:answer")) <= KEPT.total_seconds()
        await redis.delete(record)
        for answer in ("web:help:m1:0:answer", "web:help:m7:0:answer", "}"):
            await streams.vote(vote("wang", "person", answer))
        await done(redis)
    assert await totals(redis) == Tally(1, up=1)
    assert (await CaseBook(redis).counts("sample")).open == 0
    assert len(await spoken(redis)) == 1


async def test_a_worker_that_died_between_read_and_ack_leaves_one_vote(redis: Redis) -> None:
    streams, [stream] = Streams(redis, lease_s=0.2), names("sample", [VOTES])
    async with working(redis, []):
        await streams.put(message(ASKS))
        await done(redis)
    await streams.vote(vote("li", "person"))
    entry, writes = await read(redis, streams, stream, "dead")  # and now it is killed, before it can commit
    await until(lambda: streams.lease(stream, "alive"))
    [again] = await streams.pending(stream, "0", 10)
    assert again == entry
    assert not await streams.commit(entry, "dead", writes)
    assert await streams.commit(again, "alive", writes)
    assert not await streams.commit(again, "alive", writes)
    assert await totals(redis) == Tally(1, person=1)
    assert (await CaseBook(redis).counts("sample")).open == 1


async def read(redis: Redis, streams: Streams, stream: str, owner: str) -> tuple[Entry, list[tuple[str, ...]]]:
    """The next vote, with what a worker would write for it."""
    assert await streams.lease(stream, owner)
    await streams.ready(stream)
    [entry] = await streams.fresh([stream], 1, 10)
    counted = await votes(redis).count(Vote.model_validate_json(entry.body))
    assert counted
    return entry, list(counted[1].writes)


CAST = st.lists(
    st.tuples(st.sampled_from(["li", "wang", "zhao"]), st.sampled_from(["m1", "m2"]), st.sampled_from(["up", "down"])),
    max_size=12,
)


@given(cast=CAST, twice=st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_totals_are_what_members_vote_now_in_whatever_order_and_however_often(
    server: EmbeddedRedis, cast: list[tuple[str, str, Choice]], twice: list[bool]
) -> None:
    async def play() -> None:
        async with open_client(server.url) as client:
            await client.flushall()
            for one in ("m1", "m2"):
                await answer(client, one)
            now: dict[tuple[str, str], Choice] = {}
            for (member, on, choice), again in zip(cast, twice, strict=False):
                now[member, on] = choice
                for _ in range(1 + again):
                    if counted := await votes(client).count(vote(member, choice, f"{on}:answer")):
                        for write in counted[1].writes:
                            await client.execute_command(*write)
            [day] = await FeedbackBook(client).days("sample", TODAY - timedelta(days=1), TODAY + timedelta(days=1))
            standing = list(now.values())
            assert day.total == Tally(2, standing.count("up"), standing.count("down"))
            assert {name: (tally.answered, tally.up) for name, tally in day.documents.items()} == {
                "both": (2, standing.count("up")),
                **{f"{on} only.md": (1, list_of(now, on).count("up")) for on in ("m1", "m2")},
            }

    asyncio.run(play())


def list_of(now: dict[tuple[str, str], Choice], on: str) -> list[Choice]:
    return [choice for (_, answer_), choice in now.items() if answer_ == on]


async def answer(client: Redis, id_: str) -> None:
    """An answer on record that quotes two documents."""
    passages = tuple(Passage(document=name, title=name, text=name, lang="en") for name in ("both", f"{id_} only.md"))
    asked = message(ASKS, id_=id_)
    said = Say(id=f"{id_}:answer", place=asked.place, text="T+7", kind="answer", passages=passages)
    for write in recording(said, asked, Reply(text="T+7", passages=passages)):
        await client.execute_command(*write)


def test_a_vote_survives_its_trip_and_keeps_to_its_answer() -> None:
    cast = vote("li", "person")
    command, stream, _, _, order, _, body = voting(cast)
    assert (command, [stream], order) == ("XADD", names("sample", [VOTES]), cast.answer)
    assert Vote.model_validate_json(body) == cast


@pytest.mark.parametrize("kind", ["answer", "notice", "handoff", "moderator"])
def test_only_an_answer_with_a_source_carries_buttons(kind: str) -> None:
    place = Place(platform="web", community="sample", channel="help")
    said = Say.model_validate({"id": "s", "place": place, "text": "T+7", "kind": kind, "passages": [PASSAGE]})
    assert said.votable == (kind == "answer")
    assert not said.model_copy(update={"passages": ()}).votable
