"""A moderator's answer that is saved as knowledge: what it holds, and that it is on the shelf once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.knowledge.documents import TITLE_LENGTH, Document
from bot.knowledge.index import Index
from bot.knowledge.learnt import SHOWN, learnt
from bot.knowledge.proposals import Proposals, approving, may_approve
from bot.knowledge.shelf import Shelf
from bot.stream import DECISIONS, Streams, names, saying
from moderation.cases import CaseBook, opening
from moderation.types import Author, Case, CaseKind, Decision, Tier
from tests.bot.test_router import message, router

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ASKED, ANSWERED = "Who pays the duty for Singapore?", "We pay it up to S$400."


def case(text: str = ASKED, kind: CaseKind = "handoff", name: str = "Maya") -> Case:
    return Case(id="7KQF2M9D", kind=kind, subject=message(text, author=Author(id="a2", name=name)))


def decision(text: str = ANSWERED, action: str = "answer", **more: Any) -> Decision:
    fields = {"case": "7KQF2M9D", "action": action, "by": "console-1", "by_name": "Sam", "text": text, "at": AT}
    return Decision.model_validate({"teach": True, **fields, **more})


def document(asked: Case, decided: Decision) -> Document:
    found = learnt(asked, decided)
    assert found is not None
    return found


def test_the_question_is_the_heading_and_the_answer_the_text() -> None:
    found = document(case(f"@Xiaoer {ASKED}"), decision("1 * 2:\nWe *pay*.\n\n# Up to S$400."))
    assert (found.id, found.title, found.lang) == ("teach/7KQF2M9D", ASKED, "en")
    assert (found.owner, found.taught_at, found.source, found.tags) == ("console-1", AT, "teach", ())
    assert found.text == f"# {ASKED}\n\n1 \\* 2:  \nWe \\*pay\\*.  \n\n\\# Up to S$400."


def test_the_language_is_the_whole_s() -> None:
    assert document(case("结算周期是多久？"), decision("T+7")).lang == "zh"


@pytest.mark.parametrize(
    ("asked", "decided"),
    [
        (case(), decision(teach=False)),
        (case(), decision(action="dismiss")),
        (case(kind="moderation"), decision()),
        (case(kind="moderation"), decision(action="ban")),
        (case(), decision("@Maya ")),
    ],
)
def test_nothing_else_is_kept(asked: Case, decided: Decision) -> None:
    assert learnt(asked, decided) is None


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("Maya", "Hi Maya, we pay it.", "we pay it."),
        ("Maya", "hello @maya we pay it, @Maya!", "we pay it, "),
        ("Maya", "Hi Maya\nWe pay it.", "We pay it."),
        ("小李", "@小李您好，七天。", "您好，七天。"),
        ("小李", "您好，小李：七天。", "七天。"),
        ("7 (a)", "@7 (a) 7 days", "7 days"),
        ("Li", "@Lisa knows. Limits are 5.", "@Lisa knows. Limits are 5."),
        ("7", "Within 7 days, T+7.", "Within 7 days, T+7."),
    ],
)
def test_the_member_is_not_addressed_by_name(name: str, said: str, kept: str) -> None:
    text = document(case(name=name), decision(said)).text
    assert text == f"# {ASKED}\n\n{kept.strip()}"


@given(st.text(max_size=600), st.text(min_size=1, max_size=60).filter(str.strip))
def test_any_question_makes_a_document_with_a_title_that_fits(asked: str, answered: str) -> None:
    found = document(case(asked, name=""), decision(answered))
    heading = found.text.split("\n")[0]
    assert 0 < len(found.title) <= SHOWN
    assert len(heading.replace("\\", "")) <= TITLE_LENGTH + len("#   ")


async def settle(redis: Redis, asked: Case, decided: Decision) -> list[bool]:
    """Decides the case and commits what that leads to, twice, as a worker that was cut off would; says what took."""
    cases, streams = CaseBook(redis), Streams(redis)
    for write in opening(asked):
        await redis.execute_command(*write)
    await cases.decide("sample", decided)
    [stream] = names("sample", [DECISIONS])
    assert await streams.lease(stream, "me")
    await streams.ready(stream)
    [entry] = await streams.fresh([stream], 1, 10)
    outcome = await router(redis).carry_out(asked, Decision.model_validate_json(entry.body))
    writes = [*outcome.writes, *map(saying, outcome.effects)]
    return [await streams.commit(entry, "me", writes) for _ in range(2)]


async def test_a_saved_answer_is_on_the_shelf_once_and_found_when_another_person_approves(redis: Redis) -> None:
    assert await settle(redis, case(), decision()) == [True, False]
    shelf, index = Shelf(redis, "sample"), Index()
    assert await shelf.list() == []
    [proposed] = await Proposals(redis, "sample").list()
    for write in approving("sample", proposed, "console-2"):
        await redis.execute_command(*write)
    assert await Proposals(redis, "sample").list() == []
    [kept] = await shelf.list()
    assert (kept.owner, kept.approved_by, await shelf.version()) == ("console-1", "console-2", 1)
    assert kept.taught_at == AT
    assert "Maya" not in kept.model_dump_json()
    await shelf.sync(index)
    [found] = index.search("duty for Singapore", today=AT.date())
    assert (found.title, ANSWERED in found.text) == (ASKED, True)


async def test_the_same_case_again_replaces_what_it_taught(redis: Redis) -> None:
    for text in (ANSWERED, "You pay it yourself."):
        await settle(redis, case(), decision(text))
    [kept] = await Proposals(redis, "sample").list()
    assert kept.text == f"# {ASKED}\n\nYou pay it yourself."


@pytest.mark.parametrize(
    ("by", "tier", "may"),
    [("console-1", "moderator", False), ("console-2", "moderator", True), ("console-1", "owner", True)],
)
def test_nobody_but_an_owner_approves_the_own_answer(by: str, tier: Tier, may: bool) -> None:
    assert may_approve(document(case(), decision()), by, tier) is may


@pytest.mark.parametrize("decided", [decision(teach=False), decision(action="dismiss")])
async def test_without_the_tick_or_an_answer_the_shelf_is_as_before(redis: Redis, decided: Decision) -> None:
    assert await settle(redis, case(), decided) == [True, False]
    shelf = Shelf(redis, "sample")
    assert (await shelf.list(), await shelf.version()) == ([], 0)
    assert await Proposals(redis, "sample").list() == []
