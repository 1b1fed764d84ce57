"""The policy page: a fault changes nothing, a trial tells what would change, and every version has its way back."""

from __future__ import annotations

from httpx import AsyncClient
from redis.asyncio import Redis

from bot.history import archiving
from moderation.cases import reversing, settling
from moderation.policy.book import FILE, PolicyBook
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Verdict, case_id
from tests.bot.console.test_staff_pages import posted

STRICT = 'extends = "default"\nname = "strict"\n[clauses.spam_ads]\nreview_at = 0.05\n'
HELP = Place(platform="web", community="sample", channel="help", profile="help")


async def test_a_faulty_text_changes_nothing_and_names_its_line(admin: AsyncClient, redis: Redis) -> None:
    faulty = STRICT.replace("0.05", "7")
    for do in ("try", "shadow", "set"):
        answer = await posted(admin, "/policy", text=faulty, do=do)
        assert answer.status_code == 422
        assert "Line 4:" in answer.text
        assert "review_at = 7" in answer.text
    assert (await PolicyBook(redis).in_force("sample")).live == FILE
    chinese = await posted(admin, "/policy?lang=zh", text=faulty, do="try")
    assert "第 4 行" in chinese.text


async def test_a_trial_replays_the_archive_and_changes_nothing(admin: AsyncClient, redis: Redis) -> None:
    for number in range(4):
        message = Message(
            id=f"m{number}",
            place=HELP,
            author=Author(id="a", name="A"),
            text=f"Cheap <b>invoices</b> {number}, add my WeChat abc12345 for the best agency prices",
        )
        for write in archiving(message, Verdict(ruling=Ruling.ALLOW), 30):
            await redis.execute_command(*write)
    answer = await posted(admin, "/policy", text=STRICT, do="try")
    assert answer.status_code == 200
    assert "clauses.spam_ads.review_at" in answer.text
    assert "4 messages of the last 30 days" in answer.text
    assert "<b>invoices" not in answer.text
    assert (await PolicyBook(redis).in_force("sample")).live == FILE


async def test_a_policy_is_set_run_in_shadow_and_taken_back(admin: AsyncClient, redis: Redis) -> None:
    book = PolicyBook(redis)
    assert (await posted(admin, "/policy", text=STRICT, do="set", note="too much spam")).status_code == 303
    (stored,) = await book.versions("sample")
    assert (stored.by, stored.note) == ("telegram:7", "too much spam")
    assert (await book.in_force("sample")).live == stored.version
    assert "review_at = 0.05" in (await admin.get("/policy")).text
    softer = STRICT.replace("0.05", "0.2")
    await posted(admin, "/policy", text=softer, do="shadow")
    assert (await book.in_force("sample")).shadow != FILE
    await posted(admin, "/policy/back", to="no-shadow")
    assert (await book.in_force("sample")).shadow == FILE
    await posted(admin, "/policy/back", to=FILE)
    assert (await book.in_force("sample")).live == FILE
    assert (await posted(admin, "/policy/back", to="abcdef0")).status_code == 409


async def test_a_whole_policy_in_chinese_fits_and_a_flood_of_bytes_does_not(admin: AsyncClient) -> None:
    long = STRICT + "".join(f"# 第{number}条说明：本群不欢迎任何形式的广告与刷单信息\n" for number in range(1200))
    assert (await posted(admin, "/policy", text=long, do="try")).status_code == 200
    assert (await posted(admin, "/policy", text="#" * 600_000, do="try")).status_code == 413


async def test_a_policy_that_repeats_a_mistake_is_set_on_a_second_word(admin: AsyncClient, redis: Redis) -> None:
    book, mild = PolicyBook(redis), 'extends = "default"\n[clauses.scam_fraud]\nact_at = "never"\n'
    assert (await posted(admin, "/policy", text=mild, do="set")).status_code == 303
    subject = Message(id="m1", place=HELP, author=Author(id="a"), text="刷单返利500，先转押金再返现")
    decision = Decision(case=case_id("moderation", subject), action="ban", by="policy", reason="scam_fraud")
    case = Case(id=decision.case, kind="moderation", subject=subject, state="settled", decision=decision)
    back = decision.model_copy(update={"action": "overturn", "by": "web:anna"})
    for write in (*settling(case, decision), *reversing(case, back)):
        await redis.execute_command(*write)
    before = (await book.in_force("sample")).live
    warned = await posted(admin, "/policy", text=STRICT, do="set")
    assert warned.status_code == 409
    assert case.id in warned.text
    assert (await book.in_force("sample")).live == before
    assert (await posted(admin, "/policy", text=STRICT, do="set", anyway="yes")).status_code == 303
    assert (await book.in_force("sample")).live != before
