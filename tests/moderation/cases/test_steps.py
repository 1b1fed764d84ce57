"""The steps by which people share the work, against a real server: nothing is lost, doubled, or held by two."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Unreachable

from bot.redis_server import EmbeddedRedis, open_client
from moderation.cases import CaseBook, NoSuchCase, Settled, Steps, Taken, View, may_take, opening, settling
from moderation.cases.writes import asleep_key, cards_key, queue_key
from moderation.keys import key
from moderation.types import Case, Decision, Tier
from tests.moderation.cases.test_cases import COMMUNITY, case, decision, perform

SOON = timedelta(minutes=5)


async def opened(redis: Redis, *cases: Case) -> tuple[CaseBook, Steps]:
    for one in cases:
        await perform(redis, opening(one))
    return CaseBook(redis), Steps(redis)


async def found(redis: Redis, one: Case) -> Case:
    case = await CaseBook(redis).get(COMMUNITY, one.id)
    assert case is not None
    return case


async def test_who_gives_a_case_lets_go_and_may_take_it_back(redis: Redis) -> None:
    one = case()
    book, steps = await opened(redis, one)
    await book.claim(COMMUNITY, one.id, "anna")
    with pytest.raises(Taken, match="anna"):
        await steps.assign(COMMUNITY, one.id, "cleo", by="ben")
    await steps.assign(COMMUNITY, one.id, "ben", by="anna")
    given_ = await found(redis, one)
    assert (given_.assigned_to, given_.claimed_by) == ("ben", "")
    cards = await redis.xlen(cards_key(COMMUNITY))
    await steps.assign(COMMUNITY, one.id, "ben", by="anna")
    assert await redis.xlen(cards_key(COMMUNITY)) == cards  # a step done twice is told once
    await steps.assign(COMMUNITY, one.id, "", by="anna")
    assert (await found(redis, one)).assigned_to == ""


async def test_who_takes_a_case_for_themselves_keeps_it(redis: Redis) -> None:
    one = case()
    book, steps = await opened(redis, one)
    await book.claim(COMMUNITY, one.id, "anna")
    await steps.assign(COMMUNITY, one.id, "anna", by="anna")
    assert (await found(redis, one)).claimed_by == "anna"


async def test_a_case_sleeps_and_wakes_at_its_old_place(redis: Redis) -> None:
    old, young = case("old", age_s=3600), case("young")
    book, steps = await opened(redis, old, young)
    now = datetime.now(UTC)
    await book.claim(COMMUNITY, old.id, "anna")
    await steps.hold(COMMUNITY, old.id, now + SOON, by="anna")
    assert [one.id for one in await book.queue(COMMUNITY)] == [young.id]
    [sleeping] = await book.queue(COMMUNITY, view=View(asleep=True))
    assert (sleeping.id, sleeping.wake_at, sleeping.claimed_by) == (old.id, now + SOON, "")
    assert await steps.wake(COMMUNITY, now) == []
    assert await steps.wake(COMMUNITY, now + SOON) == [old.id]
    assert await steps.wake(COMMUNITY, now + SOON) == []
    assert [(one.id, one.wake_at) for one in await book.queue(COMMUNITY)] == [(old.id, None), (young.id, None)]


async def test_whoever_is_asked_about_a_sleeping_case_finds_it_awake(redis: Redis) -> None:
    one = case()
    book, steps = await opened(redis, one)
    await steps.hold(COMMUNITY, one.id, datetime.now(UTC) + SOON, by="anna")
    await steps.escalate(COMMUNITY, one.id, by="anna", asked="admin")
    assert [(woken.asked, woken.wake_at) for woken in await book.queue(COMMUNITY)] == [("admin", None)]


@pytest.mark.parametrize(
    ("asked", "assigned_to", "by", "tier", "may"),
    [
        (None, "", "anna", "helper", True),
        (None, "ben", "anna", "moderator", True),
        ("admin", "", "anna", "moderator", False),
        ("admin", "", "anna", "owner", True),
        ("admin", "anna", "anna", "moderator", True),
        ("owner", "ben", "anna", "admin", False),
    ],
)
def test_only_who_is_asked_may_take_a_case(
    asked: Tier | None, assigned_to: str, by: str, tier: Tier, may: bool
) -> None:
    one = case().model_copy(update={"asked": asked, "assigned_to": assigned_to})
    assert may_take(one, by, tier) is may


async def test_who_escalates_what_was_assigned_to_them_leaves_it_to_those_who_are_asked(redis: Redis) -> None:
    one = case()
    book, steps = await opened(redis, one)
    await steps.assign(COMMUNITY, one.id, "ben", by="anna")
    await book.claim(COMMUNITY, one.id, "ben")
    await steps.escalate(COMMUNITY, one.id, by="ben", asked="admin")
    assert (await found(redis, one)).claimed_by == ""
    assert await steps.next(COMMUNITY, "ben") is None
    offered = await steps.next(COMMUNITY, "anna", tier="admin")
    assert offered
    assert offered.id == one.id


async def test_next_offers_the_most_urgent_case_that_a_person_may_take(redis: Redis) -> None:
    kinds = ("held", "asleep", "skipped", "given", "asked", "seconded", "free")
    cases = {kind: case(kind, age_s=60 * number) for number, kind in enumerate(reversed(kinds))}
    book, steps = await opened(redis, *cases.values())
    await book.claim(COMMUNITY, cases["held"].id, "ben")
    await steps.hold(COMMUNITY, cases["asleep"].id, datetime.now(UTC) + SOON, by="ben")
    await steps.skip(COMMUNITY, cases["skipped"].id, by="anna")
    await steps.assign(COMMUNITY, cases["given"].id, "ben", by="cleo")
    await steps.escalate(COMMUNITY, cases["asked"].id, by="ben", asked="admin")
    await book.decide(COMMUNITY, decision(cases["seconded"], by="anna", action="ban"), seconded=True)

    async def offered(by: str, tier: Tier = "moderator") -> str:
        one = await steps.next(COMMUNITY, by, tier=tier)
        return one.subject.id if one else ""

    assert await offered("anna") == "free"
    assert await offered("anna", "admin") == "asked"
    assert await offered("ben") == "skipped"
    assert await offered("cleo") == "skipped"
    assert await offered("cleo", "helper") == ""
    await steps.assign(COMMUNITY, cases["asked"].id, "anna", by="lin")
    assert await offered("anna") == "asked"
    assert (await found(redis, cases["free"])).first_claimed_at is None


async def test_next_offers_nobody_an_appeal_against_their_own_decision(redis: Redis) -> None:
    first = case("first")
    appeal = case("appeal", "appeal").model_copy(update={"of": first.id})
    await perform(redis, settling(first, decision(first, by="anna")))
    _, steps = await opened(redis, appeal)
    assert await steps.next(COMMUNITY, "anna") is None
    assert await steps.next(COMMUNITY, "ben") == appeal


async def test_two_people_decide_what_needs_four_eyes(redis: Redis) -> None:
    one = case()
    book, _ = await opened(redis, one)
    await book.opine(COMMUNITY, decision(one, by="cleo", action="ban"))  # an opinion is no decision
    await book.claim(COMMUNITY, one.id, "anna")
    for _ in range(2):
        waiting = await book.decide(COMMUNITY, decision(one, by="anna", action="ban"), seconded=True)
        assert (waiting.state, waiting.claimed_by) == ("open", "")
        assert [said.by for said in waiting.opinions] == ["cleo", "anna"]
    assert await redis.xlen(key(COMMUNITY, "decisions", "0")) == 0
    settled = await book.decide(COMMUNITY, decision(one, by="ben", action="ban", strikes=1), seconded=True)
    assert settled.decision is not None
    assert (settled.state, settled.decision.by) == ("settled", "ben")
    with pytest.raises(Settled, match="ben"):
        await book.decide(COMMUNITY, decision(one, by="cleo", action="ban"), seconded=True)
    assert await redis.xlen(key(COMMUNITY, "decisions", "0")) == 1


async def test_the_second_may_decide_otherwise(redis: Redis) -> None:
    one = case()
    book, _ = await opened(redis, one)
    await book.decide(COMMUNITY, decision(one, by="anna", action="ban"), seconded=True)
    settled = await book.decide(COMMUNITY, decision(one, by="ben", action="dismiss"))
    assert (settled.state, [said.by for said in settled.opinions]) == ("settled", ["anna"])


async def test_an_opinion_is_the_last_that_a_person_had_and_settles_nothing(redis: Redis) -> None:
    one = case()
    book, _ = await opened(redis, one)
    await book.opine(COMMUNITY, decision(one, by="anna", action="ban"))
    again = await book.opine(COMMUNITY, decision(one, by="anna", action="dismiss"))
    assert (again.state, [said.action for said in again.opinions]) == ("open", ["dismiss"])
    await book.decide(COMMUNITY, decision(one, by="ben", action="remove"))
    with pytest.raises(Settled):
        await book.opine(COMMUNITY, decision(one, by="anna", action="ban"))


async def test_a_heartbeat_keeps_a_case_and_brings_no_lost_one_back(redis: Redis) -> None:
    one = case()
    book, _ = await opened(redis, one)
    first = (await book.claim(COMMUNITY, one.id, "anna")).first_claimed_at
    assert first is not None
    assert await book.beat(COMMUNITY, one.id, "anna")
    assert not await book.beat(COMMUNITY, one.id, "ben")
    await CaseBook(redis, lease_s=0).claim(COMMUNITY, one.id, "anna")  # a holder who dies at once
    assert not await book.beat(COMMUNITY, one.id, "anna")
    again = await book.claim(COMMUNITY, one.id, "ben")
    assert (again.claimed_by, again.first_claimed_at) == ("ben", first)


async def test_no_step_touches_what_is_decided_or_not_there(redis: Redis) -> None:
    one = case()
    book, steps = await opened(redis, one)
    await book.decide(COMMUNITY, decision(one))
    walks: list[Callable[[str], Awaitable[object]]] = [
        lambda id_: steps.assign(COMMUNITY, id_, "ben", by="anna"),
        lambda id_: steps.escalate(COMMUNITY, id_, by="anna", asked="admin"),
        lambda id_: steps.hold(COMMUNITY, id_, datetime.now(UTC), by="anna"),
        lambda id_: steps.skip(COMMUNITY, id_, by="anna"),
    ]
    for walk in walks:
        with pytest.raises(Settled, match="anna"):
            await walk(one.id)
        with pytest.raises(NoSuchCase):
            await walk("NOPE")
    assert await steps.wake(COMMUNITY, datetime.now(UTC) + SOON) == []


PEOPLE = ("anna", "ben", "cleo")
DOES = ("claim", "die", "beat", "release", "assign", "hold", "wake", "skip", "escalate", "decide", "ban", "opine")
WALKS = st.lists(st.tuples(st.sampled_from(DOES), st.sampled_from(PEOPLE), st.integers(0, 1)), max_size=25)


class Walk:
    """A sequence of steps on two cases, beside what should have come of it."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.cases = redis, [case("1"), case("2")]
        self.holders, self.settled, self.first = ["", ""], ["", ""], ["", ""]

    async def play(self, walked: list[tuple[str, str, int]]) -> None:
        self.book, self.steps = await opened(self.redis, *self.cases)
        for what, by, which in walked:
            try:
                await self._step(what, by, which)
            except Taken as fault:
                assert fault.holder == self.holders[which] != by
            except Settled as fault:
                assert fault.decision.by == self.settled[which]
            await self._check()

    async def _step(self, what: str, by: str, which: int) -> None:
        """One step, with what it does to the holder."""
        id_, one = self.cases[which].id, self.cases[which]
        match what:
            case "claim" | "die":
                book = self.book if what == "claim" else CaseBook(self.redis, lease_s=0)
                await book.claim(COMMUNITY, id_, by)
                self.holders[which] = by if what == "claim" else ""
            case "beat":
                assert await self.book.beat(COMMUNITY, id_, by) == (self.holders[which] == by)
            case "release":
                await self.book.release(COMMUNITY, id_, by)
                self._freed(by, which)
            case "assign":
                to = PEOPLE[(PEOPLE.index(by) + 1) % 3]
                await self.steps.assign(COMMUNITY, id_, to, by=by)
                self._freed(by, which)
            case "hold":
                await self.steps.hold(COMMUNITY, id_, datetime.now(UTC), by=by)
                self._freed(by, which)
            case "wake":
                await self.steps.wake(COMMUNITY, datetime.now(UTC) + SOON)
            case "skip":
                await self.steps.skip(COMMUNITY, id_, by=by)
                self._freed(by, which)
            case "escalate":
                await self.steps.escalate(COMMUNITY, id_, by=by, asked="admin")
                self._freed(by, which)
            case "opine":
                await self.book.opine(COMMUNITY, decision(one, by=by))
            case _:
                await self._decide(what, by, which)

    async def _decide(self, what: str, by: str, which: int) -> None:
        action = "ban" if what == "ban" else "dismiss"
        found = await self.book.decide(
            COMMUNITY, decision(self.cases[which], by=by, action=action), seconded=what == "ban"
        )
        assert not self.settled[which]
        first = self.first[which]
        if what == "ban" and first in ("", by):
            assert found.state == "open"
            self.first[which] = by
            if not first:
                self.holders[which] = ""
        else:
            assert found.state == "settled"
            self.settled[which], self.holders[which] = by, ""

    def _freed(self, by: str, which: int) -> None:
        if self.holders[which] == by:
            self.holders[which] = ""

    async def _check(self) -> None:
        """Every open case waits in one place, every settled one in none; one decision each, and one holder."""
        queue, asleep = queue_key(COMMUNITY), asleep_key(COMMUNITY)
        names = cast(list[str], await self.redis.zrange(queue, 0, -1) + await self.redis.zrange(asleep, 0, -1))
        unsettled = [one.id for one, by in zip(self.cases, self.settled, strict=True) if not by]
        assert sorted(names) == sorted(unsettled)
        assert await self.redis.xlen(key(COMMUNITY, "decisions", "0")) == sum(map(bool, self.settled))
        for one, holder in zip(self.cases, self.holders, strict=True):
            assert (await found(self.redis, one)).claimed_by == holder


