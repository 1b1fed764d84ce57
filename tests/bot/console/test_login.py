from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from bot.console.login import VALID_S, Logins, Person, operator
from bot.console.sessions import Opened, Sessions
from moderation.audit import AuditBook

MEI = Person(community="sample", id="telegram:7", name="Mei", tier="moderator")


def token(link: str) -> str:
    return link.partition("?token=")[2]


async def test_a_link_is_good_for_one_login(redis: Redis) -> None:
    logins = Logins(redis)
    link = await logins.issue_link("http://127.0.0.1:8081/", MEI)
    assert link.startswith("http://127.0.0.1:8081/login?token=")
    assert await logins.known(token(link)) == MEI
    racers = await asyncio.gather(*(logins.redeem(token(link)) for _ in range(8)))
    assert sorted(racers, key=lambda one: one is not None) == [*[None] * 7, MEI]
    assert await logins.known(token(link)) is None


async def test_a_link_expires_and_redis_does_not_know_it(redis: Redis) -> None:
    link = await Logins(redis).issue_link("http://x", MEI)
    (name,) = await redis.keys()
    assert token(link) not in name
    assert 0 < await redis.ttl(name) <= VALID_S


async def test_each_operators_link_is_another_persons(redis: Redis) -> None:
    logins = Logins(redis)
    links = [await logins.issue_link("http://x", operator("sample")) for _ in range(2)]
    first, second = [await logins.redeem(token(link)) for link in links]
    assert first
    assert second
    assert first.id != second.id
    assert first.tier == "owner"


async def test_a_wrong_token_is_nobodys(redis: Redis) -> None:
    logins = Logins(redis)
    await logins.issue_link("http://x", MEI)
    assert [await logins.redeem(guess) for guess in ("", "*", "x" * 10_000)] == [None] * 3


async def test_logins_and_the_first_try_with_a_used_link_are_on_the_trail(redis: Redis) -> None:
    logins = Logins(redis)
    used = token(await logins.issue_link("http://x", MEI))
    for guess in (used, used, used, "x"):
        await logins.redeem(guess)
    lines = await AuditBook(redis).read("sample", kind="login")
    assert [(line.by, line.tier, line.result) for line in reversed(lines)] == [
        ("telegram:7", "moderator", "done"),
        ("telegram:7", "moderator", "refused"),
    ]


async def test_moderators_know_each_other_by_name(redis: Redis) -> None:
    logins = Logins(redis)
    await logins.introduce(MEI)
    await logins.introduce(MEI.model_copy(update={"name": "梅"}))
    assert await logins.names("sample") == {"telegram:7": "梅"}
    assert await logins.names("other") == {}


async def test_a_session_ends_when_it_is_closed_and_all_of_a_person_together(redis: Redis) -> None:
    sessions = Sessions(redis)
    phone, desk = [await sessions.open(MEI) for _ in range(2)]
    other = await sessions.open(operator("sample"))
    assert len(await sessions.listed("sample")) == 3
    await sessions.close(phone)
    assert await sessions.find(phone) is None
    found = await sessions.find(desk)
    assert found
    assert found.person == MEI
    assert await sessions.close_all("sample", MEI.id) == 1
    assert await sessions.find(desk) is None
    assert await sessions.find(other) is not None


async def test_a_session_is_of_one_community_and_redis_does_not_know_its_word(redis: Redis) -> None:
    sessions = Sessions(redis)
    opened = await sessions.open(MEI)
    assert await sessions.find(Opened("other", opened.word)) is None
    assert all(opened.word not in name for name in await redis.keys())
    assert await sessions.listed("other") == []
