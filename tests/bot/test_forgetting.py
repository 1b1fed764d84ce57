"""After /forgetme nothing in Redis holds the member's words, other than open cases; decisions and strikes stay."""

from __future__ import annotations

import asyncio
import re
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.adapters.web_room import Room
from bot.redis_server import open_client
from bot.router import Router
from bot.stream import Streams
from bot.words import LANGS, words
from moderation.cases import CaseBook, copying, furthering, remarking, settling, strikes_key
from moderation.judging.lately import moderation_case
from moderation.keys import key
from moderation.policy import parse
from moderation.types import Case, Decision, Lang, Message, Remark, Reply, Signal, Verdict
from tests.bot.commands.calling import DOUBT, SCAM, said, told
from tests.bot.review.test_desk import desk, follow, perform, press, pressed
from tests.bot.test_router import handled, put, router, write

SECRET = "swordfish"
"""Stands in everything that the member says, in its name and in its files."""


def by_li(text: str, id_: str, by: str = "li", **more: object) -> Message:
    one = said(f"{text} {SECRET}-{id_}", by, id_=id_, **more)  # type: ignore[arg-type]
    return one.model_copy(update={"author": one.author.model_copy(update={"name": f"Li {SECRET}"})})


async def forget(redis: Redis, walk: Router, by: str = "li") -> str:
    asked = await told(redis, walk, said("/forgetme", by, id_="f1"))
    word = re.search(r"/(?:forgetme|忘记我) ([0-9a-f]{4})", asked)
    assert word, asked
    return await told(redis, walk, said(f"/forgetme {word[1]}", by, id_="f2"))


async def everything(redis: Redis) -> dict[str, str]:
    """All that Redis holds, by key, as text."""
    found = {}
    async for name in redis.scan_iter(count=1000):
        match await redis.type(name):
            case "string":
                held: object = await redis.get(name)
            case "hash":
                held = await redis.hgetall(name)
            case "list":
                held = await redis.lrange(name, 0, -1)
            case "set":
                held = await redis.smembers(name)
            case "zset":
                held = await redis.zrange(name, 0, -1)
            case _:
                held = await redis.xrange(name)
        found[str(name)] = f"{name} {held}"
    return found


async def holding(redis: Redis) -> list[str]:
    """The keys that hold the member's words; what waits to be said or shown is not kept and drains by itself."""
    drains = (":effects:", ":decisions:")
    kept = {name: text for name, text in (await everything(redis)).items() if not any(one in name for one in drains)}
    return sorted(name for name, text in kept.items() if SECRET in text)


DEEDS = ("dismiss", "remove", "timeout", "ban", "undo", "appeal", "upheld", "overturned", "open", "remark", "reported")


async def live_through(redis: Redis, walk: Router, at: int, deed: str) -> Case:
    """A case of the member's with all that may happen to one; SECRET is in everything."""
    outcome = await handled(redis, walk, by_li(DOUBT, f"d{at}"))
    assert outcome.case is not None
    case, one, cases = outcome.case, await desk(redis), CaseBook(redis)
    await follow(redis, one)
    if deed == "open":
        return case
    if deed == "reported":
        await handled(redis, walk, said("/report", "wang", id_=f"r{at}", reply_to=f"d{at}"))
    if deed == "remark":
        for one_ in remarking("sample", case.id, Remark(by="web:anna", text=f"says {SECRET}")):
            await redis.execute_command(*one_)
    appealed = deed in ("appeal", "upheld", "overturned")
    action = "ban" if appealed or deed in ("undo", "remark", "reported") else deed
    decided = {"action": action, "by": "web:anna", "reason": "prompt_injection", "text": f"no {SECRET}"}
    decided["strikes"] = str(int(action != "dismiss"))
    settled = await cases.decide("sample", Decision.model_validate({"case": case.id, **decided}))
    assert settled.decision is not None
    await write(redis, await walk.carry_out(settled, settled.decision))
    if deed == "undo":
        await pressed(redis, one, press(case, "undo", "ben"))
    if appealed:
        await told(redis, walk, by_li(f"/appeal {case.id} a joke", f"a{at}"))
        [appeal] = [open_ for open_ in await cases.queue("sample") if open_.of == case.id]
        if deed != "appeal":
            action = "uphold" if deed == "upheld" else "overturn"
            decision = Decision.model_validate({"case": appeal.id, "action": action, "by": "web:ben"})
            over = await cases.decide("sample", decision)
            assert over.decision is not None
            await write(redis, await walk.carry_out(over, over.decision))
    return case


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(st.sampled_from(DEEDS), max_size=5))
def test_nothing_but_open_cases_holds_a_word_of_a_member_that_was_forgotten(redis_url: str, deeds: list[str]) -> None:
    async def play() -> None:
        async with open_client(redis_url) as redis:
            await redis.flushall()
            walk = router(redis, days=30, policy=APART, shadow=SHADOW)
            await handled(redis, walk, by_li("大家早上好，今天出了三十单", "m1"))
            await handled(redis, walk, by_li(SCAM, "m2"))
            await write(redis, await walk.answer(put(by_li("结算周期是多久？", "m3"))))
            lived = [(deed, await live_through(redis, walk, at, deed)) for at, deed in enumerate(deeds)]
            await handled(
                redis, walk, said(DOUBT, "mallory", id_="x")
            )  # the context of another's case, which stays open
            before = await redis.zrange(strikes_key("sample", "li"), 0, -1, withscores=True)
            await forget(redis, walk)
            await follow(redis, await desk(redis))
            waits = {one.id for one in await CaseBook(redis).queue("sample", 100)}
            spared = waits | {case.id for deed, case in lived if deed == "appeal"}
            assert {name.rpartition(":")[2] for name in await holding(redis)} <= spared
            assert spared >= {case.id for deed, case in lived if deed in ("open", "appeal")}
            assert await redis.zrange(strikes_key("sample", "li"), 0, -1, withscores=True) == before

    asyncio.run(play())


