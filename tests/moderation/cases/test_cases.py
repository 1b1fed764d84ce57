"""The case book against a real server: one decision wins, leases run out, and the order of the queue."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.redis_server import EmbeddedRedis, open_client
from moderation.cases import CaseBook, NoSuchCase, Settled, Taken, opening, settling, strikes_key
from moderation.keys import Write, key
from moderation.types import Author, Case, CaseKind, Decision, Message, Place, case_id

COMMUNITY = "sample"


def message(id_: str = "1", text: str = "加微信返利") -> Message:
    place = Place(platform="web", community=COMMUNITY, channel="help", profile="help")
    return Message(id=id_, place=place, author=Author(id="li", name="小李"), text=text)


def case(id_: str = "1", kind: CaseKind = "moderation", age_s: float = 0) -> Case:
    subject = message(id_)
    opened_at = datetime.now(UTC) - timedelta(seconds=age_s)
    return Case(id=case_id(kind, subject), kind=kind, subject=subject, opened_at=opened_at)


def decision(of: Case, by: str = "anna", action: str = "remove", strikes: int = 0) -> Decision:
    return Decision.model_validate({"case": of.id, "action": action, "by": by, "strikes": strikes})


async def perform(redis: Redis, writes: list[Write]) -> None:
    for write in writes:
        await redis.execute_command(*write)


async def test_an_opened_case_waits_and_reads_back_as_it_was(redis: Redis) -> None:
    book, one = CaseBook(redis), case()
    await perform(redis, opening(one, severity=3))
    severe = one.model_copy(update={"severity": 3})
    assert await book.get(COMMUNITY, one.id) == severe
    assert await book.queue(COMMUNITY) == [severe]
    assert await book.counts(COMMUNITY) == (1, 0, 0)


async def test_the_queue_shows_the_severe_first_and_then_the_old(redis: Redis) -> None:
    book = CaseBook(redis)
    young, old, severe = case("young"), case("old", age_s=3600), case("severe")
    for one, severity in ((young, 2), (old, 2), (severe, 5)):
        await perform(redis, opening(one, severity))
    assert [one.subject.id for one in await book.queue(COMMUNITY)] == ["severe", "old", "young"]


async def test_only_one_of_many_decisions_wins_and_the_others_learn_who_did(redis: Redis) -> None:
    book, one = CaseBook(redis), case()
    await perform(redis, opening(one))
    tries = [book.decide(COMMUNITY, decision(one, by=f"moderator{number}")) for number in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    winners = [result for result in results if isinstance(result, Case)]
    losers = [result for result in results if isinstance(result, Settled)]
    assert (len(winners), len(losers)) == (1, 19)
    assert winners[0].decision is not None
    assert {loser.decision.by for loser in losers} == {winners[0].decision.by}
    assert await redis.xlen(key(COMMUNITY, "decisions", "0")) == 1
    assert await book.counts(COMMUNITY) == (0, 0, 1)


async def test_the_same_decision_twice_is_one(redis: Redis) -> None:
    book, one = CaseBook(redis), case()
    await perform(redis, opening(one))
    mine = decision(one, strikes=1)
    assert await book.decide(COMMUNITY, mine) == await book.decide(COMMUNITY, mine)
    assert await redis.xlen(key(COMMUNITY, "decisions", "0")) == 1


async def test_a_claim_keeps_others_off_until_it_is_released(redis: Redis) -> None:
    book, one = CaseBook(redis), case()
    await perform(redis, opening(one))
    held = await book.claim(COMMUNITY, one.id, "anna")
    assert held.claimed_by == "anna"
    with pytest.raises(Taken, match="anna"):
        await book.claim(COMMUNITY, one.id, "ben")
    with pytest.raises(Taken, match="anna"):
        await book.decide(COMMUNITY, decision(one, by="ben"))
    await book.release(COMMUNITY, one.id, "ben")
    assert (await book.queue(COMMUNITY))[0].claimed_by == "anna"
    await book.release(COMMUNITY, one.id, "anna")
    assert (await book.claim(COMMUNITY, one.id, "ben")).claimed_by == "ben"


async def test_a_lost_holder_returns_the_case(redis: Redis) -> None:
    book, one = CaseBook(redis, lease_s=0.05), case()
    await perform(redis, opening(one))
    await book.claim(COMMUNITY, one.id, "anna")
    await asyncio.sleep(0.1)
    assert (await book.queue(COMMUNITY))[0].claimed_by == ""
    assert (await book.claim(COMMUNITY, one.id, "ben")).claimed_by == "ben"


async def test_a_case_that_is_not_there_cannot_be_worked(redis: Redis) -> None:
    book = CaseBook(redis)
    with pytest.raises(NoSuchCase, match="look at the queue"):
        await book.claim(COMMUNITY, "NOPE", "anna")
    with pytest.raises(NoSuchCase):
        await book.decide(COMMUNITY, decision(case()))


async def test_settling_by_policy_is_on_record_with_its_strikes_and_never_waits(redis: Redis) -> None:
    book, one = CaseBook(redis), case()
    by_policy = decision(one, by="policy", strikes=2)
    await perform(redis, settling(one, by_policy))
    assert await book.queue(COMMUNITY) == []
    recent = await book.recent(COMMUNITY)
    assert [(found.state, found.decision) for found in recent] == [("settled", by_policy)]
    assert await redis.zrange(strikes_key(COMMUNITY, "li"), 0, -1) == [f"{one.id}:2"]


async def test_changes_are_told_live(redis: Redis) -> None:
    book, one = CaseBook(redis), case()
    heard: list[str] = []

    async def listen() -> None:
        async for changed in book.changes(COMMUNITY):
            heard.append(changed)
            if len(heard) == 2:
                return

    listening = asyncio.create_task(listen())
    while await redis.pubsub_numsub(key(COMMUNITY, "changed")) != [(key(COMMUNITY, "changed"), 1)]:
        await asyncio.sleep(0.01)
    await perform(redis, opening(one))
    await book.decide(COMMUNITY, decision(one))
    await asyncio.wait_for(listening, 60)
    assert heard == [one.id, one.id]


STEPS = st.lists(st.tuples(st.sampled_from(["claim", "release", "decide"]), st.sampled_from("abc")), max_size=12)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_steps_settles_a_case_at_most_once(server: EmbeddedRedis, steps: list[tuple[str, str]]) -> None:
    async def play() -> None:
        async with open_client(server.url) as client:
            await client.flushall()
            book, one = CaseBook(client), case()
            await perform(client, opening(one))
            holder, settled_by = "", ""
            for step, who in steps:
                try:
                    if step == "claim":
                        await book.claim(COMMUNITY, one.id, who)
                        holder = who
                    elif step == "release":
                        await book.release(COMMUNITY, one.id, who)
                        holder = "" if holder == who else holder
                    else:
                        await book.decide(COMMUNITY, decision(one, by=who))
                        assert not settled_by
                        settled_by = who
                except Taken as taken:
                    assert taken.holder == holder != who
                except Settled as settled:
                    assert settled.decision.by == settled_by
            counts = await book.counts(COMMUNITY)
            assert counts.open + counts.settled == 1
            assert bool(settled_by) == bool(counts.settled)
            assert await client.xlen(key(COMMUNITY, "decisions", "0")) == counts.settled

    asyncio.run(play())
