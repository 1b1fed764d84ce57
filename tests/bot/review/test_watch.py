"""The watch with a frozen clock: a late case is told once, then to the next person, and never again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from redis.asyncio import Redis

from bot.groups.communities import Community
from bot.review.duty import coming, going
from bot.review.watch import Watch
from moderation.cases import CaseBook, Steps, opening
from moderation.cases.clocks import dated
from moderation.cases.lateness import Lateness, next_at
from moderation.keys import Write, key
from moderation.members import admin
from moderation.policy import Policy, load, parse
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Say, Verdict, effects
from tests.bot.test_router import StubBench, books

OPENED = datetime(2026, 11, 20, 16, 50, tzinfo=UTC)
"""A Friday."""
OFFICE = parse('extends = "default"\n[review]\nhours = "Mon-Fri 09:00-17:00"\n', "p")
WORDS = "some words that nobody may read at the desk"
ANNA, BEN, SAM = admin("web", "anna"), admin("web", "ben"), "console-1"


@dataclass
class House:
    """A community with its desk in #staff of the web chat, and a clock that stands."""

    redis: Redis
    policy: Policy
    now: datetime = OPENED

    def watch(self) -> Watch:
        async def now() -> datetime:
            return self.now

        return Watch(books(self.redis), StubBench(self.policy), clock=now)

    async def write(self, *writes: Write) -> None:
        for one in writes:
            await self.redis.execute_command(*one)

    async def open(self, id_: str = "1", clause: str = "abuse", severity: int = 3) -> Case:
        place = Place(platform="web", community="sample", channel="help", title="help")
        said = Message(id=id_, place=place, author=Author(id="li", name="Li"), text=WORDS)
        verdict = Verdict(ruling=Ruling.REVIEW, clause=clause)
        case = Case(id=f"7KQF2M9{id_}", kind="moderation", subject=said, verdict=verdict, opened_at=self.now)
        case = dated(self.policy, case.model_copy(update={"severity": severity}))
        await self.write(*opening(case))
        return case

    async def look(self, *, after: timedelta = timedelta()) -> list[Say]:
        """What is said at the desk by a look, `after` that time has passed."""
        self.now += after
        before = len(await self.said())
        await self.watch().look("sample")
        return (await self.said())[before:]

    async def said(self) -> list[Say]:
        rows = cast(list[tuple[str, dict[str, str]]], await self.redis.xrange(key("sample", "effects", "web")))
        said = [effects.validate_json(fields["body"]) for _, fields in rows]
        return [one for one in said if isinstance(one, Say)]


@pytest.fixture
async def house(redis: Redis) -> House:
    await books(redis).communities.keep(Community(name="sample", desk="web:staff"))
    made = House(redis, load())
    for person in (BEN, ANNA):
        await made.write(*coming("sample", person, person.partition(":")[2].title(), made.now))
        made.now += timedelta(seconds=1)
    return made


async def test_a_late_case_is_told_once_then_to_the_next_and_never_again(house: House) -> None:
    case = await house.open()
    assert await house.look(after=timedelta(hours=3, minutes=59)) == []
    [first] = await house.look(after=timedelta(minutes=1))
    assert (first.to, first.rings, first.place.channel, first.case) == ("ben", True, "staff", case.id)
    assert WORDS not in first.text
    assert "/case 7KQF2M91" in first.text
    assert await house.look(after=timedelta(minutes=14)) == []
    [second] = await house.look(after=timedelta(minutes=1))
    assert (second.to, second.id != first.id) == ("anna", True)
    for _ in range(5):
        assert await house.look(after=timedelta(hours=5)) == []
    assert (await CaseBook(house.redis).get("sample", case.id) or case).late == 2


async def test_many_workers_tell_once(house: House) -> None:
    case = await house.open()
    house.now += timedelta(hours=5)
    await asyncio.gather(*(house.watch().look("sample") for _ in range(12)))
    assert [one.id for one in await house.said()] == [f"{case.id}:late:1"]


