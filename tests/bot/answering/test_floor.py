"""Whose turn it is, against a real server: bursts, exchanges, people at it, and the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.answering.floor import Floor, exchanging, giving_back, hearing
from bot.answering.manners import Manners
from bot.answering.people import FURTHER, OPEN_S, handing, settled
from bot.answering.questions import Speech
from bot.answering.talk import FOLLOW_S, Question
from bot.history import History, noting
from moderation.cases import CaseBook, opening
from moderation.keys import Write
from moderation.members import MemberBook
from moderation.types import Author, Case, CaseKind, Decision, Message, Place, case_id

NOW = datetime.now(UTC)


def said(id_: str, text: str = "多久？", by: str = "li", at: float = 0, **more: object) -> Message:
    place = Place(platform="web", community="sample", channel="help", profile="help")
    fields = {"id": id_, "place": place, "author": Author(id=by), "text": text}
    return Message.model_validate({**fields, "sent_at": NOW + timedelta(seconds=at), **more})


def floor(redis: Redis, **manners: Any) -> Floor:
    members, history = MemberBook(redis), History(redis)
    return Floor(redis, members, history, Manners(**{"burst_s": 0.05, **manners}))


def question(message: Message, *, unasked: bool = True, earlier: str = "") -> Question:
    return Question(message=message, unasked=unasked, earlier=earlier, heard_at=datetime.now(UTC))


async def write(redis: Redis, *writes: Iterable[Write]) -> None:
    for several in writes:
        for one in several:
            await redis.execute_command(*one)


async def test_a_burst_is_one_turn_and_is_taken_off_with_its_answer(redis: Redis) -> None:
    place = floor(redis, burst_s=3)
    parts = [said("1", "hi"), said("2", "退款多久", at=2), said("3", "几天？", at=4)]
    for part in parts:
        await write(redis, hearing(part, asked=part.id != "1"))
    first, last = [
        await place.turn(question(part).model_copy(update={"heard_at": NOW - timedelta(minutes=1)}))
        for part in parts[1:]
    ]
    assert (first.speak, first.writes) == (False, ())
    assert (last.speak, last.speech, last.message.text, last.message.id) == (
        True,
        Speech.QUESTION,
        "退款多久\n几天？",
        "3",
    )
    assert len(last.writes) == 3
    await write(redis, last.writes)
    assert not await redis.exists("x:{sample}:burst:web:help:li")


async def test_the_bot_waits_until_a_member_has_finished(redis: Redis) -> None:
    place, parts = (
        floor(redis, burst_s=0.3),
        [said("1", "退款多久"), said("2", "我是个人店", at=0.2), said("3", "普通件", at=0.4)],
    )
    await write(redis, hearing(parts[0], asked=True))
    turn = asyncio.create_task(place.turn(question(parts[0])))
    for part in parts[1:]:
        await asyncio.sleep(0.2)
        await write(redis, hearing(part, asked=False))
    assert (await turn).message.text == "退款多久\n我是个人店\n普通件"


async def test_an_edit_mends_a_waiting_question_and_one_that_did_not_pass_empties_it(redis: Redis) -> None:
    place, one = floor(redis), said("1", "退歀多久")
    await write(redis, hearing(one, asked=True), hearing(said("1", "退款多久", edit=1), asked=False))
    assert (await place.turn(question(one))).message.text == "退款多久"
    await write(redis, hearing(said("1", "a scam", edit=2), asked=False, passed=False))
    turn = await place.turn(question(one))
    assert (turn.speak, len(turn.writes)) == (False, 3)


async def test_a_question_leans_on_the_member_s_own_last_exchanges(redis: Redis) -> None:
    place = floor(redis)
    await write(redis, exchanging(said("1", "生鲜多久发货"), "48 小时"), exchanging(said("2", "who?", "wang"), "staff"))
    turn = await place.turn(question(said("3", "那超时呢？", at=60), earlier="我卖水产"))
    assert turn.history == ("生鲜多久发货", "48 小时", "我卖水产")
    assert (await place.turn(question(said("4", "那超时呢？", at=FOLLOW_S + 1)))).history == ()
    assert (await place.turn(question(said("5", by="zhao", at=60)))).history == ()


@pytest.mark.parametrize(("channel", "member"), [("a:b", "c"), ("a", "b:c")])
async def test_ids_with_colons_mix_no_two_members(redis: Redis, channel: str, member: str) -> None:
    def of(channel: str, member: str) -> Message:
        place = Place(platform="web", community="sample", channel=channel)
        return said("1").model_copy(update={"place": place, "author": Author(id=member)})

    await write(redis, exchanging(of("a:b", "c"), "c's"), exchanging(of("a", "b:c"), "b:c's"))
    turn = await floor(redis).turn(question(of(channel, member)))
    assert turn.history[1:] == (f"{member}'s",)


async def handed(redis: Redis, message: Message, kind: CaseKind = "handoff") -> Case:
    case = Case(id=case_id("handoff", message), kind=kind, subject=message)
    await write(redis, opening(case), handing(case))
    return case


@pytest.mark.parametrize(
    ("action", "after_s", "quiet"), [("answer", 60, True), ("answer", 301, False), ("dismiss", 1, False)]
)
async def test_the_bot_is_quiet_while_a_person_is_at_it_and_back_afterwards(
    redis: Redis, action: str, after_s: float, quiet: bool
) -> None:
    place, case = floor(redis), await handed(redis, said("1"))
    await CaseBook(redis).claim("sample", case.id, "anna")
    assert not (await place.turn(question(said("2", at=OPEN_S - 60)))).speak
    assert (await place.turn(question(said("2", at=OPEN_S + 60)))).speak
    assert (await place.turn(question(said("2", by="wang")))).speak
    assert (await place.turn(question(said("2", addressed=True), unasked=False))).speak
    decision = Decision.model_validate({"case": case.id, "action": action, "by": "anna", "at": NOW})
    await write(redis, settled(case, decision))
    assert (await place.turn(question(said("3", at=after_s)))).speak is not quiet


async def test_a_question_that_nobody_took_up_does_not_silence_the_bot_and_may_be_leant_on(redis: Redis) -> None:
    place, case = floor(redis), await handed(redis, said("1", "鲜花多久发货？"))
    turn = await place.turn(question(said("2", "那水果呢？", at=60)))
    assert (turn.speak, turn.history, turn.people.handed) == (True, ("鲜花多久发货？",), case)
    assert (await place.turn(question(said("2", "那水果呢？", at=FOLLOW_S + 1)))).history == ()
    spoken_to = await place.turn(question(said("2", addressed=True), unasked=False))
    assert (spoken_to.people.handed, spoken_to.history) == (None, ())


async def test_a_doubt_about_a_member_silences_the_bot_until_it_is_settled(redis: Redis) -> None:
    await handed(redis, said("1"), "moderation")
    turn = await floor(redis).turn(question(said("2", at=60)))
    assert (turn.speak, turn.writes) == (False, ())


async def test_whoever_took_a_question_up_learns_what_is_asked_further(redis: Redis) -> None:
    place, case, cases = floor(redis), await handed(redis, said("1")), CaseBook(redis)
    await cases.claim("sample", case.id, "anna")
    asked = [said(str(number), f"第 {number} 问？", at=number) for number in range(2, FURTHER + 3)]
    for one in (asked[0], *asked):
        await write(redis, (await place.turn(question(one))).writes)
    now = await cases.get("sample", case.id)
    assert now is not None
    assert now.further == tuple(asked[:FURTHER])


@pytest.mark.parametrize(("by", "at", "quiet"), [("anna", 100, True), ("wang", 100, False), ("anna", -301, False)])
async def test_an_admin_s_reply_keeps_the_bot_quiet(redis: Redis, by: str, at: float, quiet: bool) -> None:
    await MemberBook(redis).appoint("sample", "web:anna")
    await write(redis, noting(said("1", at=-400)), noting(said("2", "七天", by, at, reply_to="1")))
    assert (await floor(redis).turn(question(said("3", at=0)))).speak is not quiet
    assert (await floor(redis).turn(question(said("3", by="zhao")))).speak


async def test_the_budget_counts_a_message_once_and_holds_among_many(redis: Redis) -> None:
    place = floor(redis, per_hour=3)
    counted = await asyncio.gather(*(place.reserve(said(str(number % 8))) for number in range(32)))
    assert len({number % 8 for number, granted in enumerate(counted) if granted}) == 3
    assert sum(counted) == 12
    assert await redis.zcard("x:{sample}:unasked") == 3
    assert 0 < await redis.ttl("x:{sample}:unasked") <= 3600
    taken = next(number for number in range(8) if counted[number])
    await write(redis, [giving_back(said(str(taken)))])
    assert await place.reserve(said("new"))
    assert not await place.reserve(said(str(taken)))


async def test_the_budget_comes_back_after_an_hour(redis: Redis) -> None:
    place = floor(redis, per_hour=1)
    assert await place.reserve(said("1"))
    await redis.zadd("x:{sample}:unasked", {said("1").key: NOW.timestamp() - 3700})
    assert await place.reserve(said("2"))


plans = st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 12)), min_size=1, max_size=8)


@trying(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans, crashes=st.lists(st.booleans(), max_size=8))
async def test_crashes_and_redelivery_answer_nothing_twice_and_lose_nothing(
    redis: Redis, plan: Sequence[tuple[str, bool, int]], crashes: Sequence[bool]
) -> None:
    """A crash is a turn whose writes never came; the entry is then worked once more."""
    await redis.flushall()
    place, at, asked, answered = floor(redis, burst_s=0), 0, [], []
    place.manners = place.manners._replace(burst_s=3)
    for number, (by, asks, gap) in enumerate(plan):
        at += gap
        message = said(str(number), f"结算 {number} 多久？", by, at)
        await write(redis, hearing(message, asked=asks))
        if asks:
            asked.append(message)
    for number, message in enumerate(asked):
        entry = question(message).model_copy(update={"heard_at": NOW - timedelta(hours=1)})
        turn = await place.turn(entry)
        if number < len(crashes) and crashes[number]:
            assert await place.turn(entry) == turn
        if turn.speak:
            answered += turn.message.text.split("\n")
            await write(redis, turn.writes)
    assert len(answered) == len(set(answered))
    assert {message.text for message in asked} <= set(answered)
