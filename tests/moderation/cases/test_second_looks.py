"""Blind second looks against a real server: who may look at what, and that nothing tells the decision."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from moderation.cases import CaseBook, CaseError, NoSuchCase, opening, reversing, settling
from moderation.cases.second_looks import LOOKS, NoLook, SecondLooks, blind, sampled
from moderation.keys import key
from moderation.types import ENFORCING, Action, Case, CaseKind, Decision, Remark, Ruling, Signal, Verdict, case_id
from tests.moderation.reviewed import COMMUNITY, decided, look, opened

SHOWN = {"id", "kind", "subject", "context", "verdict", "copies", "opened_at"}
"""The fields of a case that a second look shows; all others are as in a new one."""
TELLTALE = "telltale"


async def settle(
    redis: Redis, number: int = 1, by: str = "web:anna", *, days: float = 1, kind: CaseKind = "moderation"
) -> Case:
    """A case on record that was settled so many days ago."""
    case = decided(opened(number, datetime.now(UTC) - timedelta(days=days), kind=kind), by=by, after_s=0)
    assert case.decision is not None
    for write in settling(case, case.decision):
        await redis.execute_command(*write)
    return case


async def picked(redis: Redis, by: str = "web:cy", share: float = 1.0) -> str | None:
    """The message's id of the case that this person is given."""
    case = await SecondLooks(redis).pick(COMMUNITY, by, share=share)
    return case.subject.id if case else None


async def answer(redis: Redis, case: Case, by: str, action: Action = "dismiss") -> Case:
    return await SecondLooks(redis).answer(COMMUNITY, look(case, action, by))


async def test_the_oldest_case_of_the_last_days_is_given_to_one_at_a_time(redis: Redis) -> None:
    for number, days in ((1, 15), (2, 13), (3, 2), (4, 1)):
        await settle(redis, number, "policy", days=days)
    assert [await picked(redis, by) for by in ("web:cy", "web:di", "web:ed", "web:fay")] == ["2", "3", "4", None]
    assert await picked(redis, "web:cy") == "2"
    assert [await picked(redis, by) for by in ("web:di", "web:ed")] == ["3", "4"]


async def test_who_had_a_part_in_a_case_is_never_given_it(redis: Redis) -> None:
    cases = CaseBook(redis)
    case = opened(1, datetime.now(UTC))
    appeal = opened(2, datetime.now(UTC), kind="appeal").model_copy(
        update={"id": case_id("appeal", case.subject), "of": case.id}
    )
    for write in (*opening(case), *opening(appeal)):
        await redis.execute_command(*write)
    await cases.opine(COMMUNITY, look(case, "ban", "web:ben"))
    settled = await cases.decide(COMMUNITY, look(case, "remove", "web:anna"))
    await cases.decide(COMMUNITY, Decision(case=appeal.id, action="uphold", by="web:di"))
    back = Decision(case=case.id, action="overturn", by="web:ed")
    for write in reversing(settled, back):
        await redis.execute_command(*write)
    for by in ("web:anna", "web:ben", "web:di", "web:ed", "web:li"):  # Li wrote the message
        assert await picked(redis, by) is None
        with pytest.raises(NoLook, match="part in its decision"):
            await answer(redis, case, by)
    assert await picked(redis, "web:cy") == "1"


async def test_two_people_look_once_each_and_the_case_is_as_before(redis: Redis) -> None:
    settled, cases = await settle(redis), CaseBook(redis)
    before, strikes = await cases.get(COMMUNITY, settled.id), await redis.keys("*strikes*")
    assert before is not None
    assert await picked(redis, "web:cy") == "1"
    with pytest.raises(NoLook, match="somebody else"):
        await answer(redis, settled, "web:di")
    mine = look(settled, "ban")
    first = await SecondLooks(redis).answer(COMMUNITY, mine)
    assert first == await SecondLooks(redis).answer(COMMUNITY, mine) == before.model_copy(update={"after": (mine,)})
    with pytest.raises(NoLook, match="looked at it before"):
        await answer(redis, settled, "web:cy", "dismiss")
    assert await picked(redis, "web:cy") is None
    assert await picked(redis, "web:di") == "1"
    both = await answer(redis, settled, "web:di")
    assert [(one.by, one.action) for one in both.after] == [("web:cy", "ban"), ("web:di", "dismiss")]
    assert len(both.after) == LOOKS
    assert await picked(redis, "web:ed") is None
    with pytest.raises(NoLook, match="enough people"):
        await answer(redis, settled, "web:ed")
    assert both.model_copy(update={"after": ()}) == before
    assert await redis.keys("*strikes*") == strikes
    assert await redis.exists(key(COMMUNITY, "decisions", "0")) == 0


async def test_a_lost_looker_returns_the_case(redis: Redis) -> None:
    await settle(redis)
    looks = SecondLooks(redis, lease_s=0.05)
    assert await looks.pick(COMMUNITY, "web:cy", share=1) is not None
    assert await looks.pick(COMMUNITY, "web:di", share=1) is None
    await asyncio.sleep(0.1)
    assert await looks.pick(COMMUNITY, "web:di", share=1) is not None


async def test_of_many_who_ask_at_once_one_gets_the_case(redis: Redis) -> None:
    await settle(redis)
    found = await asyncio.gather(*(picked(redis, f"web:{number}") for number in range(8)))
    assert sorted(filter(None, found)) == ["1"]


