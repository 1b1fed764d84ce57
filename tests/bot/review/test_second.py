"""Second looks in a chat: `/second` shows a case without its decision, and a press answers and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import pytest
from redis.asyncio import Redis

from bot.commands.table import TABLE
from bot.groups.communities import Community
from bot.groups.happenings import Press
from bot.review.second import BUTTONS, SecondDesk
from bot.router import Router
from bot.stream import Streams, pressing
from bot.worker import Worker
from moderation.cases import CaseBook
from moderation.keys import Write, key
from moderation.policy import Policy, load
from moderation.policy.review import ReviewRules
from moderation.types import Author, Case, Decision, Place, Say, Tier
from tests.bot.answering.test_feedback import until
from tests.bot.commands.calling import DOUBT, answer_of, said, told, trail
from tests.bot.review.test_desk import said_by
from tests.bot.test_router import StubBench, books, handled, router

STAFF = Place(platform="web", community="sample", channel="staff")


def every_case() -> Policy:
    """The packaged policy, with every case in the sample."""
    return load().model_copy(update={"review": ReviewRules(second_look=1)})


async def kicked(redis: Redis, walk: Router) -> Case:
    """Mallory's message, decided by Anna in the chat."""
    outcome = await handled(redis, walk, said(DOUBT, by="mallory", id_="m1"))
    assert outcome.case is not None
    decision = Decision(case=outcome.case.id, action="kick", by="web:anna", by_name="Anna")
    return await CaseBook(redis).decide("sample", decision)


def press(button: str, by: str = "ben", tier: Tier = "moderator", second: int = 0) -> Press:
    at = datetime(2026, 11, 22, 12, 0, second, tzinfo=UTC)
    return Press(place=STAFF, button=button, member=Author(id=by, name=by.title(), tier=tier), card="9", at=at)


async def pressed(redis: Redis, press_: Press) -> Say:
    """What who pressed is told, with everything written; the same press again leads to the same."""
    desk = SecondDesk(books(redis), StubBench(every_case()))
    writes: Sequence[Write] = await desk.press(press_)
    assert writes == await desk.press(press_)
    for one in writes:
        await redis.execute_command(*one)
    [notice] = [say for say in map(said_by, writes) if say]
    return notice


async def test_the_card_tells_everything_but_the_decision(redis: Redis) -> None:
    walk = router(redis, policy=every_case())
    case = await kicked(redis, walk)
    answer = answer_of(await handled(redis, walk, said("/second", "ben", "moderator", id_="c2")))
    assert DOUBT in answer.text
    assert case.id in answer.text
    assert [word for word in ("Anna", "Kick", "kick", "0.0", "1.0") if word in answer.text] == []
    actions = ("dismiss", "warn", "remove", "timeout", "mute", "kick", "ban")
    assert [button.id for button in answer.buttons] == [f"{BUTTONS}{case.id}:{action}" for action in actions]
    assert {button.style for button in answer.buttons} == {"plain"}


@pytest.mark.parametrize(("typed", "words"), [("/second", "no case for you"), ("/复核", "没有要您复核的案件")])
async def test_who_decided_has_nothing_to_look_at(redis: Redis, typed: str, words: str) -> None:
    walk = router(redis, policy=every_case())
    await kicked(redis, walk)
    assert words in await told(redis, walk, said(typed, "anna", "moderator", id_="c2"))


async def test_a_press_is_kept_with_the_case_and_told_once(redis: Redis) -> None:
    case = await kicked(redis, router(redis, policy=every_case()))
    button = f"{BUTTONS}{case.id}:dismiss"
    notice = await pressed(redis, press(button))
    assert (notice.to, "Noted" in notice.text) == ("ben", True)
    kept = await CaseBook(redis).get("sample", case.id)
    assert kept is not None
    assert [(look.action, look.by, look.by_name) for look in kept.after] == [("dismiss", "web:ben", "Ben")]
    assert kept.model_copy(update={"after": ()}) == case
    assert "already" in (await pressed(redis, press(button, second=1))).text
    assert "had a part" in (await pressed(redis, press(button, "anna"))).text
    assert "may use" in (await pressed(redis, press(button, "hana", "helper"))).text
    assert "no case" in (await pressed(redis, press(f"{BUTTONS}AAAAAAAA:ban"))).text


@pytest.mark.parametrize("button", [f"{BUTTONS}7KQF2M9D:uphold", f"{BUTTONS}7KQF2M9D:claim", f"{BUTTONS}x:ban"])
async def test_other_buttons_do_nothing(redis: Redis, button: str) -> None:
    assert await SecondDesk(books(redis), StubBench(every_case())).press(press(button)) == ()


async def test_a_press_walks_the_workers_path(redis: Redis) -> None:
    walk, known, streams = router(redis, policy=every_case()), books(redis), Streams(redis)
    case = await kicked(redis, walk)
    await known.communities.keep(Community(name="sample", lang="zh"))
    await streams.register("sample")
    worker = asyncio.create_task(Worker(walk, known, StubBench(every_case()), lambda *_what: None).run())

    async def noted() -> bool:
        spoken = cast(list[tuple[str, dict[str, str]]], await redis.xrange(key("sample", "effects", "web")))
        return any("记下了，谢谢。再看一个：/复核" in fields["body"] for _, fields in spoken)

    try:
        await redis.execute_command(*pressing(press(f"{BUTTONS}{case.id}:ban")))
        await until(noted)
    finally:
        worker.cancel()
        await asyncio.wait([worker])
    kept = await known.cases.get("sample", case.id)
    assert kept is not None
    assert kept.decision is not None
    assert (kept.decision.action, [look.action for look in kept.after]) == ("kick", ["ban"])
    assert await trail(redis, "step") == [("web:ben", "[second look]", "done")]


def test_the_command_is_for_moderators_where_nobody_else_reads() -> None:
    [command] = [one for one in TABLE if one.name == "second"]
    assert (command.tier, command.where) == ("moderator", "alone")