@given(walked=WALKS)
@example(
    walked=[("claim", "anna", 0), ("hold", "anna", 0), ("claim", "ben", 0), ("ban", "ben", 0), ("wake", "anna", 0)]
)
@example(walked=[("assign", "anna", 1), ("claim", "ben", 1), ("escalate", "ben", 1)])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_steps_loses_and_doubles_nothing(
    server: EmbeddedRedis, walked: list[tuple[str, str, int]]
) -> None:
    async def play() -> None:
        async with open_client(server.url) as client:
            await client.flushall()
            await Walk(client).play(walked)

    asyncio.run(play())


async def persist(step: Callable[[], Awaitable[object]]) -> None:
    """A step, tried until the server is there to answer; who comes late or finds it taken goes on."""
    while True:
        try:
            await step()
        except Unreachable:
            await asyncio.sleep(0.01)
        except (Taken, Settled):
            return
        else:
            return


async def test_killed_holders_and_a_restarted_server_lose_and_double_nothing(tmp_path: Path) -> None:
    """Three people work on 30 cases, each dying over every third one, while the server stops and comes back."""
    server = EmbeddedRedis(tmp_path)
    url, cases = server.start(), [case(str(number)) for number in range(30)]
    try:
        async with open_client(url) as redis:
            book, steps = await opened(redis, *cases)
            dying = CaseBook(redis, lease_s=0.05)

            walked, enough = count(1), asyncio.Event()

            async def work(by: str, number: int) -> None:
                for at, one in enumerate(cases[number * 5 :] + cases[: number * 5]):
                    mine = Decision(case=one.id, action="remove", by=by)
                    kinds: list[Callable[[], Awaitable[object]]] = [
                        partial(dying.claim, COMMUNITY, one.id, by),
                        partial(steps.hold, COMMUNITY, one.id, datetime.now(UTC), by=by),
                        partial(book.decide, COMMUNITY, mine),
                    ]
                    await persist(kinds[(at + number) % 3])
                    if next(walked) == 20:
                        enough.set()

            async def restart() -> None:
                await enough.wait()
                await asyncio.to_thread(server.stop)
                assert next(walked) < 90  # the work is not done yet
                await asyncio.to_thread(server.start)

            await asyncio.gather(restart(), *(work(by, number) for number, by in enumerate(PEOPLE)))
            await steps.wake(COMMUNITY, datetime.now(UTC))
            await asyncio.sleep(0.06)
            waiting = await book.queue(COMMUNITY, 100)
            assert [one.claimed_by for one in waiting] == [""] * len(waiting)
            done = await book.recent(COMMUNITY, 100)
            assert sorted([one.id for one in (*waiting, *done)]) == sorted(one.id for one in cases)
            for one in waiting:
                await book.decide(COMMUNITY, Decision(case=one.id, action="remove", by="lin"))
            assert await book.counts(COMMUNITY) == (0, 0, 30)
            assert await redis.xlen(key(COMMUNITY, "decisions", "0")) == 30
    finally:
        server.stop()