async def test_only_settled_cases_about_messages_are_looked_at(redis: Redis) -> None:
    question, waiting = await settle(redis, 1, kind="handoff"), opened(2)
    for write in opening(waiting):
        await redis.execute_command(*write)
    assert await picked(redis) is None
    for case in (question, waiting, opened(3)):
        with pytest.raises(NoSuchCase):
            await answer(redis, case, "web:cy")
    with pytest.raises(CaseError, match="uphold is no second look"):
        await answer(redis, await settle(redis, 4), "web:cy", "uphold")


async def test_what_is_behind_is_walked_once_and_a_late_record_is_not_passed_over(redis: Redis) -> None:
    old = {f"OLD{number}": time.time() - 100_000 + number for number in range(20_000)}
    await redis.zadd(key(COMMUNITY, "settled"), old)
    assert await picked(redis) is None
    read = int((await redis.info("commandstats"))["cmdstat_zrangebyscore"]["calls"])
    await settle(redis, 1, days=0.5 / 24)
    assert await picked(redis) == "1"
    assert int((await redis.info("commandstats"))["cmdstat_zrangebyscore"]["calls"]) == read + 1


@given(st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_sample_holds_the_smaller(number: int, one: float, other: float) -> None:
    case = opened(number).id
    assert sampled(case, max(one, other)) >= sampled(case, min(one, other))
    assert (sampled(case, 0), sampled(case, 1)) == (False, True)


def test_the_sample_has_its_share() -> None:
    assert 440 < sum(sampled(opened(number).id, 0.05) for number in range(10_000)) < 560


DECISIONS = st.builds(
    Decision,
    case=st.just("X"),
    action=st.sampled_from(("dismiss", *ENFORCING)),
    by=st.sampled_from(["policy", "web:anna", "web:ben"]),
    by_name=st.just(TELLTALE),
    reason=st.just(TELLTALE),
    text=st.just(TELLTALE),
    strikes=st.integers(0, 9),
)
SEVERAL = st.lists(DECISIONS, max_size=2).map(tuple)
ENDED: dict[str, st.SearchStrategy[object]] = {
    "state": st.sampled_from(["open", "settled"]),
    "decision": DECISIONS,
    "reversal": st.none() | DECISIONS,
    "proposed": st.none() | DECISIONS,
    "opinions": SEVERAL,
    "after": SEVERAL,
    "remarks": st.lists(st.builds(Remark, by=st.just("web:anna"), text=st.just(TELLTALE)), max_size=2).map(tuple),
    "further": st.sampled_from([(), (opened(1).subject.model_copy(update={"text": TELLTALE}),)]),
    "reporters": st.lists(st.just(TELLTALE), max_size=2).map(tuple),
    "severity": st.integers(1, 5),
    "strikes": st.integers(0, 9),
    "due_at": st.none() | st.just(datetime.now(UTC)),
    "late": st.integers(0, 3),
    "claimed_by": st.sampled_from(["", TELLTALE]),
    "assigned_to": st.sampled_from(["", TELLTALE]),
    "asked": st.sampled_from([None, "admin"]),
    "wake_at": st.none() | st.just(datetime.now(UTC)),
    "skipped": st.lists(st.just(TELLTALE), max_size=1).map(tuple),
    "first_claimed_at": st.none() | st.just(datetime.now(UTC)),
    "verdict": st.builds(
        Verdict,
        ruling=st.sampled_from(Ruling),
        clause=st.just("abuse"),
        score=st.floats(0, 1),
        scores=st.dictionaries(st.just("abuse"), st.floats(0, 1)),
        shadow=st.none() | st.sampled_from(Ruling),
        policy=st.sampled_from(["a@1", "b@2"]),
        signals=st.builds(
            Signal, check=st.just("words"), clause=st.just("abuse"), score=st.floats(0, 1), evidence=st.just("加")
        ).map(lambda signal: (signal,)),
    ),
}
ENDS = st.fixed_dictionaries(ENDED)


@settings(max_examples=50)
@given(ENDS, ENDS)
def test_a_blind_case_is_the_same_whatever_became_of_it(one: dict[str, object], other: dict[str, object]) -> None:
    case = opened(1)
    shown = blind(case.model_copy(update=one))
    assert shown == blind(case.model_copy(update=other))
    assert TELLTALE not in shown.model_dump_json()
    assert shown.subject == case.subject


@settings(max_examples=50)
@given(ENDS)
def test_a_blind_case_has_no_field_that_a_new_case_has_not(end: dict[str, object]) -> None:
    shown = blind(opened(1).model_copy(update=end))
    defaults = {name: field.default for name, field in Case.model_fields.items() if name not in SHOWN}
    assert {name: getattr(shown, name) for name in defaults} == defaults
    assert shown.verdict is not None
    assert shown.verdict == Verdict(ruling=Ruling.REVIEW, clause="abuse", signals=shown.verdict.signals)
    assert {signal.score for signal in shown.verdict.signals} == {0.0}


def test_every_end_is_tried() -> None:
    """A new field of a case is either shown to who looks blindly, or among those that are changed here."""
    assert ENDED.keys() | SHOWN | {"claimed_until", "of", "reply"} == Case.model_fields.keys()


async def test_what_is_picked_is_blind(redis: Redis) -> None:
    settled = await settle(redis)
    shown = await SecondLooks(redis).pick(COMMUNITY, "web:cy", share=1)
    assert shown == blind(settled)
    assert shown is not None
    assert (shown.state, shown.decision) == ("open", None)
