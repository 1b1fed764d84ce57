"""The policy page: a fault changes nothing, a trial tells what would change, and every version has its way back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient, Response
from redis.asyncio import Redis

from bot.history import archiving
from moderation.cases import reversing, settling
from moderation.policy.book import FILE, PolicyBook
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Verdict, case_id
from tests.bot.console.rig import open_console
from tests.bot.console.test_desk import SECRET, browser, csrf
from tests.bot.console.test_staff_pages import ORIGIN, entered

STRICT = 'extends = "default"\nname = "strict"\n[clauses.spam_ads]\nreview_at = 0.05\n'
HELP = Place(platform="web", community="sample", channel="help", profile="help")


@pytest.fixture
async def client(redis: Redis) -> AsyncIterator[AsyncClient]:
    async with browser(open_console(redis, SECRET)) as one:
        await entered(one, redis, "admin")
        yield one


async def posted(client: AsyncClient, path: str, **form: str) -> Response:
    word = csrf(await client.get("/policy"))
    return await client.post(path, data={"csrf": word, **form}, headers={"Origin": ORIGIN})


async def test_a_faulty_text_changes_nothing_and_names_its_line(client: AsyncClient, redis: Redis) -> None:
    faulty = STRICT.replace("0.05", "7")
    for do in ("try", "shadow", "set"):
        answer = await posted(client, "/policy", text=faulty, do=do)
        assert answer.status_code == 422
        assert "Line 4:" in answer.text
        assert "review_at = 7" in answer.text
    assert (await PolicyBook(redis).in_force("sample")).live == FILE
    chinese = await posted(client, "/policy?lang=zh", text=faulty, do="try")
    assert "第 4 行" in chinese.text


async def test_a_trial_replays_the_archive_and_changes_nothing(client: AsyncClient, redis: Redis) -> None:
    for number in range(4):
        message = Message(
            id=f"m{number}",
            place=HELP,
            author=Author(id="a", name="A"),
            text=f"Cheap <b>invoices</b> {number}, add my WeChat abc12345 for the best agency prices",
        )
        for write in archiving(message, Verdict(ruling=Ruling.ALLOW), 30):
            await redis.execute_command(*write)
    answer = await posted(client, "/policy", text=STRICT, do="try")
    assert answer.status_code == 200
    assert "clauses.spam_ads.review_at" in answer.text
    assert "4 messages of the last 30 days" in answer.text
    assert "<b>invoices" not in answer.text
    assert (await PolicyBook(redis).in_force("sample")).live == FILE


async def test_a_policy_is_set_run_in_shadow_and_taken_back(client: AsyncClient, redis: Redis) -> None:
    book = PolicyBook(redis)
    assert (await posted(client, "/policy", text=STRICT, do="set", note="too much spam")).status_code == 303
    (stored,) = await book.versions("sample")
    assert (stored.by, stored.note) == ("telegram:7", "too much spam")
    assert (await book.in_force("sample")).live == stored.version
    assert "review_at = 0.05" in (await client.get("/policy")).text
    softer = STRICT.replace("0.05", "0.2")
    await posted(client, "/policy", text=softer, do="shadow")
    assert (await book.in_force("sample")).shadow != FILE
    await posted(client, "/policy/back", to="no-shadow")
    assert (await book.in_force("sample")).shadow == FILE
    await posted(client, "/policy/back", to=FILE)
    assert (await book.in_force("sample")).live == FILE
    assert (await posted(client, "/policy/back", to="abcdef0")).status_code == 409


async def test_a_whole_policy_in_chinese_fits_and_a_flood_of_bytes_does_not(client: AsyncClient) -> None:
    long = STRICT + "".join(f"# 第{number}条说明：本群不欢迎任何形式的广告与刷单信息\n" for number in range(1200))
    assert (await posted(client, "/policy", text=long, do="try")).status_code == 200
    assert (await posted(client, "/policy", text="#" * 600_000, do="try")).status_code == 413


async def test_a_policy_that_repeats_a_mistake_is_set_on_a_second_word(client: AsyncClient, redis: Redis) -> None:
    book, mild = PolicyBook(redis), 'extends = "default"\n[clauses.scam_fraud]\nact_at = "never"\n'
    assert (await posted(client, "/policy", text=mild, do="set")).status_code == 303
    subject = Message(id="m1", place=HELP, author=Author(id="a"), text="刷单返利500，先转押金再返现")
    decision = Decision(case=case_id("moderation", subject), action="ban", by="policy", reason="scam_fraud")
    case = Case(id=decision.case, kind="moderation", subject=subject, state="settled", decision=decision)
    back = decision.model_copy(update={"action": "overturn", "by": "web:anna"})
    for write in (*settling(case, decision), *reversing(case, back)):
        await redis.execute_command(*write)
    before = (await book.in_force("sample")).live
    warned = await posted(client, "/policy", text=STRICT, do="set")
    assert warned.status_code == 409
    assert case.id in warned.text
    assert (await book.in_force("sample")).live == before
    assert (await posted(client, "/policy", text=STRICT, do="set", anyway="yes")).status_code == 303
    assert (await book.in_force("sample")).live != before
