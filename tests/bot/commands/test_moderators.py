"""What helpers and moderators tell the bot: the queue, a case, an answer, a remark, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from bot.commands.moderators import LINES
from bot.commands.suggesting import suggesting
from bot.router import Router
from moderation.cases import CaseBook, opening, strikes_key
from moderation.keys import key
from moderation.types import Author, Case, Decision, Message, Tier, case_id
from tests.bot.commands.calling import DOUBT, SCAM, answer_of, done, said, told, trail
from tests.bot.test_router import books, handled, put, router, texts, write


def by_anna(text: str, id_: str = "c1", **more: object) -> Message:
    return said(text, "anna", "moderator", id_=id_, **more)  # type: ignore[arg-type]


async def doubtful(redis: Redis, walk: Router) -> Case:
    case = (await handled(redis, walk, said(DOUBT, by="mallory", id_="m1"))).case
    assert case is not None
    return case


async def test_the_queue_is_short_and_repeats_nobody(redis: Redis) -> None:
    walk = router(redis)
    assert await told(redis, walk, by_anna("/队列", "c0")) == "全部处理完了"
    for number in range(LINES + 2):
        subject = said(DOUBT, by="mallory", id_=f"m{number}")
        for one in opening(Case(id=case_id("moderation", subject), kind="moderation", subject=subject)):
            await redis.execute_command(*one)
    lines = (await told(redis, walk, by_anna("/队列"))).splitlines()
    assert len(lines) == LINES + 1
    assert lines[-1] == "……还有 2 个"
    assert all("#help" in line and DOUBT not in line for line in lines[:-1])


async def test_a_case_is_shown_with_its_buttons_where_only_the_moderator_reads(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    shown = answer_of(await handled(redis, walk, by_anna(f"/case {case.id.lower()}")))
    assert DOUBT in shown.text
    verbs = [button.id.rpartition(":")[2] for button in shown.buttons]
    assert verbs == ["claim", "dismiss", "warn", "remove", "timeout", "mute", "kick", "ban"]
    aloud = by_anna(f"/case {case.id}", "c2", platform="telegram", channel="-1001")
    aloud_shown = answer_of(await handled(redis, walk, aloud))
    assert case.id in aloud_shown.text
    assert DOUBT not in aloud_shown.text
    assert await redis.llen(key("sample", "shown", case.id)) == 1


async def test_a_remark_is_on_the_card_and_nowhere_else(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    assert case.id in await told(redis, walk, by_anna(f"/note {case.id} he did this before"))
    assert "Note by Anna: he did this before" in await told(redis, walk, by_anna(f"/case {case.id}", "c2"))
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    assert [(one.by, one.text) for one in found.remarks] == [("web:anna", "he did this before")]


async def test_a_helper_answers_a_question_and_the_member_gets_it(redis: Redis) -> None:
    walk, cases = router(redis, sure=False), CaseBook(redis)
    await write(redis, await walk.answer(put(said("支持火星吗？", id_="m1"))))
    [case] = await cases.queue("sample")
    helper = said(f"/答复 {case.id} 目前不支持。", "hana", "helper")
    assert await told(redis, walk, helper) == f"答复已发出（案件 {case.id}）。"
    assert await told(redis, walk, helper) == f"答复已发出（案件 {case.id}）。"  # the same delivery once more
    late = await told(redis, walk, by_anna(f"/答复 {case.id} 支持。", "c2"))
    assert "Hana" in late
    assert await redis.xlen(key("sample", "decisions", "0")) == 1
    settled = await cases.get("sample", case.id)
    assert settled is not None
    assert settled.decision is not None
    assert texts(await walk.carry_out(settled, settled.decision)) == ["目前不支持。"]


@pytest.mark.parametrize(
    ("action", "undone", "told"),
    [
        ("warn", [], "The warning to Mallory"),
        ("remove", [], "may be posted again"),
        ("timeout", ["untimeout"], "may be posted again"),
        ("mute", ["unmute"], "may be posted again"),
        ("kick", [], "may be posted again"),
        ("ban", ["unban"], "may be posted again"),
    ],
)
async def test_undo_takes_back_what_can_be_and_tells_the_chat(
    redis: Redis, action: str, undone: list[str], told: str
) -> None:
    walk, cases = router(redis), CaseBook(redis)
    case = await doubtful(redis, walk)
    named = {"case": case.id, "action": action, "by": "web:ben", "strikes": 2, "reason": "prompt_injection"}
    await cases.decide("sample", Decision.model_validate(named))
    assert await redis.zcard(strikes_key("sample", "mallory")) == 1
    outcome = await handled(redis, walk, by_anna(f"/undo {case.id}"))
    assert done(outcome) == undone
    in_chat, to_anna = texts(outcome)
    assert told in in_chat
    assert case.id in to_anna
    assert await redis.zcard(strikes_key("sample", "mallory")) == 0
    again = await handled(redis, walk, by_anna(f"/undo {case.id}", "c2"))
    assert (done(again), len(texts(again))) == ([], 1)
    assert await redis.xlen(key("sample", "overturned")) == 1
    assert [what for _, what, _ in await trail(redis)] == [f"/undo {case.id}"] * 2


async def test_what_the_policy_did_by_itself_can_be_undone(redis: Redis) -> None:
    walk = router(redis)
    case = (await handled(redis, walk, said(SCAM, by="mallory", id_="m1"))).case
    assert case is not None
    assert await redis.zcard(strikes_key("sample", "mallory")) == 1
    await handled(redis, walk, by_anna(f"/撤销 {case.id}"))
    assert await redis.zcard(strikes_key("sample", "mallory")) == 0


@pytest.mark.parametrize("command", ["/case", "/note", "/undo", "/answer"])
async def test_a_case_that_is_not_there_or_not_named_is_told(redis: Redis, command: str) -> None:
    walk = router(redis)
    assert "There is no case 7KQF2M9D" in await told(redis, walk, by_anna(f"{command} 7KQF2M9D some words here"))
    assert "Write it like this" in await told(redis, walk, by_anna(f"{command} please do it", "c2"))


async def test_another_community_s_case_is_none(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    elsewhere = by_anna(f"/case {case.id}")
    place = elsewhere.place.model_copy(update={"community": "other"})
    assert "no case" in await told(redis, walk, elsewhere.model_copy(update={"place": place}))


async def test_a_helper_undoes_nothing_and_staff_may_quote_what_is_forbidden(redis: Redis) -> None:
    walk = router(redis)
    case = await doubtful(redis, walk)
    refused = said(f"/undo {case.id}", "hana", "helper")
    assert await told(redis, walk, refused) == "Only moderators may use this command."
    assert await trail(redis) == [("web:hana", f"/undo {case.id}", "refused")]
    assert case.id in await told(redis, walk, by_anna(f"/note {case.id} {SCAM}", "c2"))


async def test_who_types_is_offered_the_cases_that_the_command_is_for(redis: Redis) -> None:
    walk, offer = router(redis), suggesting(books(redis), "web")
    case = await doubtful(redis, walk)

    async def offered(command: str, parameter: str, by: str, tier: Tier) -> Sequence[str]:
        return await offer("sample", Author(id=by, tier=tier), command, parameter, "")

    assert list(await offered("case", "case", "anna", "helper")) == [case.id]
    assert list(await offered("answer", "case", "anna", "helper")) == []
    assert list(await offered("case", "case", "li", "member")) == []
    await CaseBook(redis).decide("sample", Decision(case=case.id, action="ban", by="web:anna"))
    assert list(await offered("undo", "case", "anna", "moderator")) == [case.id]
    assert list(await offered("appeal", "case", "mallory", "member")) == [case.id]
    assert list(await offered("appeal", "case", "li", "member")) == []
    assert "queue" not in await offered("help", "command", "li", "member")
