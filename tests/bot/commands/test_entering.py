"""From the chat to the console by a link, which nobody but its owner reads."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.console.login import LINKS, Logins, Person
from moderation.types import Tier
from tests.bot.commands.calling import said, told
from tests.bot.test_router import router


@pytest.mark.parametrize("tier", ["helper", "owner"])
async def test_a_link_stands_for_who_asked_with_the_tier_of_now(redis: Redis, tier: Tier) -> None:
    answer = await told(redis, router(redis), said("/login", "anna", tier, platform="telegram", private=True))
    person = await Logins(redis).redeem(answer.partition("token=")[2])
    assert person == Person(community="sample", id="telegram:anna", name="Anna", tier=tier)


async def test_no_member_gets_a_link_and_no_group_reads_one(redis: Redis) -> None:
    walk = router(redis)
    assert "token" not in await told(redis, walk, said("/login", "li"))
    assert "token" not in await told(redis, walk, said("/登录", "anna", "owner", platform="telegram", channel="-1001"))
    assert [name async for name in redis.scan_iter(match=f"{LINKS}*")] == []
