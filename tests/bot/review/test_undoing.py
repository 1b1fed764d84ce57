"""The way back: whatever was done to a member, taking it back leaves the member as if it had never been done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.adapters.web_room import Room
from bot.redis_server import open_client
from bot.review.effects import carrying_out
from bot.review.undoing import undo_all, undone
from bot.stream import Streams
from moderation.audit import AuditBook
from moderation.cases import CaseBook, opening, settling
from moderation.cases.undoing import Reversals, Wanted
from moderation.keys import Write, key
from moderation.members import MemberBook, Standing
from moderation.policy import load
from moderation.seals import Entry
from moderation.types import (
    ENFORCING,
    Action,
    Author,
    Case,
    Decision,
    Enforce,
    Message,
    Place,
    Say,
    Verdict,
    case_id,
)

PLACE = Place(platform="web", community="sample", channel="help", profile="help")
ANNA = "web:anna"
POLICY = load()


class Step(NamedTuple):
    """What is done to the member, and by whom."""

    action: Action
    by: str = "policy"


def message(number: int, by: str = "mallory") -> Message:
    return Message(id=f"m{number}", place=PLACE, author=Author(id=by, name=by.title()), text=f"返利500 {number}")


class Scene:
    """A member of the community's page, to whom things are done and taken back, with everything performed."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.reversals = Reversals(redis)
        self.room = Room(redis, Streams(redis).put_on, "sample", {"help": "help"})
        self.said: list[Say] = []

    async def write(self, writes: Iterable[Write]) -> None:
        for one in writes:
            await self.redis.execute_command(*one)

    async def perform(self, effects: Iterable[Say | Enforce]) -> None:
        for effect in effects:
            if isinstance(effect, Enforce):
                await self.room.enforce(effect)
            else:
                self.said.append(effect)

    async def do(self, number: int, step: Step, clause: str = "scam_fraud", by: str = "mallory") -> Case:
        """One case, opened and settled."""
        subject = message(number, by)
        verdict = Verdict(ruling="act", clause=clause, score=0.99, policy=f"{POLICY.name}@{POLICY.version}")
        case = Case(id=case_id("moderation", subject), kind="moderation", subject=subject, verdict=verdict)
        decision = Decision(
            case=case.id,
            action=step.action,
            by=step.by,
            reason=clause,
            seconds=3600 if step.action == "timeout" else 0,
            strikes=1 + number % 3,
        )
        if step.by == "policy":
            case = case.model_copy(update={"state": "settled", "decision": decision})
            await self.write(settling(case, decision))
        else:
            await self.write(opening(case))
            case = await CaseBook(self.redis).decide("sample", decision)
        await self.perform(carrying_out(POLICY, case, decision))
        return case

    async def take_back(self, case: Case) -> None:
        now = await CaseBook(self.redis).get("sample", case.id)
        assert now is not None
        back = await undone(self.reversals, now, Decision(case=case.id, action="overturn", by=ANNA))
        await self.write(back.writes)
        await self.perform(back.effects)

    async def state(self) -> tuple[Standing, str]:
        """The member's trust and strikes, and how the page keeps it from posting."""
        standing = await MemberBook(self.redis).standing(message(99))
        bar = await self.room.barred("mallory")
        return standing, "free" if bar is None else "for a time" if bar.until else "for good"


STEPS = st.lists(st.builds(Step, st.sampled_from(ENFORCING), st.sampled_from(["policy", "web:ben"])), max_size=6)


