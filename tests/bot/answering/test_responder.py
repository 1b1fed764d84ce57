"""Unasked answers: where they are given, how sure, how many; what a question leans on, and a wait that is told of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.answering.talk import Question
from bot.consumer import Consumer
from bot.groups.communities import Communities
from bot.history import History
from bot.outcome import Outcome
from bot.router import Router
from bot.stream import QUESTIONS, Entry, Streams, asking, saying
from moderation.cases import CaseBook
from moderation.keys import Write
from moderation.members import MemberBook
from moderation.types import Decision, Message, Reply, Say, effects
from tests.bot.test_router import StubAnswers, message, put, router, texts, write

EVERYWHERE = Manners("help, general")
ASKS = "结算周期是多久？"


async def led_to(redis: Redis, walk: Router, said: Message) -> Outcome:
    """What comes of a message in the end, with everything written."""
    outcome = await walk.handle(said)
    await write(redis, outcome)
    if outcome.fate != "asked":
        return outcome
    body = next(one[-1] for one in outcome.writes if ":questions:" in one[1])
    outcome = await walk.answer(Question.model_validate_json(body))
    await write(redis, outcome)
    return outcome


async def test_a_sure_answer_is_given_unasked_where_the_community_wants_it(redis: Redis) -> None:
    answers = StubAnswers(sure=True)
    walk = router(redis, manners=EVERYWHERE, answers=answers)
    assert (await led_to(redis, walk, message(ASKS, "general"))).fate == "answered"
    assert (await led_to(redis, walk, message("今天发了三十单", "general", "m2"))).fate == "silent"
    assert (await led_to(redis, walk, message(ASKS, "supply", "m3"))).fate == "silent"
    assert [floor for _, _, floor in answers.asked] == [EVERYWHERE.score]
    await led_to(redis, walk, message(ASKS, "help", "m4"))
    await led_to(redis, walk, message(ASKS, "general", "m5", addressed=True))
    assert [floor for _, _, floor in answers.asked[1:]] == [0, 0]


async def test_an_unsure_answer_stays_unsaid_and_costs_no_budget_outside_help(redis: Redis) -> None:
    walk = router(redis, sure=False, manners=EVERYWHERE)
    outcome = await led_to(redis, walk, message(ASKS, "general"))
    assert (outcome.fate, outcome.effects) == ("silent", ())
    assert (await CaseBook(redis).counts("sample")).open == 0
    assert not await redis.exists("x:{sample}:unasked")
    assert (await led_to(redis, walk, message(ASKS, "help", "m2"))).fate == "escalated"
    assert (await led_to(redis, walk, message(ASKS, "general", "m3", addressed=True))).fate == "escalated"
    assert await redis.zcard("x:{sample}:unasked") == 1


async def test_beyond_the_budget_the_bot_is_silent_and_help_questions_go_to_people_quietly(redis: Redis) -> None:
    answers = StubAnswers(sure=True)
    walk = router(redis, manners=EVERYWHERE._replace(per_hour=1), answers=answers)
    fates = []
    for number, channel in enumerate(("general", "general", "help")):
        said = message(ASKS, channel, f"m{number}", author={"id": f"member{number}"})  # type: ignore[arg-type]
        fates.append((await led_to(redis, walk, said)).fate)
    assert fates == ["answered", "silent", "escalated"]
    [case] = await CaseBook(redis).queue("sample")
    assert case.reply is not None
    assert case.reply.why == "over_budget"
    again = message("多久？", "help", "m8", author={"id": "member2"})
    assert (await led_to(redis, walk, again)).fate == "silent"
    [joined] = await CaseBook(redis).queue("sample")
    assert [one.text for one in joined.further] == ["多久？"]
    spoken_to = await led_to(redis, walk, message(ASKS, "general", "m9", addressed=True))
    assert (spoken_to.fate, len(answers.asked)) == ("answered", 2)


async def test_a_community_s_own_confidence_goes_before_that_of_the_settings(redis: Redis) -> None:
    answers, communities = StubAnswers(sure=True), Communities(redis, "sample")
    walk = router(redis, answers=answers)
    await led_to(redis, walk, message(ASKS))
    await communities.keep((await communities.get("sample")).model_copy(update={"confidence": 0.65}))
    await led_to(redis, walk, message(ASKS, id_="m2", author={"id": "wang"}))
    assert answers.confidences == [None, 0.65]


async def test_a_person_who_answered_keeps_the_bot_quiet_until_it_is_spoken_to(redis: Redis) -> None:
    unsure, sure = router(redis, sure=False), router(redis)
    case = (await led_to(redis, unsure, message(ASKS))).case
    assert case is not None
    await CaseBook(redis).claim("sample", case.id, "anna")
    assert (await led_to(redis, sure, message("多久？", id_="m2"))).fate == "silent"
    outcome = await unsure.carry_out(case, Decision(case=case.id, action="answer", by="anna", text="七天"))
    await write(redis, outcome)
    assert texts(outcome) == ["七天"]
    assert (await led_to(redis, sure, message("工作日吗？", id_="m3"))).fate == "silent"
    assert (await led_to(redis, sure, message("@小二 工作日吗？", id_="m4", addressed=True))).fate == "answered"


async def test_while_a_question_waits_the_next_is_answered_or_joins_it(redis: Redis) -> None:
    answers = StubAnswers(sure=True)
    unsure, sure = router(redis, sure=False), router(redis, answers=answers)
    case = (await led_to(redis, unsure, message(ASKS))).case
    assert case is not None
    assert (await led_to(redis, sure, message("保证金几天退？", id_="m2"))).fate == "answered"
    assert answers.asked[0][1] == (ASKS,)
    further = await led_to(redis, unsure, message("多久？", id_="m3"))
    assert (further.fate, further.effects) == ("silent", ())
    [waiting] = await CaseBook(redis).queue("sample")
    assert (waiting.id, [one.text for one in waiting.further]) == (case.id, ["多久？"])
    assert await redis.zcard("x:{sample}:unasked") == 2


async def test_a_follow_up_leans_on_the_member_s_own_last_question_and_answer(redis: Redis) -> None:
    answers = StubAnswers(sure=True)
    walk = router(redis, answers=answers)
    await led_to(redis, walk, message(ASKS))
    await led_to(redis, walk, message("那海外店呢？", id_="m2"))
    await led_to(redis, walk, message("那海外店呢？", id_="m3", author={"id": "wang"}))
    assert [history for _, history, _ in answers.asked] == [(), (ASKS, "T+7"), ()]


@pytest.mark.parametrize(("addressed", "fate"), [(False, "silent"), (True, "answered")])
async def test_an_edit_of_what_was_answered_is_answered_again_only_when_addressed(
    redis: Redis, addressed: bool, fate: str
) -> None:
    walk = router(redis)
    assert (await led_to(redis, walk, message(ASKS, addressed=addressed))).fate == "answered"
    again = await led_to(redis, walk, message("结算周期要多久？", edit=1, addressed=addressed))
    assert again.fate == fate


async def test_a_burst_gets_one_answer(redis: Redis) -> None:
    answers = StubAnswers(sure=True)
    walk = router(redis, answers=answers, manners=Manners())
    walk._floor.manners = Manners(burst_s=0.3)
    said = [message(text, id_=f"m{number}", addressed=True) for number, text in enumerate(("hi", "退款多久", "几天？"))]
    questions = []
    for one in said:
        outcome = await walk.handle(one)
        await write(redis, outcome)
        questions += [one[-1] for one in outcome.writes if ":questions:" in one[1]]
    fates = []
    for body in questions:
        outcome = await walk.answer(Question.model_validate_json(body))
        await write(redis, outcome)
        fates.append(outcome.fate)
    assert fates == ["silent", "silent", "answered"]
    assert [question for question, _, _ in answers.asked] == ["退款多久\n几天？"]


class SlowAnswers(StubAnswers):
    """Sure of everything, once `gate` is open."""

    def __init__(self) -> None:
        super().__init__(sure=True)
        self.gate = asyncio.Event()

    async def answer(self, *asked: Any, **bars: Any) -> Reply:
        await self.gate.wait()
        return await super().answer(*asked, **bars)


async def out(redis: Redis) -> list[str]:
    """The ids of what the gateway has to say, in order."""
    return [effects.validate_json(fields["body"]).id for fields in await entries(redis)]


async def entries(redis: Redis) -> list[dict[str, str]]:
    rows = await redis.xrange("x:{sample}:effects:web")
    return [fields for _, fields in cast(list[tuple[str, dict[str, str]]], rows)]


async def until_out(redis: Redis, number: int) -> list[str]:
    async with asyncio.timeout(60):
        while len(ids := await out(redis)) < number:
            await asyncio.sleep(0.01)
    return ids


@pytest.mark.parametrize(("text", "told"), [(ASKS, "请稍等，"), ("How long is it?", "One moment, please")])
async def test_a_member_who_waits_is_told_and_then_answered(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.setattr("bot.answering.responder.MOMENT_S", 0.02)
    answers = SlowAnswers()
    question = put(message(text, addressed=True), unasked=False)
    asked = asyncio.create_task(router(redis, answers=answers).answer(question))
    assert await until_out(redis, 1) == [f"{question.message.key}:moment"]
    [fields] = await entries(redis)
    said = effects.validate_json(fields["body"])
    assert isinstance(said, Say)
    assert said.text.startswith(told)
    assert (said.reply_to, said.kind, fields["order"]) == ("m1", "notice", "help")
    answers.gate.set()
    assert texts(await asked) == ["T+7"]


async def test_nobody_is_told_of_a_wait_that_is_short_or_for_an_answer_to_nobody_s_question(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = router(redis)
    assert (await quick.answer(put(message(ASKS, addressed=True), unasked=False))).fate == "answered"
    monkeypatch.setattr("bot.answering.responder.MOMENT_S", 0.0)
    answers = SlowAnswers()
    asked = asyncio.create_task(router(redis, answers=answers).answer(put(message(ASKS, id_="m2"))))
    await asyncio.sleep(0.05)
    answers.gate.set()
    assert (await asked).fate == "answered"
    assert await out(redis) == []


async def test_a_wait_is_told_of_once_whoever_takes_the_question_up_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.answering.responder.MOMENT_S", 0.02)
    streams, question = Streams(redis, lease_s=1), put(message(ASKS, addressed=True), unasked=False)
    await streams.register("sample")
    await redis.execute_command(*asking(question))
    moment, answer = (f"{question.message.key}:{kind}" for kind in ("moment", "answer"))

    async def worker(answers: SlowAnswers, expected: list[str]) -> None:
        walk = router(redis, answers=answers)

        async def handle(entry: Entry) -> Sequence[Write]:
            outcome = await walk.answer(Question.model_validate_json(entry.body))
            return (*outcome.writes, *map(saying, outcome.effects))

        running = asyncio.create_task(Consumer(streams, [QUESTIONS], handle).run())
        assert await until_out(redis, len(expected)) == expected
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    await worker(SlowAnswers(), [moment])
    second = SlowAnswers()
    asyncio.get_running_loop().call_later(0.3, second.gate.set)
    await worker(second, [moment, answer])
    assert await out(redis) == [moment, answer]


async def test_who_overslept_tells_nobody_to_wait_for_what_another_has_answered(redis: Redis) -> None:
    question = put(message(ASKS, addressed=True), unasked=False)
    await write(redis, await router(redis).answer(question))
    late = Floor(redis, MemberBook(redis), History(redis))
    said = Say(id="late", place=question.message.place, text="One moment", kind="notice")
    await late.say_meanwhile(question.message, said)
    assert await out(redis) == []
