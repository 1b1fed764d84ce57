"""How moderators share the work by commands, and what of the queue they ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.commands.filters import asked
from bot.commands.times import LONGEST, until
from bot.router import Router
from moderation.cases import CaseBook, View, opening
from moderation.policy import load
from moderation.types import Case, Decision, Message, Tier, case_id
from tests.bot.commands.calling import DOUBT, answer_of, said, told
from tests.bot.test_router import handled, router

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def by(text: str, who: str = "anna", tier: Tier = "moderator", id_: str = "c1") -> Message:
    return said(text, who, tier, id_=id_).model_copy(update={"sent_at": NOON})


async def doubtful(redis: Redis, walk: Router) -> Case:
    case = (await handled(redis, walk, said(DOUBT, by="mallory", id_="m1"))).case
    assert case is not None
    return case


async def waiting(redis: Redis, number: int) -> Case:
    """One more case, about words unlike all others."""
    subject = said(f"{number} " * 10, by="mallory", id_=f"w{number}")
    one = Case(id=case_id("moderation", subject), kind="moderation", subject=subject)
    for write_ in opening(one):
        await redis.execute_command(*write_)
    return one


async def now(redis: Redis, case: Case) -> Case:
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    return found


async def test_a_case_is_taken_and_put_back(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    for _ in range(2):
        assert (
            await told(redis, walk, by(f"/认领 {case.id}")) == f"案件 {case.id} 由您处理；5 分钟内没有动静会自动放回。"
        )
    assert (await now(redis, case)).claimed_by == "web:anna"
    assert "Anna is working on this case" in await told(redis, walk, by(f"/claim {case.id} please now", "ben"))
    await told(redis, walk, by(f"/release {case.id}", "ben"))
    assert (await now(redis, case)).claimed_by == "web:anna"
    await told(redis, walk, by(f"/release {case.id}"))
    assert (await now(redis, case)).claimed_by == ""


async def test_a_case_is_given_to_a_moderator_and_to_nobody_else(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    await handled(redis, walk, said("早上好", "ben", "moderator", id_="m2"))
    await told(redis, walk, by(f"/claim {case.id}"))
    assert "给Ben" in await told(redis, walk, by(f"/交给 {case.id} @Ben"))
    given_ = await now(redis, case)
    assert (given_.assigned_to, given_.claimed_by) == ("web:ben", "")
    for nobody in ("mallory", "zoe"):
        assert nobody in await told(redis, walk, by(f"/交给 {case.id} {nobody}", id_=nobody))
    assert (await now(redis, case)).assigned_to == "web:ben"
    await told(redis, walk, by(f"/交给 {case.id}", id_="c9"))
    assert (await now(redis, case)).assigned_to == ""


async def test_one_s_own_cases_are_those_held_and_those_given(redis: Redis) -> None:
    walk = router(redis)
    other, held, given_ = await doubtful(redis, walk), await waiting(redis, 1), await waiting(redis, 2)
    await told(redis, walk, by(f"/claim {held.id}"))
    await told(redis, walk, by(f"/assign {given_.id} me"))
    mine = await told(redis, walk, by("/队列 我的"))
    assert (held.id in mine, given_.id in mine, other.id in mine) == (True, True, False)
    assert await told(redis, walk, by("/队列 申诉")) == "没有这样的案件。"
    assert other.id in await told(redis, walk, by("/queue prompt_injection"))
    assert other.id in await told(redis, walk, by("/queue PREVIOUS instructions"))


async def test_a_case_sleeps_until_it_is_told_to_wake(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    assert await told(redis, walk, by(f"/搁置 {case.id} 2h")) == f"案件 {case.id} 已搁置 2 小时，到时会回到队列。"
    assert (await now(redis, case)).wake_at == NOON + timedelta(hours=2)
    assert await told(redis, walk, by("/队列")) == "全部处理完了"
    assert "搁置中" in await told(redis, walk, by("/队列 搁置"))
    assert "2026-11-23 09:30（UTC）" in await told(redis, walk, by(f"/搁置 {case.id} 09:30"))
    assert "请这样写" in await told(redis, walk, by(f"/搁置 {case.id} 以后"))


async def test_a_case_passed_by_is_not_offered_again(redis: Redis) -> None:
    walk = router(redis)
    first, second = await doubtful(redis, walk), await waiting(redis, 1)
    offered = answer_of(await handled(redis, walk, by("/next")))
    assert first.id in offered.text
    assert offered.buttons
    await told(redis, walk, by(f"/skip {first.id}"))
    assert second.id in await told(redis, walk, by("/next"))
    assert first.id in await told(redis, walk, by("/next", "ben"))
    assert await told(redis, walk, by("/下一个", "hana", "helper")) == "全部处理完了"  # helpers answer questions


async def test_what_is_laid_before_a_higher_tier_is_not_for_the_others(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    assert "高级管理员" in await told(redis, walk, by(f"/上报 {case.id}"))
    assert (await now(redis, case)).asked == "admin"
    for step in ("认领", "搁置", "上报"):
        assert (
            await told(redis, walk, by(f"/{step} {case.id} 1天", id_=step))
            == "抱歉，这个命令需要高级管理员或更高的权限。"
        )
    assert "由您处理" in await told(redis, walk, by(f"/认领 {case.id}", "lin", "admin"))
    assert "群主" in await told(redis, walk, by(f"/上报 {case.id} 群主", "lin", "admin"))
    assert (await now(redis, case)).asked == "owner"


async def test_a_named_person_is_asked(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    await told(redis, walk, by("/queue", "ben"))
    await handled(redis, walk, said("Good morning", "ben", "moderator", id_="m2"))
    assert "Ben" in await told(redis, walk, by(f"/escalate {case.id} ben"))
    assert (await now(redis, case)).assigned_to == "web:ben"


async def test_an_opinion_is_noted_and_decides_nothing(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    await told(redis, walk, by(f"/意见 {case.id} 封禁"))
    found = await now(redis, case)
    assert [(one.action, one.by_name, found.state) for one in found.opinions] == [("ban", "Anna", "open")]
    assert "意见（Anna）：封禁" in await told(redis, walk, by(f"/案件 {case.id}", "ben"))
    for nonsense in ("绞死", "answer", "uphold"):
        assert "请这样写" in await told(redis, walk, by(f"/意见 {case.id} {nonsense}", id_=nonsense))


@pytest.mark.parametrize("command", ["认领", "放回", "交给", "搁置", "跳过", "上报", "意见"])
async def test_a_step_on_nothing_or_on_what_is_decided_is_told(redis: Redis, command: str) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    words = {"搁置": "1天", "意见": "封禁"}.get(command, "")
    assert "没有案件 7KQF2M9D" in await told(redis, walk, by(f"/{command} 7KQF2M9D {words}"))
    await CaseBook(redis).decide("sample", _removed(case))
    after = await told(redis, walk, by(f"/{command} {case.id} {words}", id_="c2"))
    assert ("Ben 已经处理了这个案件" in after) is (command != "放回")


def _removed(case: Case) -> Decision:
    return Decision(case=case.id, action="remove", by="web:ben", by_name="Ben")


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("30m", "2026-11-22 20:30"),
        ("2h", "2026-11-22 22:00"),
        ("1 小时", "2026-11-22 21:00"),
        ("15分钟", "2026-11-22 20:15"),
        ("1天", "2026-11-23 20:00"),
        ("09:30", "2026-11-23 09:30"),
        ("23：05", "2026-11-22 23:05"),
        ("tomorrow", "2026-11-23 09:00"),
        ("明天", "2026-11-23 09:00"),
        ("明天 8:15", "2026-11-23 08:15"),
        ("Tomorrow 18:00", "2026-11-23 18:00"),
        ("today 21:00", "2026-11-22 21:00"),
        ("今天 9:00", None),
        ("25:00", None),
        ("0h", None),
        ("91d", None),
        ("99999d", None),
        ("soon", None),
        ("", None),
        ("-1h", None),
    ],
)
def test_times_are_read_as_people_type_them(typed: str, at: str | None) -> None:
    found = until(typed, NOON, SHANGHAI)
    assert (found.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if found else None) == at


@given(typed=st.one_of(st.text(max_size=12), st.from_regex(r"\A(tomorrow|明天)? ?[0-9]{1,2}[:：][0-9]{2}\Z")))
def test_a_time_is_always_ahead_and_near(typed: str) -> None:
    at = until(typed, NOON, SHANGHAI)
    assert at is None or NOON < at <= NOON + LONGEST


@pytest.mark.parametrize(
    ("typed", "view", "mine"),
    [
        ("", View(), False),
        ("我的 超时", View(holder="me", late=True), True),
        ("Appeals free", View(kind="appeal", holder="free"), False),
        ("scam_fraud", View(clause="scam_fraud"), False),
        (load().clause("scam_fraud").title.en, View(clause="scam_fraud"), False),
        ("提问 运费 多少", View(kind="handoff", text="运费 多少"), False),
    ],
)
def test_a_view_is_asked_for_in_words(typed: str, view: View, mine: bool) -> None:
    assert asked(typed, load()) == (view, mine)
