"""What members tell the bot: help, questions, reports, appeals, and what is kept of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.answering.talk import Question
from bot.commands.members import URGENT
from bot.commands.table import TABLE
from bot.history import History
from bot.router import Router
from moderation.cases import CaseBook, OwnDecision, opening, strikes_key
from moderation.cases.priority import urgency
from moderation.judging.lately import moderation_case
from moderation.keys import key
from moderation.members import REPORTS_PER_HOUR, MemberBook, reaches
from moderation.types import Case, Decision, Say, Tier, Vote
from tests.bot.answering.test_feedback import votes
from tests.bot.commands.calling import DOUBT, SCAM, answer_of, done, said, told, trail
from tests.bot.test_router import handled, put, router, texts, write


@pytest.mark.parametrize("tier", ["member", "helper", "moderator", "admin", "owner"])
async def test_help_shows_each_tier_its_own_commands(redis: Redis, tier: Tier) -> None:
    walk = router(redis)
    text = await told(redis, walk, said("/help", tier=tier))
    for command in TABLE:
        assert (f"/{command.name} - " in text) == reaches(tier, command.tier)
    assert "申诉" in await told(redis, walk, said("/帮助", tier=tier, id_="c2"))


async def test_ask_is_a_question_put_to_the_bot(redis: Redis) -> None:
    walk = router(redis)
    outcome = await handled(redis, walk, said("/ask How long is it?", channel="general"))
    assert outcome.fate == "asked"
    body = next(one[-1] for one in outcome.writes if ":questions:" in one[1])
    question = Question.model_validate_json(body)
    assert (question.message.text, question.unasked) == ("How long is it?", False)


async def test_ask_in_reply_asks_what_the_other_said_and_alone_says_how(redis: Redis) -> None:
    walk = router(redis)
    await handled(redis, walk, said("退款一般几天到账", by="wang", id_="m1", channel="general"))
    outcome = await handled(redis, walk, said("/提问", reply_to="m1", channel="general"))
    body = next(one[-1] for one in outcome.writes if ":questions:" in one[1])
    assert Question.model_validate_json(body).message.text == "退款一般几天到账"
    assert await told(redis, walk, said("/提问", id_="c2")) == "请这样写：/提问 您的问题（或回复一条消息）"


async def reported(redis: Redis, walk: Router, by: str, id_: str) -> Say:
    return answer_of(await handled(redis, walk, said("/举报", by=by, id_=id_, reply_to="m1")))


async def test_many_reports_of_a_message_are_one_case_and_each_reporter_counts_once(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    await handled(redis, walk, said("便宜出一批货，要的联系", by="mallory", id_="m1"))
    first = await reported(redis, walk, "li", "c1")
    for number, by in enumerate(("wang", "li", "wang"), start=2):
        answer = await reported(redis, walk, by, f"c{number}")
        assert (answer.to, answer.text) == (by, first.text)
    [case] = await cases.queue("sample")
    assert (case.kind, case.subject.id, case.subject.author.id) == ("moderation", "m1", "mallory")
    assert set(case.reporters) == {"web:li", "web:wang"}
    assert case.id in first.text
    assert "便宜" not in first.text
    assert case.verdict is not None


async def test_a_case_that_waits_becomes_urgent_when_somebody_reports_it(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    message = said("便宜出一批货，要的联系", by="mallory", id_="m1")
    await handled(redis, walk, message)
    for one in opening(Case(id=moderation_case(message), kind="moderation", subject=message, severity=1)):
        await redis.execute_command(*one)
    await reported(redis, walk, "li", "c1")
    [case] = await cases.queue("sample")
    assert (case.severity, case.reporters) == (URGENT, ("web:li",))
    assert await redis.zscore(key("sample", "queue"), case.id) == pytest.approx(urgency(case), abs=0.002)


@pytest.mark.parametrize(
    ("platform", "channel", "link"),
    [
        ("telegram", "-100777/5", "https://t.me/c/777/5/42"),
        ("telegram", "-100777", "https://t.me/merchants/42"),
        ("discord", "777", "看这个 https://discord.com/channels/1/777/42"),
    ],
)
async def test_a_link_names_the_message(redis: Redis, platform: str, channel: str, link: str) -> None:
    walk = router(redis)
    await handled(redis, walk, said("今天天气不错", by="mallory", id_="42", channel=channel, platform=platform))
    await handled(redis, walk, said("今天天气很好", by="eve", id_="42", channel="other", platform=platform))
    await handled(redis, walk, said(f"/report {link}", channel=channel, platform=platform))
    [case] = await CaseBook(redis).queue("sample")
    assert case.subject.author.id == "mallory"


async def test_a_message_that_is_only_in_the_archive_is_found(redis: Redis) -> None:
    walk = router(redis, days=1)
    await handled(redis, walk, said("今天天气不错", by="mallory", id_="m1"))
    await redis.delete(key("sample", "recent"))
    await reported(redis, walk, "li", "c1")
    [case] = await CaseBook(redis).queue("sample")
    assert case.subject.author.id == "mallory"


async def test_what_the_bot_cannot_see_goes_to_a_person_in_the_reporter_s_words(redis: Redis) -> None:
    walk = router(redis)
    answer = await told(redis, walk, said("/report somebody asks me for money in private"))
    [case] = await CaseBook(redis).queue("sample")
    assert (case.kind, case.subject.author.id) == ("handoff", "li")
    assert case.reply is not None
    assert case.reply.why == "reported"
    assert answer == f"Thank you. A moderator will look at it (case {case.id})."
    assert (await told(redis, walk, said("/举报", id_="c2"))).startswith("请这样写：")


async def test_who_reports_without_end_is_not_heard_any_more(redis: Redis) -> None:
    walk = router(redis)
    for number in range(REPORTS_PER_HOUR):
        assert "谢谢" in await told(redis, walk, said(f"/举报 第{number}个骗子", id_=f"c{number}"))
    assert "稍后" in await told(redis, walk, said("/举报 又一个骗子", id_="last"))
    assert "谢谢" in await told(redis, walk, said("/举报 我也见到了", by="wang", id_="other"))
    assert 0 < await redis.ttl(key("sample", "reported", "web:li")) <= 3600


async def test_a_settled_message_is_not_opened_again(redis: Redis) -> None:
    walk = router(redis)
    await handled(redis, walk, said(SCAM, by="mallory", id_="m1"))
    assert (await reported(redis, walk, "li", "c1")).text == "谢谢，这条消息管理员已经处理过了。"
    assert await CaseBook(redis).queue("sample") == []


async def enforced(redis: Redis, walk: Router, action: str = "ban", by: str = "web:anna") -> Case:
    """A case that a moderator has settled against mallory."""
    await handled(redis, walk, said(DOUBT, by="mallory", id_="m1"))
    cases = CaseBook(redis)
    [case] = await cases.queue("sample")
    named = {"case": case.id, "action": action, "by": by, "by_name": "Anna", "reason": "prompt_injection", "strikes": 2}
    settled = await cases.decide("sample", Decision.model_validate(named))
    assert settled.decision is not None
    await write(redis, await walk.carry_out(settled, settled.decision))
    return settled


async def test_a_member_appeals_its_own_decision_once_and_nobody_else_s(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    first = await enforced(redis, walk)
    other = await told(redis, walk, said(f"/申诉 {first.id} 放了他吧", by="li"))
    nothing = await told(redis, walk, said("/申诉 7KQF2M9D 放了他吧", by="li", id_="c2"))
    assert other.replace(first.id, "") == nothing.replace("7KQF2M9D", "")
    assert await cases.queue("sample") == []
    assert "请这样写" in await told(redis, walk, said(f"/申诉 {first.id}", by="mallory", id_="c3"))
    mine = said(f"/申诉 {first.id} 我只是在测试", by="mallory", id_="c4", private=True)
    assert "已收到您的申诉" in await told(redis, walk, mine)
    assert "只能申诉一次" in await told(redis, walk, mine.model_copy(update={"id": "c5"}))
    [appeal] = await cases.queue("sample")
    assert (appeal.kind, appeal.of, appeal.subject.text) == ("appeal", first.id, "我只是在测试")
    assert [one.text for one in appeal.context] == [DOUBT]


async def test_an_appeal_that_quotes_what_was_removed_is_heard(redis: Redis) -> None:
    walk = router(redis)
    first = await enforced(redis, walk)
    mine = said(f"/appeal {first.id} I only wrote: {SCAM}", by="mallory", id_="c1", private=True)
    assert (await handled(redis, walk, mine)).fate == "escalated"


async def test_another_moderator_overturns_and_everything_is_undone(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    first = await enforced(redis, walk)
    assert (await MemberBook(redis).standing(said("x", by="mallory", id_="m2"))).strikes == 2
    await handled(redis, walk, said(f"/appeal {first.id} it was a joke", by="mallory", id_="c1", private=True))
    [appeal] = await cases.queue("sample")
    with pytest.raises(OwnDecision):
        await cases.decide("sample", Decision(case=appeal.id, action="overturn", by="web:anna"))
    settled = await cases.decide("sample", Decision(case=appeal.id, action="overturn", by="web:ben", by_name="Ben"))
    assert settled.decision is not None
    outcome = await walk.carry_out(settled, settled.decision)
    await write(redis, outcome)
    assert done(outcome) == ["unban"]
    in_chat, to_member = texts(outcome)
    assert first.id in in_chat
    assert "may be posted again" in in_chat
    assert DOUBT not in in_chat
    assert "taken back" in to_member
    assert answer_of(outcome).to == "mallory"
    assert await redis.zcard(strikes_key("sample", "mallory")) == 0
    assert await redis.xlen(key("sample", "overturned")) == 1
    again = await cases.get("sample", first.id)
    assert again is not None
    assert again.reversal is not None
    assert again.reversal.by == "web:ben"
    assert done(await walk.carry_out(settled, settled.decision)) == []
    assert "already" in await told(redis, walk, said(f"/appeal {first.id} once more please", by="mallory", id_="c2"))


async def test_an_upheld_appeal_changes_nothing_and_is_told(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    first = await enforced(redis, walk, "timeout")
    await handled(redis, walk, said(f"/申诉 {first.id} 我是被误伤的", by="mallory", id_="c1"))
    [appeal] = await cases.queue("sample")
    decision = Decision(case=appeal.id, action="uphold", by="web:ben", text="请看群规。")
    outcome = await walk.carry_out(appeal, decision)
    upheld = f"您的申诉（编号 {first.id}）已由另一位管理员看过：维持原处理。 请看群规。"
    assert (done(outcome), texts(outcome)) == ([], [upheld])


async def test_members_see_what_is_kept_of_them_and_have_it_deleted(redis: Redis) -> None:
    walk = router(redis, days=30)
    for number in range(3):
        await handled(redis, walk, said(f"今天出了 {number} 单", by="li", id_=f"m{number}"))
        await handled(redis, walk, said(f"我也出了 {number} 单", by="wang", id_=f"w{number}"))
    await write(redis, await walk.answer(put(said("结算周期是多久？", by="wang", id_="w9"))))
    ballot = Vote(community="sample", answer="web:help:w9:0:answer", member="li", choice="up")
    counted = await votes(redis).count(ballot)
    assert counted is not None
    await write(redis, counted[1])
    kept = await told(redis, walk, said("/我的数据", id_="c1"))
    assert "违规的消息数：3" in kept
    assert "您的评价：1" in kept
    assert "存档的消息：3" in kept
    asked = await told(redis, walk, said("/忘记我", id_="c2"))
    word = asked.partition("/忘记我 ")[2][:4]
    wrong = await told(redis, walk, said(f"/忘记我 {word}", id_="c4", by="wang"))
    assert "不能恢复" in wrong
    outcome = await handled(redis, walk, said(f"/忘记我 {word}", id_="c5"))
    assert outcome.fate == "forgotten"
    now = datetime.now(UTC)
    pages = [page async for page in History(redis).archived("sample", now - timedelta(1), now + timedelta(1))]
    assert {one.message.author.id for page in pages for one in page.messages} == {"wang"}
    assert {one.author.id for one in await History(redis).recent("sample")} == {"wang"}
    assert not await redis.exists(key("sample", "member", "li"))
    assert await redis.hget(key("sample", "ballot", ballot.answer), "li") is None
    assert await redis.hget(key("sample", "member", "wang"), "passed") == "3"


async def test_a_member_s_questions_are_forgotten_with_it_and_strikes_stay(redis: Redis) -> None:
    walk = router(redis)
    await handled(redis, walk, said(SCAM, id_="m0"))
    struck = await redis.zcard(strikes_key("sample", "li"))
    await write(redis, await walk.answer(put(said("结算周期是多久？", id_="m1"))))
    assert await redis.exists(key("sample", "answered", "web:help:m1:0:answer"))
    asked = await told(redis, walk, said("/忘记我", id_="c1"))
    await handled(redis, walk, said(f"/忘记我 {asked.partition('/忘记我 ')[2][:4]}", id_="c2"))
    assert not await redis.exists(key("sample", "answered", "web:help:m1:0:answer"))
    assert await redis.zcard(strikes_key("sample", "li")) == struck > 0


async def test_what_is_kept_of_a_member_is_no_matter_for_a_group(redis: Redis) -> None:
    walk = router(redis)
    in_group = await told(redis, walk, said("/mydata", platform="telegram", channel="-1001"))
    assert in_group == "Everyone reads along here. Please send me a direct message: /mydata"
    alone = await told(redis, walk, said("/mydata", platform="telegram", channel="5", private=True, id_="c2"))
    assert "strikes in force: 0" in alone


async def test_members_leave_no_trail_but_refusals_do(redis: Redis) -> None:
    walk = router(redis)
    await told(redis, walk, said("/help"))
    assert await trail(redis) == []
    outcome = await handled(redis, walk, said("/mode live", id_="c2"))
    assert texts(outcome) == ["Only admins may use this command."]
    assert answer_of(outcome).to == "li"
    assert await trail(redis) == [("web:li", "/mode live", "refused")]


async def test_a_platform_s_other_member_of_the_same_number_is_another(redis: Redis) -> None:
    walk = router(redis)
    first = await enforced(redis, walk)
    other = said(f"/申诉 {first.id} 放了他吧", by="mallory", platform="discord", private=True, id_="c1")
    assert "没有可以申诉的案件" in await told(redis, walk, other)
