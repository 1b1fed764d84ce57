"""What of the queue a person looks at, how a case is kept, and where it stands, against a real server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.redis_server import EmbeddedRedis, open_client
from moderation.cases import CaseBook, Steps, View, copying, grading, opening, reporting
from moderation.cases.ladder import proposed
from moderation.cases.priority import urgency
from moderation.cases.views import Holder
from moderation.cases.writes import queue_key
from moderation.policy import load
from moderation.types import Author, Case, Message, Place, Reply, Ruling, Verdict
from tests.moderation.cases.test_cases import COMMUNITY, case, decision, message, perform

NOW = datetime.now(UTC)
CLAUSES = ("scam_fraud", "abuse")


def doubt(id_: str = "1", clause: str | None = "scam_fraud", **more: object) -> Case:
    found = Verdict(ruling=Ruling.REVIEW, clause=clause, score=0.6, scores={"abuse": 0.1})
    return case(id_).model_copy(update={"verdict": found, **more})


def placed(one: Case, channel: str, platform: str, text: str = "") -> Case:
    place = Place(platform=platform, community=COMMUNITY, channel=channel)
    return one.model_copy(
        update={"subject": one.subject.model_copy(update={"place": place, "text": text or one.subject.text})}
    )


def test_an_urgent_case_overtakes_and_a_patient_one_is_not_overtaken_for_ever() -> None:
    threat, advert = case("1").model_copy(update={"severity": 5}), case("2").model_copy(update={"severity": 1})
    assert urgency(threat) < urgency(advert)
    aged = advert.model_copy(update={"opened_at": advert.opened_at - timedelta(days=3)})
    assert urgency(aged) < urgency(threat)


def test_reach_and_strikes_bring_a_case_forward_by_less_and_less() -> None:
    plain = case()
    reported = [plain.model_copy(update={"reporters": tuple(map(str, range(count)))}) for count in (0, 1, 2, 3)]
    gains = [urgency(one) - urgency(more) for one, more in pairwise(reported)]
    assert gains == sorted(gains, reverse=True)
    assert min(gains) > 0
    repeated = [urgency(plain.model_copy(update={"strikes": strikes})) for strikes in (0, 1, 6, 60)]
    assert repeated[0] > repeated[1] > repeated[2] == repeated[3]


@given(severity=st.integers(1, 5), strikes=st.integers(0, 9), reporters=st.integers(0, 4), copies=st.integers(0, 4))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_case_whose_reach_changes_moves_to_the_place_it_would_have(
    server: EmbeddedRedis, severity: int, strikes: int, reporters: int, copies: int
) -> None:
    async def play() -> None:
        async with open_client(server.url) as redis:
            await redis.flushall()
            one = case().model_copy(update={"strikes": strikes})
            reports = [reporting(COMMUNITY, one.id, f"web:{number}") for number in range(reporters)]
            copied = [copying(COMMUNITY, one.id, message(f"c{number}")) for number in range(copies)]
            await perform(redis, [*opening(one, 2), *reports, *reports, *copied, grading(COMMUNITY, one.id, severity)])
            found = await CaseBook(redis).get(COMMUNITY, one.id)
            assert found is not None
            assert (found.severity, len(found.reporters), len(found.copies)) == (severity, reporters, copies)
            assert await redis.zscore(queue_key(COMMUNITY), one.id) == pytest.approx(urgency(found), abs=0.002)

    asyncio.run(play())


async def test_what_concerns_a_settled_or_sleeping_case_puts_nothing_into_the_queue(redis: Redis) -> None:
    book, steps, settled, asleep = CaseBook(redis), Steps(redis), case("1"), case("2")
    await perform(redis, [*opening(settled), *opening(asleep), reporting(COMMUNITY, "NOPE", "web:li")])
    await book.decide(COMMUNITY, decision(settled))
    await steps.hold(COMMUNITY, asleep.id, NOW, by="anna")
    await perform(redis, [reporting(COMMUNITY, one.id, "web:li") for one in (settled, asleep)])
    assert await redis.zcard(queue_key(COMMUNITY)) == 0
    assert await book.get(COMMUNITY, "NOPE") is None
    await steps.wake(COMMUNITY, datetime.now(UTC))
    [woken] = await book.queue(COMMUNITY)
    assert woken.reporters == ("web:li",)
    assert await redis.zscore(queue_key(COMMUNITY), woken.id) == pytest.approx(urgency(woken), abs=0.002)


async def test_a_case_with_all_that_it_opens_with_reads_back_as_it_was(redis: Redis) -> None:
    elsewhere = Place(platform="telegram", community=COMMUNITY, channel="-100/7", parent="-100", title="港口")
    said = Message(id="9", place=elsewhere, author=Author(id="x", roles=("1", "2")), text='"\\ \u2028 </script>')
    one = doubt(
        context=(message("8", "早上好"), said),
        reply=Reply(text="7 天", handoff=True, why="unsure"),
        due_at=NOW + timedelta(hours=1),
        strikes=3,
        severity=4,
        asked="admin",
        assigned_to="telegram:42",
    )
    await perform(redis, opening(one))
    assert await CaseBook(redis).get(COMMUNITY, one.id) == one


async def test_views_show_what_is_asked_for(redis: Redis) -> None:
    late = doubt("late", "abuse", severity=5, due_at=NOW - timedelta(minutes=1))
    early = placed(doubt("early", due_at=NOW + timedelta(hours=1)), "-100/7", "telegram", "ＷｅＣｈａｔ  me")
    asked = case("asked", "handoff")
    await perform(redis, [*opening(late), *opening(early), *opening(asked)])
    book, steps = CaseBook(redis), Steps(redis)
    await book.claim(COMMUNITY, late.id, "anna")
    await steps.assign(COMMUNITY, early.id, "ben", by="lin")
    await steps.skip(COMMUNITY, asked.id, by="ben")

    async def shown(view: View, by: str = "anna") -> list[str]:
        return [one.subject.id for one in await book.queue(COMMUNITY, view=view, by=by)]

    everything = ["late", "early", "asked"]
    assert sorted(await shown(View())) == sorted(everything)
    assert await shown(View(kind="handoff")) == ["asked"]
    assert await shown(View(clause="abuse")) == ["late"]
    assert await shown(View(severity=3)) == ["late"]
    assert await shown(View(channel="-100/7")) == await shown(View(channel="telegram:-100/7")) == ["early"]
    assert await shown(View(platform="telegram")) == ["early"]
    assert await shown(View(text="wechat ME")) == ["early"]
    assert await shown(View(text=late.id.lower())) == ["late"]
    assert await shown(View(text="小李", kind="handoff")) == ["asked"]
    assert await shown(View(assigned="ben")) == ["early"]
    assert await shown(View(late=True)) == ["late"]
    assert await shown(View(holder="me")) == ["late"]
    assert sorted(await shown(View(holder="free"))) == ["asked", "early"]
    assert await shown(View(holder="free", clause="abuse")) == []
    assert sorted(await shown(View(holder="mine_or_free"))) == ["asked", "late"]
    assert await shown(View(holder="mine_or_free"), by="ben") == ["early"]


async def test_a_lost_holder_s_case_counts_as_free_in_views(redis: Redis) -> None:
    one, book = case(), CaseBook(redis, lease_s=0)
    await perform(redis, opening(one))
    await book.claim(COMMUNITY, one.id, "anna")
    holders: tuple[Holder, ...] = ("me", "free", "mine_or_free")
    shown = [await book.queue(COMMUNITY, view=View(holder=holder), by="anna") for holder in holders]
    assert [len(cases) for cases in shown] == [0, 1, 1]


async def test_a_long_queue_is_searched_to_its_end(redis: Redis) -> None:
    cases = [doubt(str(number), CLAUSES[number == 1100]) for number in range(1101)]
    async with redis.pipeline() as pipe:
        for one in cases:
            for write in opening(one):
                pipe.execute_command(*write)
        await pipe.execute()
    book = CaseBook(redis)
    assert [one.id for one in await book.queue(COMMUNITY, 5, view=View(clause="abuse"))] == [cases[-1].id]
    assert len(await book.queue(COMMUNITY, 7, view=View(clause="scam_fraud"))) == 7


def test_the_ladder_proposes_a_step_for_a_known_clause_only() -> None:
    policy, one = load(), doubt()
    ladder = policy.clause("scam_fraud").ladder
    assert [proposed(policy, one, strikes) for strikes in (0, 99)] == [
        policy.rung("scam_fraud", 0),
        policy.rung("scam_fraud", len(ladder)),
    ]
    assert proposed(policy, doubt(clause=None), 0) is None
    assert proposed(policy, doubt(clause="gone"), 0) is None
    assert proposed(policy, one.model_copy(update={"kind": "appeal"}), 0) is None