APART = parse('extends = "default"\n[duplicates]\nmin_chars = 5000\n', "each case for itself")
SHADOW = parse(
    'extends = "default"\nname = "stricter"\n[clauses.scam_fraud]\nreview_at = 0.2\nact_at = "never"\n', "shadow"
)


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if deed not in ("open", "appeal")])
async def test_of_a_settled_case_the_decision_stays_and_nothing_else(redis: Redis, deed: str) -> None:
    walk, cases = router(redis), CaseBook(redis)
    before = await cases.get("sample", (await live_through(redis, walk, 0, deed)).id)
    assert before is not None
    await forget(redis, walk)
    after = await cases.get("sample", before.id)
    assert after is not None
    assert after.decision is not None
    assert after.decision == (before.decision or after.decision).model_copy(update={"text": ""})
    assert (after.state, after.opened_at, after.kind) == (before.state, before.opened_at, before.kind)
    assert (after.reversal is None) is (before.reversal is None)
    assert after.verdict is not None
    assert before.verdict is not None
    assert (after.verdict.clause, after.verdict.score) == (before.verdict.clause, before.verdict.score)
    assert (after.subject.forgotten, after.subject.text, after.context, after.remarks, after.reporters) == (
        *(True, "", ()),
        *((), ()),
    )
    assert "li" not in after.subject.author.id
    assert before.id not in [one.id for one in await cases.of_member("sample", "web", "li")]
    assert await holding(redis) == []


