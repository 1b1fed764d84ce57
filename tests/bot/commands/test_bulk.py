"""`/bulk`: cases that are alike are shown, confirmed with a word, and decided one by one. `/duty`: who is there."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.groups.communities import Community
from bot.review.bulk import MOST
from bot.review.duty import on_duty
from bot.router import Router
from moderation.cases import CaseBook, Steps, opening
from moderation.keys import key
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Verdict, case_id
from tests.bot.commands.calling import said, told, trail
from tests.bot.test_router import books, router

ADS = "全新正品耳机低价出货，支持验货，要的老板今天联系我，量大从优"


def by_anna(text: str, id_: str, **more: object) -> Message:
    return said(text, "anna", "moderator", id_=id_, **more)  # type: ignore[arg-type]


async def alike(redis: Redis, number: int, text: str = ADS) -> list[Case]:
    """So many open cases with one text, as they were before near copies were folded, or of one author."""
    cases = []
    for at in range(number):
        place = Place(platform="web", community="sample", channel="help")
        subject = Message(id=f"a{at}", place=place, author=Author(id="mallory", name="Mallory"), text=f"{text} {at}")
        verdict = Verdict(ruling=Ruling.REVIEW, clause="spam_ads")
        cases.append(Case(id=case_id("moderation", subject), kind="moderation", subject=subject, verdict=verdict))
        for one in opening(cases[-1]):
            await redis.execute_command(*one)
    return cases


async def confirmed(redis: Redis, walk: Router, case: Case, action: str) -> str:
    """What is told after the preview and its word."""
    preview = await told(redis, walk, by_anna(f"/bulk {case.id} {action}", "p1"))
    return await told(redis, walk, by_anna(f"/bulk {case.id} {action} {preview.split()[-1]}", "p2"))


async def test_nothing_alike_and_a_group_that_is_gone(redis: Redis) -> None:
    walk = router(redis)
    assert await told(redis, walk, by_anna("/批量", "b1")) == "没有相似的案件。"
    assert "7KQF2M9D" in await told(redis, walk, by_anna("/bulk 7KQF2M9D remove", "b2"))
    assert "/bulk CASE" in await told(redis, walk, by_anna("/bulk 7KQF2M9D explode", "b3"))


async def test_a_group_is_shown_without_words_of_members_where_all_read_along(redis: Redis) -> None:
    walk, [first, *_] = router(redis), await alike(redis, 3)
    shown = await told(redis, walk, by_anna("/bulk", "b1"))
    assert f"{first.id} and its like: 3 cases" in shown
    aloud = await told(redis, walk, by_anna(f"/bulk {first.id} remove", "b2", platform="telegram", channel="-1001"))
    alone = await told(redis, walk, by_anna(f"/bulk {first.id} remove", "b3"))
    assert "耳机" not in shown + aloud
    assert "耳机" in alone
    assert (await CaseBook(redis).counts("sample")).open == 3


@pytest.mark.parametrize(("typed", "action"), [("remove", "remove"), ("移除", "remove"), ("dismiss", "dismiss")])
async def test_a_confirmed_group_is_decided(redis: Redis, typed: str, action: str) -> None:
    walk, [first, *_] = router(redis), await alike(redis, 3)
    assert "3" in await confirmed(redis, walk, first, typed)
    settled = await CaseBook(redis).recent("sample")
    assert [(case.decision.action, case.decision.by) for case in settled if case.decision] == [(action, "web:anna")] * 3
    assert len([line for line in await trail(redis) if line[1].startswith("/bulk")]) == 2


async def test_in_chinese_too(redis: Redis) -> None:
    walk, [first, *_] = router(redis), await alike(redis, 2)
    preview = await told(redis, walk, by_anna(f"/批量 {first.id} 限时禁言", "p1"))
    typed = preview.rpartition("：")[2]
    assert typed.startswith(f"/批量 {first.id} 限时禁言 ")
    assert await told(redis, walk, by_anna(typed, "p2")) == "已处理 2 个案件。"
    [case, _] = await CaseBook(redis).recent("sample")
    assert case.decision is not None
    assert (case.decision.action, case.decision.seconds) == ("timeout", 3600)


async def test_a_wrong_word_and_another_action_only_show_it_again(redis: Redis) -> None:
    walk, [first, *_] = router(redis), await alike(redis, 2)
    preview = await told(redis, walk, by_anna(f"/bulk {first.id} remove", "p1"))
    word = preview.split()[-1]
    for number, typed in enumerate((f"remove x{word}", f"ban {word}", f"remove {word}")):
        assert "To confirm" in await told(redis, walk, by_anna(f"/bulk {first.id} {typed}", f"q{number}"))
    assert (await CaseBook(redis).counts("sample")).settled == 0


async def test_what_others_decided_or_hold_stays_theirs_and_is_told(redis: Redis) -> None:
    walk, book = router(redis), CaseBook(redis)
    first, second, third = await alike(redis, 3)
    preview = await told(redis, walk, by_anna(f"/bulk {first.id} remove", "p1"))
    await book.decide("sample", Decision(case=second.id, action="dismiss", by="web:ben"))
    await book.claim("sample", third.id, "web:cem")
    answer = await told(redis, walk, by_anna(f"/bulk {first.id} remove {preview.split()[-1]}", "p2"))
    assert "Decided: 1 cases." in answer
    assert f"{second.id} (web:ben)" in answer
    assert f"{third.id} (web:cem)" in answer
    kept = await book.get("sample", second.id)
    assert kept is not None
    assert kept.decision is not None
    assert kept.decision.action == "dismiss"


async def test_what_was_laid_before_admins_stays_as_it_is(redis: Redis) -> None:
    walk, [first, second] = router(redis), await alike(redis, 2)
    await Steps(redis).escalate("sample", second.id, by="web:ben", asked="admin")
    answer = await confirmed(redis, walk, first, "remove")
    assert "Decided: 1 cases." in answer
    assert second.id in answer
    assert [case.id for case in await CaseBook(redis).queue("sample")] == [second.id]


async def test_bans_wait_for_a_second_person(redis: Redis) -> None:
    walk, [first, *_] = router(redis), await alike(redis, 2)
    assert "2 cases need another moderator" in await confirmed(redis, walk, first, "ban")
    assert (await CaseBook(redis).counts("sample")).settled == 0
    preview = await told(redis, walk, said(f"/bulk {first.id} ban", "ben", "moderator", id_="s1"))
    word = preview.split()[-1]
    answer = await told(redis, walk, said(f"/bulk {first.id} ban {word}", "ben", "moderator", id_="s2"))
    assert "Decided: 2 cases." in answer


async def test_no_more_than_fifty_at_once(redis: Redis) -> None:
    walk, [first, *_] = router(redis), await alike(redis, MOST + 4)
    await confirmed(redis, walk, first, "remove")
    assert (await CaseBook(redis).counts("sample"))[::2] == (4, MOST)


async def test_duty_is_a_list_in_the_order_of_coming(redis: Redis) -> None:
    walk = router(redis)
    assert "Nobody" in await told(redis, walk, said("/duty", "anna", "helper", id_="d0"))
    await told(redis, walk, said("/duty on", "ben", "helper", id_="d1"))
    await told(redis, walk, said("/值班 开", "anna", "helper", id_="d2"))
    await told(redis, walk, said("/duty on", "ben", "helper", id_="d3"))
    assert (await told(redis, walk, said("/duty", "anna", "helper", id_="d4"))).splitlines()[1:] == [
        "1. Ben",
        "2. Anna",
    ]
    assert await told(redis, walk, said("/值班 关", "ben", "helper", id_="d5")) == "您已下岗。"
    assert await on_duty(redis, "sample") == ["web:anna"]
    assert "/duty [on|off]" in await told(redis, walk, said("/duty tomorrow", "anna", "helper", id_="d6"))
    await books(redis).communities.keep(Community(name="sample"))
    assert await redis.hget(key("sample", "moderators"), "web:anna") == "Anna"
