"""`/undo rule`: all that the policy did under a rule, first shown and then taken back with the word that was told."""

from __future__ import annotations

import re
from typing import cast

import pytest
from redis.asyncio import Redis

from bot.router import Router
from moderation.cases import CaseBook, strikes_key
from moderation.keys import key
from moderation.seals import Entry
from moderation.types import Case, Decision, Message, Say
from tests.bot.commands.calling import DOUBT, SCAM, done, said, told, trail
from tests.bot.test_router import handled, router, texts


def by_lin(text: str, id_: str = "c1") -> Message:
    return said(text, "lin", "admin", id_=id_)


async def scams(redis: Redis, walk: Router, members: int) -> list[Case]:
    outcomes = [await handled(redis, walk, said(SCAM, by=f"m{n}", id_=f"m{n}")) for n in range(members)]
    return [outcome.case for outcome in outcomes if outcome.case]


def word(text: str) -> str:
    (found,) = re.findall(r"\b([0-9a-f]{4})$", text)
    return str(found)


@pytest.mark.parametrize(
    ("command", "told_of"),
    [("/undo rule scam_fraud 24h", "members: 3"), ("/撤销 规则 诈骗 24小时", "涉及 3 位成员")],
)
async def test_all_of_a_rule_is_shown_and_then_taken_back(redis: Redis, command: str, told_of: str) -> None:
    walk, cases = router(redis), CaseBook(redis)
    acted = await scams(redis, walk, 3)
    by_ben = (await handled(redis, walk, said(DOUBT, by="mallory", id_="m9"))).case
    assert by_ben is not None
    await cases.decide("sample", Decision(case=by_ben.id, action="ban", by="web:ben", reason="scam_fraud", strikes=1))
    preview = await told(redis, walk, by_lin(command))
    assert told_of in preview
    assert acted[-1].id in preview
    assert by_ben.id not in preview
    assert SCAM not in preview
    wrong = await told(redis, walk, by_lin(f"{command} 0000", "c2"))
    assert (await cases.get("sample", acted[0].id)).reversal is None  # type: ignore[union-attr]
    assert "3" in await told(redis, walk, by_lin(f"{command} {word(wrong)}", "c3"))
    for case in acted:
        assert (await cases.get("sample", case.id)).reversal is not None  # type: ignore[union-attr]
        assert await redis.zcard(strikes_key("sample", case.subject.author.id)) == 0
    assert (await cases.get("sample", by_ben.id)).reversal is None  # type: ignore[union-attr]
    rows = cast(list[Entry], await redis.xrange(key("sample", "effects", "web")))
    assert {Say.model_validate_json(fields["body"]).case for _, fields in rows} == {case.id for case in acted}
    undone = [what for _, what, _ in await trail(redis, "undo")]
    assert [what.split(" since ")[0] for what in undone] == [
        *["took back timeout 86400s scam_fraud"] * 3,
        "took back 3 of scam_fraud",
    ]
    again = await told(redis, walk, by_lin(command, "c4"))
    assert "nothing by myself" in again or "没有" in again


async def test_a_word_is_good_for_what_it_was_told_for(redis: Redis) -> None:
    walk = router(redis)
    [case] = await scams(redis, walk, 1)
    preview = await told(redis, walk, by_lin("/undo rule scam_fraud 1h"))
    await told(redis, walk, by_lin(f"/undo rule scam_fraud 24h {word(preview)}", "c2"))
    other = said(f"/undo rule scam_fraud 1h {word(preview)}", "mia", "admin", id_="c3")
    assert word(await told(redis, walk, other)) != word(preview)
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    assert found.reversal is None


async def test_only_an_admin_takes_back_a_rule_and_only_a_known_one(redis: Redis) -> None:
    walk = router(redis)
    await scams(redis, walk, 1)
    moderator = said("/undo rule scam_fraud 24h", "anna", "moderator")
    assert "Only admins" in await told(redis, walk, moderator)
    for number, text in enumerate(("rule", "rule nonsense 24h", "rule scam_fraud", "rule scam_fraud soon")):
        answer = await told(redis, walk, by_lin(f"/undo {text}", f"c{number + 2}"))
        assert "/undo rule CLAUSE 24h" in answer


async def test_an_appeal_is_never_turned_down_when_the_decision_is_gone(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    [first] = await scams(redis, walk, 1)
    await handled(redis, walk, said(f"/appeal {first.id} please look again", by="m0", id_="a1", private=True))
    await handled(redis, walk, said(f"/undo {first.id}", "anna", "moderator"))
    [appeal] = await cases.queue("sample")
    settled = await cases.decide("sample", Decision(case=appeal.id, action="uphold", by="web:ben"))
    assert settled.decision is not None
    outcome = await walk.carry_out(settled, settled.decision)
    assert done(outcome) == []
    assert ["taken back" in text for text in texts(outcome)] == [True]
