"""The knowledge page: documents are edited, a saved answer waits for a second person, gaps are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis

from bot.knowledge.documents import Document
from bot.knowledge.gaps import gaps
from bot.knowledge.proposals import Proposals, proposing
from bot.knowledge.shelf import Shelf, teaching
from moderation.cases import opening
from moderation.types import Case, Decision
from tests.bot.console.rig import open_console
from tests.bot.console.test_desk import SECRET, browser, question
from tests.bot.console.test_staff_pages import entered, posted

SAVED = Document(
    id="teach/QUESTION",
    title="Duty <b>for</b> Singapore?",
    lang="en",
    text="# Duty\n\nWe pay it.",
    owner="telegram:7",
    source="teach",
    taught_at=datetime(2026, 11, 20, tzinfo=UTC),
)
FORM = {"title": "Fees", "text": "The fee is 3 %.", "lang": "", "url": "", "tags": "fees, 费用", "valid_from": ""}


async def test_a_saved_answer_needs_a_second_person(admin: AsyncClient, redis: Redis) -> None:
    await redis.execute_command(*proposing("sample", SAVED))
    page = await admin.get("/knowledge")
    assert "&lt;b&gt;for&lt;/b&gt;" in page.text
    assert "/knowledge/approve" not in page.text
    assert (await posted(admin, "/knowledge/approve", id=SAVED.id)).status_code == 403
    assert await Shelf(redis, "sample").list() == []
    async with browser(open_console(redis, SECRET)) as other:
        await entered(other, redis, "moderator", "telegram:8")
        assert (await posted(other, "/knowledge/approve", id=SAVED.id)).status_code == 303
        assert (await posted(other, "/knowledge/approve", id=SAVED.id)).status_code == 404
    (kept,) = await Shelf(redis, "sample").list()
    assert (kept.owner, kept.approved_by) == ("telegram:7", "telegram:8")
    assert await Proposals(redis, "sample").list() == []


async def test_a_document_is_written_edited_and_deleted(admin: AsyncClient, redis: Redis) -> None:
    assert (await posted(admin, "/knowledge/save", **FORM, valid_until="2027-01-31")).status_code == 303
    (kept,) = await Shelf(redis, "sample").list()
    assert (kept.lang, kept.tags, str(kept.valid_until)) == ("en", ("fees", "费用"), "2027-01-31")
    page = await admin.get(f"/knowledge/edit?id={kept.id}")
    assert "The fee is 3 %." in page.text
    await posted(admin, "/knowledge/save", id=kept.id, **{**FORM, "text": "The fee is 4 %.", "valid_until": ""})
    (edited,) = await Shelf(redis, "sample").list()
    assert (edited.id, edited.text) == (kept.id, "The fee is 4 %.")
    await posted(admin, "/knowledge/delete", id=kept.id)
    assert await Shelf(redis, "sample").list() == []


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [("title", "", "Title"), ("valid_until", "soon", "Holds until"), ("url", "javascript:alert(1)", "Address")],
)
async def test_a_faulty_form_loses_nothing(admin: AsyncClient, redis: Redis, field: str, text: str, told: str) -> None:
    answer = await posted(admin, "/knowledge/save", **{**FORM, "valid_until": "", field: text})
    assert answer.status_code == 422
    assert f"Look at: {told}" in answer.text
    assert "The fee is 3 %." in answer.text
    assert await Shelf(redis, "sample").list() == []


async def test_a_document_of_a_file_is_left_to_its_file(admin: AsyncClient, redis: Redis) -> None:
    own = Document(id="fees.md", title="Fees", lang="en", text="3 %.")
    for write in teaching("sample", own):
        await redis.execute_command(*write)
    assert "readonly" in (await admin.get("/knowledge/edit?id=fees.md")).text
    answer = await posted(admin, "/knowledge/save", id="fees.md", **{**FORM, "valid_until": ""})
    assert answer.status_code == 409
    assert await Shelf(redis, "sample").list() == [own]


async def test_the_page_tells_what_is_asked_in_vain(admin: AsyncClient, redis: Redis) -> None:
    for write in opening(question()):
        await redis.execute_command(*write)
    page = (await admin.get("/knowledge")).text
    assert "Duty for Singapore?" in page
    assert 'href="/knowledge/edit?case=QUESTION"' in page
    assert 'value="Duty for Singapore?"' in (await admin.get("/knowledge/edit?case=QUESTION")).text


def asked(id_: str, text: str, *, taught: bool = False) -> Case:
    case = question(id_)
    decision = Decision(case=id_, action="answer", by="anna", text="x", teach=True) if taught else None
    subject = case.subject.model_copy(update={"text": text})
    return case.model_copy(update={"subject": subject, "decision": decision})


def test_alike_questions_are_one_gap_and_a_taught_one_is_none() -> None:
    found = gaps(
        [
            asked("A1", "退货运费谁承担？"),
            asked("A2", "How long does payout take?"),
            asked("A3", "请问退货的运费由谁承担呢"),
            asked("A4", "How long does a payout take"),
            asked("A5", "退货运费是谁承担"),
            asked("A6", "Where is my shop's logo set?", taught=True),
        ]
    )
    assert [(gap.times, gap.case) for gap in found] == [(3, "A1"), (2, "A2")]
