"""Decisions that were taken back, as a test of a policy."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from moderation.cases import reversing, settling
from moderation.judging.classifier import load_classifier
from moderation.judging.judge import Judge
from moderation.keys import key
from moderation.policy import load, parse
from moderation.policy.proof import ProofBook, prove, repeated
from moderation.types import Author, Case, Decision, Message, Place, Ruling, case_id

SCAM = "刷单返利500，先转押金再返现，问 abc12345"
CALM = "结算周期是 7 天"
LIVE = Judge(load(), load_classifier())
MILD = parse('extends = "default"\n[clauses.scam_fraud]\nact_at = "never"\n', "mild")


async def taken_back(redis: Redis, text: str, id_: str) -> Case:
    place = Place(platform="web", community="sample", channel="help", profile="help", title="Help")
    subject = Message(id=id_, place=place, author=Author(id="li", name="Li"), text=text)
    decision = Decision(case=case_id("moderation", subject), action="ban", by="policy", reason="scam_fraud")
    case = Case(id=decision.case, kind="moderation", subject=subject, state="settled", decision=decision)
    back = Decision(case=case.id, action="overturn", by="web:anna")
    for one in (*settling(case, decision), *reversing(case, back)):
        await redis.execute_command(*one)
    return case


async def test_what_was_taken_back_is_a_redacted_example(redis: Redis) -> None:
    case = await taken_back(redis, SCAM, "m1")
    [found] = await ProofBook(redis).overturned("sample")
    assert (found.case, found.clause) == (case.id, "scam_fraud")
    assert (found.message.author.id, found.message.author.name) == ("somebody", "")
    assert "abc12345" not in found.message.text
    assert "返利500" in found.message.text
    assert await ProofBook(redis).overturned("other") == []


async def test_a_policy_is_told_what_it_would_do_again(redis: Redis) -> None:
    scam, _ = await taken_back(redis, SCAM, "m1"), await taken_back(redis, CALM, "m2")
    examples = await ProofBook(redis).overturned("sample")
    found = prove(LIVE, examples)
    assert (found.examples, [one.case for one in found.acts]) == (2, [scam.id])
    mild = prove(LIVE.under(MILD), examples)
    assert mild.acts == ()
    assert [(one.case, one.ruling) for one in mild.reviews] == [(scam.id, Ruling.REVIEW)]


@pytest.mark.parametrize(("before", "after", "again"), [(MILD, load(), 1), (load(), load(), 0), (load(), MILD, 0)])
async def test_only_a_mistake_that_is_new_counts(redis: Redis, before: object, after: object, again: int) -> None:
    await taken_back(redis, SCAM, "m1")
    examples = await ProofBook(redis).overturned("sample")
    assert len(repeated(LIVE.under(before), after, examples)) == again  # type: ignore[arg-type]


async def test_a_row_of_an_earlier_form_is_passed_over(redis: Redis) -> None:
    await redis.xadd(key("sample", "overturned"), {"case": "7KQF2M9D", "clause": "abuse", "body": '{"text": "x"}'})
    assert await ProofBook(redis).overturned("sample") == []