async def test_a_pseudonym_is_kept_only_where_a_strike_is_in_force_and_joins_them(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    struck = [await live_through(redis, walk, at, "remove") for at in range(2)]
    freed = await live_through(redis, walk, 2, "dismiss")
    await live_through_other(redis, walk)
    await forget(redis, walk)
    names = [case.subject.author.id for case in [await cases.get("sample", one.id) for one in struck] if case]
    assert len(names) == 2
    assert len(set(names)) == 1
    assert re.fullmatch(r"forgotten-[0-9a-f]{16}", names[0])
    spared = await cases.get("sample", freed.id)
    assert spared is not None
    assert spared.subject.author.id == "forgotten"
    assert await redis.zcard(strikes_key("sample", "li")) == 2


async def live_through_other(redis: Redis, walk: Router) -> None:
    outcome = await handled(redis, walk, said(SCAM, "wang", id_="w1"))
    assert outcome.fate == "enforced"


async def test_another_member_s_case_keeps_its_own_words_and_loses_the_forgotten_ones(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    await handled(redis, walk, by_li("大家早上好", "m1"))
    outcome = await handled(redis, walk, said(DOUBT, "mallory", id_="m2"))
    assert outcome.case is not None
    await redis.execute_command(*copying("sample", outcome.case.id, by_li("the same again", "m3")))
    await cases.decide("sample", Decision(case=outcome.case.id, action="remove", by="web:anna", text="rude"))
    before = await cases.get("sample", outcome.case.id)
    await forget(redis, walk)
    after = await cases.get("sample", outcome.case.id)
    assert before is not None
    assert after is not None
    assert [one.forgotten for one in after.context] == [True]
    assert (len(before.copies), after.copies) == (1, ())
    assert after == before.model_copy(update={"context": after.context, "copies": ()})


async def test_what_a_member_asked_further_goes_with_its_question(redis: Redis) -> None:
    walk, cases = router(redis, sure=False), CaseBook(redis)
    outcome = await walk.answer(put(by_li("结算周期是多久？", "m1")))
    await write(redis, outcome)
    assert outcome.case is not None
    await perform(redis, furthering("sample", outcome.case.id, by_li("多久？", "m2")))
    await cases.decide("sample", Decision(case=outcome.case.id, action="answer", by="web:anna", text="七天"))
    await forget(redis, walk)
    after = await cases.get("sample", outcome.case.id)
    assert after is not None
    assert (after.subject.forgotten, after.further) == (True, ())


async def test_a_forgotten_case_can_be_neither_appealed_nor_taken_back_and_its_card_says_why(redis: Redis) -> None:
    walk = router(redis)
    one = await desk(redis)
    case = await live_through(redis, walk, 0, "ban")
    await follow(redis, one)
    await forget(redis, walk)
    cards = await follow(redis, one)
    assert [card.edits for card in cards] == [f"{case.id}:card"]
    assert words("en")("case.forgotten") in cards[0].text
    assert (SECRET in cards[0].text, cards[0].buttons) == (False, ())
    assert "no case" in await told(redis, walk, by_li(f"/appeal {case.id} a joke", "a1"))
    anna = said(f"/undo {case.id}", "anna", "moderator", id_="u1")
    assert "nothing to take back" in await told(redis, walk, anna)
    assert await redis.zcard(strikes_key("sample", "li")) == 1


async def test_what_waits_for_nobody_is_read_and_deleted_too(redis: Redis) -> None:
    """The web chat's own messages, dead letters and evidence."""
    walk, streams = router(redis), Streams(redis)
    room = Room(redis, streams.put_on, "sample", {"help": "help"})
    await room.post(by_li("看看这个", "p1"))
    await room.post(said("我的还在", "wang", id_="p2"))
    await redis.xadd(
        key("sample", "dead"), {"stream": "s", "order": "o", "body": by_li("x", "p3").model_dump_json(), "error": "e"}
    )
    await redis.delete(*[name async for name in redis.scan_iter(match="*:messages:*")])
    subject = by_li(SCAM, "e1")
    found = Signal(check="contact", clause="scam_fraud", score=0.9, evidence=f"{SECRET}", span=(0, 4))
    verdict = Verdict(ruling="act", clause="scam_fraud", score=0.9, signals=(found,))
    decision = Decision(case=moderation_case(subject), action="remove", by="policy", reason="scam_fraud")
    reply = Reply(text=f"draft about {SECRET}")
    case = Case(id=decision.case, kind="moderation", subject=subject, verdict=verdict, reply=reply)
    for one in settling(case, decision):
        await redis.execute_command(*one)
    assert len(await holding(redis)) >= 3
    await forget(redis, walk)
    assert await holding(redis) == []
    rows = cast(list[tuple[str, dict[str, str]]], await redis.xrange(key("sample", "room", "help")))
    assert [fields["message"] for _, fields in rows] == ["p2"]


@pytest.mark.parametrize("lang", LANGS)
async def test_the_member_is_told_what_goes_and_what_stays(redis: Redis, lang: Lang) -> None:
    walk, name = router(redis), {"zh": ("/我的数据", "/忘记我"), "en": ("/mydata", "/forgetme")}[lang]
    await live_through(redis, walk, 0, "remove")
    await live_through(redis, walk, 1, "open")
    kept = await told(redis, walk, said(name[0], id_="k1"))
    assert words(lang)("commands.kept", **dict.fromkeys(KEPT, "#")).split("#")[-2] + "1" in kept
    asked = await told(redis, walk, said(name[1], id_="k2"))
    word = asked.rpartition(f"{name[1]} ")[2][:4]
    assert asked == words(lang)("commands.forget_sure", word=word)
    assert await told(redis, walk, said(f"{name[1]} {word}", id_="k3")) == words(lang)("commands.forgotten")
    left = await told(redis, walk, said(name[0], id_="k4"))
    assert words(lang)("commands.kept", **dict.fromkeys(KEPT, "#")).split("#")[-2] + "0" in left


KEPT = ("passed", "trust", "strikes", "votes", "archived", "cases", "settled")
