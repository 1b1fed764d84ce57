"""The archive: kept for so many days, read in order, and gone when it is switched off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot import history
from bot.history import Archived, History, archiving
from moderation.keys import Write, key
from moderation.types import Author, Message, Place, Ruling, Verdict

VERDICT = Verdict(ruling=Ruling.REVIEW, clause="abuse", policy="p@0123456789")


def message(id_: str) -> Message:
    return Message(id=id_, place=Place(platform="web", community="sample", channel="help"), author=Author(id="li"))


async def write(redis: Redis, writes: Iterable[Write]) -> None:
    for one in writes:
        await redis.execute_command(*one)


async def everything(redis: Redis, since: timedelta = timedelta(days=30)) -> tuple[list[Archived], int]:
    now = datetime.now(UTC)
    pages = [page async for page in History(redis).archived("sample", now - since, now + timedelta(seconds=1))]
    return [kept for page in pages for kept in page.messages], sum(page.unread for page in pages)


async def test_messages_are_kept_with_their_verdict_and_read_in_order(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 3)
    for number in range(8):
        await write(redis, archiving(message(f"m{number}"), VERDICT, 30))
    kept, unread = await everything(redis)
    assert [one.message.id for one in kept] == [f"m{number}" for number in range(8)]
    assert (kept[0].ruling, kept[0].clause, kept[0].policy) == (Ruling.REVIEW, "abuse", "p@0123456789")
    assert unread == 0
    assert 0 < await redis.ttl(key("sample", "archive")) <= 30 * 86400


async def test_the_archive_forgets_by_time_and_all_at_once_when_it_is_off(redis: Redis) -> None:
    archive = key("sample", "archive")
    old = int((datetime.now(UTC) - timedelta(days=31)).timestamp() * 1000)
    [add, _] = archiving(message("old"), VERDICT, 30)
    await redis.execute_command(*(f"{old}-1" if part == "*" else "0" if part.isdigit() else part for part in add))
    assert await redis.xlen(archive) == 1
    await write(redis, archiving(message("new"), VERDICT, 30))
    assert [one.message.id for one in (await everything(redis, timedelta(days=99)))[0]] == ["new"]
    await write(redis, archiving(message("last"), VERDICT, 0))
    assert not await redis.exists(archive)


async def test_since_is_a_bound_and_a_form_of_another_version_is_counted(redis: Redis) -> None:
    await write(redis, archiving(message("m1"), VERDICT, 30))
    await redis.xadd(key("sample", "archive"), {"message": '{"id": 1}', "ruling": "act", "clause": "", "policy": ""})
    kept, unread = await everything(redis)
    assert ([one.message.id for one in kept], unread) == (["m1"], 1)
    assert await everything(redis, timedelta(seconds=-0.9)) == ([], 0)
    assert len((await everything(redis, timedelta(weeks=9999)))[0]) == 1
