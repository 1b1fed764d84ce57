"""`/teach`: who may, what it writes, and that the bot answers from it at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.commands import CommandError, is_command, taught
from bot.knowledge.index import Index
from bot.knowledge.shelf import Shelf
from moderation.members import MemberBook, admin
from moderation.types import Say
from tests.bot.test_router import message, router, write

TEXT = "每天九点到二十一点。"


@pytest.mark.parametrize("between", ["：", "\n", " | ", ": "])
def test_title_and_text_are_parted_as_people_write_them(between: str) -> None:
    document = taught(message(f"/teach 营业时间{between}{TEXT}"))
    assert (document.title, document.text, document.lang) == ("营业时间", TEXT, "zh")
    assert (document.owner, document.source) == ("li", "teach")
    assert document.id == taught(message("/teach 营业时间: other")).id


@pytest.mark.parametrize("text", ["/teach", "/teach only a title", "/teach : text", "/TEACH title:  "])
def test_what_is_missing_is_told(text: str) -> None:
    assert is_command(message(text))
    with pytest.raises(CommandError, match="TITLE: TEXT"):
        taught(message(text))


@pytest.mark.parametrize("text", ["/teacher", "please /teach x: y", "teach me"])
def test_other_words_are_no_command(text: str) -> None:
    assert not is_command(message(text))


async def test_an_admin_teaches_and_the_search_finds_it_at_once(redis: Redis) -> None:
    await MemberBook(redis).appoint("sample", admin("web", "li"))
    outcome = await router(redis).handle(message("/teach Opening hours: Staff are here from 9 to 21."))
    await write(redis, outcome)
    [said] = outcome.effects
    assert isinstance(said, Say)
    assert said.text == "Learned: Opening hours."
    shelf, index = Shelf(redis, "sample"), Index()
    await shelf.sync(index)
    [found] = index.search("opening hours of staff", today=datetime.now(UTC).date())
    assert found.title == "Opening hours"


async def test_anybody_else_teaches_nothing(redis: Redis) -> None:
    await MemberBook(redis).appoint("sample", admin("terminal", "li"))
    outcome = await router(redis).handle(message("/teach Opening hours: never"))
    await write(redis, outcome)
    assert await Shelf(redis, "sample").list() == []
    [said] = outcome.effects
    assert isinstance(said, Say)
    assert said.text == "Only admins may use this command."
