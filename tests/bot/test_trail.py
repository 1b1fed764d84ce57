"""What is on the audit trail and what never is: every decision, setting and reversal, and no word of a member."""

from __future__ import annotations

import re

from redis.asyncio import Redis

from moderation.audit import AuditBook, Line
from moderation.cases import CaseBook
from moderation.keys import key
from moderation.seals import Sealer
from moderation.types import Decision, Tier
from tests.bot.commands.calling import DOUBT, SCAM, said, told
from tests.bot.test_router import handled, router, write


async def lines(redis: Redis) -> list[Line]:
    return (await AuditBook(redis).read("sample"))[::-1]


async def test_a_case_s_whole_way_is_on_the_trail_without_the_member(redis: Redis) -> None:
    walk, cases = router(redis), CaseBook(redis)
    first = (await handled(redis, walk, said(SCAM, by="mallory", id_="m1"))).case
    assert first is not None
    await handled(redis, walk, said(f"/appeal {first.id} it was a joke", by="mallory", id_="c1", private=True))
    [appeal] = await cases.queue("sample")
    settled = await cases.decide("sample", Decision(case=appeal.id, action="overturn", by="web:ben", text="sorry, Mal"))
    assert settled.decision is not None
    await write(redis, await walk.carry_out(settled, settled.decision))
    acted, appealed, *ends = await lines(redis)
    assert acted.what.startswith("timeout 86400s scam_fraud under default@")
    assert (acted.kind, acted.by, acted.case) == ("decision", "policy", first.id)
    assert (appealed.kind, appealed.what, appealed.case) == ("step", f"appealed {first.id}", appeal.id)
    assert {(one.kind, one.by, one.what, one.case) for one in ends} == {
        ("decision", "web:ben", "overturn", appeal.id),
        ("undo", "web:ben", "took back timeout 86400s scam_fraud", first.id),
    }
    kept = " ".join(str(one) for one in await lines(redis))
    assert [word for word in ("mallory", "Mallory", "joke", "sorry", "abc12345") if word in kept] == []


async def test_no_word_of_a_member_and_none_about_one_is_kept(redis: Redis) -> None:
    walk = router(redis)
    case = (await handled(redis, walk, said(DOUBT, by="mallory", id_="m1"))).case
    assert case is not None
    typed: tuple[tuple[str, str, Tier], ...] = (
        ("/report he told me his secret", "li", "member"),
        (f"/note {case.id} his real name is secret", "anna", "moderator"),
        (f"/answer {case.id} my secret answer", "anna", "moderator"),
        ("/trust secret trusted", "lin", "admin"),
        ("/undo secret things", "anna", "moderator"),
        ("/mode secret", "li", "member"),
        ("/knowledge delete secret", "lin", "admin"),
    )
    for number, (text, by, tier) in enumerate(typed):
        await handled(redis, walk, said(text, by, tier, id_=f"c{number}"))
    found = [one.what for one in await lines(redis)]
    assert found == [
        f"/note {case.id}",
        f"/answer {case.id}",
        "/trust trusted",
        "/undo",
        "/mode",
        "/knowledge delete",
    ]


async def test_a_member_who_is_forgotten_breaks_no_chain(redis: Redis) -> None:
    walk, sealer, book = router(redis), Sealer(redis), AuditBook(redis)
    await handled(redis, walk, said(SCAM, by="mallory", id_="m1"))
    await handled(redis, walk, said("/mode live", by="mallory", id_="m2"))
    await sealer.seal("sample")
    before = await lines(redis)
    asked = await told(redis, walk, said("/forgetme", by="mallory", id_="f1", private=True))
    (word,) = re.findall(r"(?<!\w)[0-9a-f]{4}(?!\w)", asked)
    gone = await told(redis, walk, said(f"/forgetme {word}", by="mallory", id_="f2", private=True))
    assert word not in gone
    assert await redis.hgetall(key("sample", "member", "mallory")) == {}
    assert (await lines(redis))[: len(before)] == before
    await sealer.seal("sample")
    assert (await book.verify("sample")).fault is None
