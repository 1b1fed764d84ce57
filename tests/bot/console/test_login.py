from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from bot.console.login import VALID_S, Logins


def token(link: str) -> str:
    return link.partition("?token=")[2]


async def test_a_link_is_good_for_one_login(redis: Redis) -> None:
    logins = Logins(redis, "sample")
    link = await logins.issue_link("http://127.0.0.1:8081/", "mei")
    assert link.startswith("http://127.0.0.1:8081/login?token=")
    racers = await asyncio.gather(*(logins.redeem(token(link)) for _ in range(8)))
    assert sorted(racers, key=str) == [*[None] * 7, "mei"]


async def test_a_link_is_no_other_communitys(redis: Redis) -> None:
    link = await Logins(redis, "sample").issue_link("http://x")
    assert await Logins(redis, "other").redeem(token(link)) is None
    assert await Logins(redis, "sample").redeem(token(link)) is not None


async def test_a_link_expires_and_redis_does_not_know_it(redis: Redis) -> None:
    link = await Logins(redis, "sample").issue_link("http://x")
    (name,) = await redis.keys()
    assert token(link) not in name
    assert 0 < await redis.ttl(name) <= VALID_S


async def test_each_link_is_another_moderators(redis: Redis) -> None:
    logins = Logins(redis, "sample")
    first, second = [await logins.redeem(token(await logins.issue_link("http://x"))) for _ in range(2)]
    assert first != second


async def test_a_wrong_token_is_nobodys(redis: Redis) -> None:
    logins = Logins(redis, "sample")
    await logins.issue_link("http://x")
    assert [await logins.redeem(guess) for guess in ("", "*", "x" * 10_000)] == [None] * 3


async def test_moderators_know_each_other_by_name(redis: Redis) -> None:
    logins = Logins(redis, "sample")
    await logins.introduce("console-1", "Mei")
    await logins.introduce("console-1", "梅")
    assert await logins.names() == {"console-1": "梅"}