@given(steps=STEPS, data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_member_is_left_as_by_what_still_stands(redis_url: str, steps: Sequence[Step], data: st.DataObject) -> None:
    """Any sequence of actions, taken back in any order: after each reversal what stands counts, at last nothing."""
    order = data.draw(st.permutations(range(len(steps))))

    async def play() -> None:
        async with open_client(redis_url) as redis:
            await redis.flushall()
            scene = Scene(redis)
            start = await scene.state()
            cases = [await scene.do(number, step) for number, step in enumerate(steps)]
            standing = dict(enumerate(steps))
            for number in order:
                await scene.take_back(cases[number])
                await scene.take_back(cases[number])  # once more changes nothing
                del standing[number]
                now, barred = await scene.state()
                assert now.strikes == sum(1 + left % 3 for left in standing)
                assert barred == expected(standing.values())
            assert await scene.state() == start
            assert sum("reversed" in said.id for said in scene.said) == 2 * len(steps)

    asyncio.run(play())


def expected(standing: Iterable[Step]) -> str:
    actions = {step.action for step in standing}
    return "for good" if actions & {"mute", "ban"} else "for a time" if "timeout" in actions else "free"


def wanted(**more: str) -> Wanted:
    now = datetime.now(UTC) + timedelta(minutes=1)
    return Wanted(since=now - timedelta(hours=1), until=now, **more)


async def test_all_of_a_rule_is_found_by_clause_time_person_and_version(redis: Redis) -> None:
    scene = Scene(redis)
    first = await scene.do(0, Step("ban"))
    second = await scene.do(1, Step("warn", "web:ben"))
    await scene.do(2, Step("remove"), "abuse")
    gone = await scene.do(3, Step("mute"))
    await scene.take_back(gone)
    found = scene.reversals.found

    async def ids(chosen: Wanted) -> set[str]:
        return {case.id for case in await found("sample", chosen)}

    assert await ids(wanted(clause="scam_fraud")) == {first.id, second.id}
    assert await ids(wanted(clause="scam_fraud", by="policy")) == {first.id}
    assert await ids(wanted(by="web:ben")) == {second.id}
    assert len(await ids(wanted(policy_version=POLICY.version[:4]))) == 3
    assert await ids(wanted(policy_version="0000000000")) == set()
    old = datetime.now(UTC) - timedelta(hours=2)
    assert await ids(Wanted(since=old - timedelta(hours=1), until=old)) == set()
    assert await found("other", wanted()) == []


async def test_all_of_a_rule_goes_once_whoever_begins_again(redis: Redis) -> None:
    """Two operators at once, the first of whom dies half way: each case is taken back once, and each member told."""
    scene = Scene(redis)
    cases = [await scene.do(number, Step("ban"), by=f"member{number}") for number in range(6)]
    back = Decision(case="-", action="overturn", by="operator")
    half = await undo_all(scene.reversals, cases[:3], back)
    both = await asyncio.gather(*(undo_all(scene.reversals, cases, back) for _ in range(2)))
    assert (half, sum(both)) == (3, 3)
    assert await scene.reversals.found("sample", wanted()) == []
    told = cast(list[Entry], await redis.xrange(key("sample", "effects", "web")))
    assert sorted(Say.model_validate_json(fields["body"]).id for _, fields in told) == sorted(
        f"{case.id}:reversed" for case in cases
    )
    for _, fields in cast(list[Entry], await redis.xrange(key("sample", "enforcements", "web"))):
        await scene.room.enforce(Enforce.model_validate_json(fields["body"]))
    assert [await scene.room.barred(f"member{number}") for number in range(6)] == [None] * 6
    lines = await AuditBook(redis).read("sample", kind="undo")
    assert sorted(line.case for line in lines) == sorted(case.id for case in cases)
    assert {line.what for line in lines} == {"took back ban scam_fraud"}
    assert await redis.xlen(key("sample", "cards", "0")) >= len(cases)


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_ban_in_another_chat_is_no_matter_here(redis: Redis, platform: str) -> None:
    chats = [Place(platform=platform, community="sample", channel=f"-{n}", home=f"-{n}") for n in (1, 2)]
    cases = []
    for number, place in enumerate([chats[0], chats[0], chats[1]]):
        subject = message(number).model_copy(update={"place": place})
        decision = Decision(case=case_id("moderation", subject), action="ban", by="policy", strikes=1)
        cases.append(Case(id=decision.case, kind="moderation", subject=subject, state="settled", decision=decision))
        for one in settling(cases[-1], decision):
            await redis.execute_command(*one)
    reversals = Reversals(redis)
    assert [one.id for one in await reversals.standing(cases[0])] == [cases[1].id]
    assert await reversals.standing(cases[2]) == []