async def test_who_dies_before_writing_leaves_it_to_another_and_comes_back_too_late(house: House) -> None:
    case = await house.open()
    house.now += timedelta(hours=5)
    [read] = await Lateness(house.redis).due("sample", house.now)  # and dies here
    assert [one.to for one in await house.look()] == ["ben"]
    assert not await Lateness(house.redis).write(read, [next_at(case, None)])
    [second] = await house.look(after=timedelta(minutes=15))
    assert second.to == "anna"


async def test_who_has_it_comes_first_then_who_was_given_it(house: House) -> None:
    case = await house.open()
    await Steps(house.redis).assign("sample", case.id, SAM, by=ANNA)
    await house.write(("HSET", key("sample", "moderators"), SAM, "Sam"))
    await CaseBook(house.redis, lease_s=1000).claim("sample", case.id, ANNA)
    told = [await house.look(after=timedelta(hours=4))] + [await house.look(after=timedelta(minutes=15)) for _ in "123"]
    assert [[one.to for one in says] for says in told] == [["anna"], [None], ["ben"], []]
    assert told[1][0].text.startswith("Sam: ")
    assert not told[1][0].rings


async def test_who_went_off_duty_or_passed_it_by_is_left_alone(house: House) -> None:
    case = await house.open()
    await Steps(house.redis).skip("sample", case.id, by=BEN)
    await house.write(going("sample", ANNA))
    [nobody] = await house.look(after=timedelta(hours=4))
    assert (nobody.to, nobody.rings) == (None, False)
    assert await house.look(after=timedelta(days=2)) == []


async def test_a_decided_case_is_nobodys_concern(house: House) -> None:
    case = await house.open()
    await CaseBook(house.redis).decide("sample", Decision(case=case.id, action="dismiss", by=ANNA))
    assert await house.look(after=timedelta(days=1)) == []
    assert await house.redis.zcard(key("sample", "due")) == 0


async def test_a_sleeping_case_is_not_late_and_wakes_in_time(house: House) -> None:
    case = await house.open()
    wakes = house.now + timedelta(days=1)
    await Steps(house.redis).hold("sample", case.id, wakes, by=ANNA)
    assert await house.look(after=timedelta(hours=12)) == []
    assert await CaseBook(house.redis).queue("sample") == []
    [told] = await house.look(after=timedelta(hours=12))
    assert told.to == "ben"
    assert [one.id for one in await CaseBook(house.redis).queue("sample")] == [case.id]


async def test_nobody_is_called_outside_the_hours_but_for_a_danger(house: House) -> None:
    house.policy, house.now = OFFICE, OPENED
    await house.open("1", "abuse", 3)
    danger = await house.open("2", "distress", 5)
    [told] = await house.look(after=timedelta(minutes=20))
    assert told.case == danger.id
    assert [one.case for one in await house.look(after=timedelta(minutes=15))] == [danger.id]
    assert await house.look(after=timedelta(days=2)) == []  # Sunday
    [monday] = await house.look(after=datetime(2026, 11, 23, 12, 50, tzinfo=UTC) - house.now)
    assert monday.to == "ben"
    assert "overdue" in monday.text


async def test_without_a_desk_nobody_is_told(house: House) -> None:
    await books(house.redis).communities.keep(Community(name="sample"))
    await house.open()
    assert await house.look(after=timedelta(days=1)) == []


async def test_it_goes_by_the_servers_clock_by_itself(house: House) -> None:
    house.now = datetime.now(UTC) - timedelta(hours=5)
    await house.open()
    await house.write(("SADD", "x:communities", "sample"))
    task = asyncio.create_task(Watch(books(house.redis), StubBench(house.policy), every_s=0.01).run())
    async with asyncio.timeout(20):
        while not await house.said():
            await asyncio.sleep(0.01)
    task.cancel()
    assert [one.to for one in await house.said()] == ["ben"]
