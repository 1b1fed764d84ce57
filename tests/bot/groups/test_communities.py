"""Which chat belongs to which community: one each, in training, for good; and only where the bot is welcome."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.groups.communities import Communities, Community, NotWelcome, keeping
from bot.redis_server import open_client
from bot.stream import Streams
from moderation.errors import XiaoerError
from moderation.keys import check_community

GROUP = "-1001234567890"


@pytest.fixture
def book(redis: Redis) -> Communities:
    return Communities(redis, "house")


async def test_a_chat_seen_first_is_a_community_in_training_and_workers_hear_of_it(
    redis: Redis, book: Communities
) -> None:
    fresh = await book.of_chat("telegram", GROUP, "Lamp sellers")
    assert (fresh.name, fresh.title, fresh.mode, fresh.desk) == (
        "telegram-1001234567890",
        "Lamp sellers",
        "training",
        "",
    )
    assert await Streams(redis).communities() == [fresh.name]


async def test_what_was_changed_is_there_at_the_next_sight(redis: Redis, book: Communities) -> None:
    fresh = await book.of_chat("telegram", GROUP, "Lamp sellers")
    await book.keep(fresh.model_copy(update={"mode": "live", "lang": "zh"}))
    again = await book.of_chat("telegram", GROUP, "Another title")
    assert (again.mode, again.lang, again.title) == ("live", "zh", "Lamp sellers")
    await redis.execute_command(*keeping(again.model_copy(update={"desk": "telegram:-5"})))
    assert (await book.get(again.name)).desk == "telegram:-5"


async def test_many_at_once_make_one_community(redis: Redis, book: Communities) -> None:
    found = await asyncio.gather(*(book.of_chat("discord", "77", "Lamps") for _ in range(20)))
    assert len({one.model_dump_json() for one in found}) == 1
    assert await Streams(redis).communities() == ["discord-77"]


async def test_the_house_and_unknown_ones_act_by_their_policy(book: Communities) -> None:
    assert (await book.get("house")).mode == "live"
    assert (await book.get("never-seen")).name == "never-seen"


async def test_a_community_may_span_both_platforms(book: Communities) -> None:
    first = await book.of_chat("telegram", GROUP, "Lamps")
    await book.join("discord", "77", first.name)
    assert (await book.of_chat("discord", "77", "Lamps too")).name == first.name
    with pytest.raises(XiaoerError, match="community"):
        await book.join("discord", "78", "no}name")


async def test_a_chat_with_a_new_id_stays_in_its_community(book: Communities) -> None:
    before = await book.of_chat("telegram", "-42", "Lamps")
    await book.keep(before.model_copy(update={"mode": "live"}))
    early = await book.of_chat("telegram", GROUP, "Lamps")  # its first message overtook the news
    assert early.name != before.name
    await book.move("telegram", "-42", GROUP)
    assert (await book.of_chat("telegram", GROUP, "Lamps")) == (await book.get(before.name))
    await book.move("telegram", "-9", "-10")
    assert (await book.of_chat("telegram", "-10", "")).name == "telegram-10"


async def test_only_the_chats_that_the_operator_named_are_served(redis: Redis) -> None:
    strict = Communities(redis, "house", frozenset({"telegram:-42"}))
    with pytest.raises(NotWelcome, match="add discord:77 there"):
        await strict.of_chat("discord", "77")
    assert await Streams(redis).communities() == []
    served = await strict.of_chat("telegram", "-42")
    await strict.move("telegram", "-42", GROUP)
    assert (await strict.of_chat("telegram", GROUP)).name == served.name
    later = Communities(redis, "house", frozenset({"discord:77"}))
    for chat in ("-42", GROUP):
        with pytest.raises(NotWelcome):
            await later.of_chat("telegram", chat)


async def test_a_member_is_at_home_where_it_was_seen_last(book: Communities) -> None:
    assert await book.home("telegram", "5") == "house"
    for community in ("tea", "silk"):
        await book.seen("telegram", "5", community)
    assert await book.home("telegram", "5") == "silk"
    assert await book.home("discord", "5") == "house"


def test_a_community_survives_the_trip() -> None:
    one = Community(name="tea", title="茶", mode="dry-run", desk="discord:9", lang="zh")
    assert Community.model_validate_json(one.model_dump_json()) == one


CHATS = st.lists(
    st.tuples(st.sampled_from(["telegram", "discord"]), st.integers(-(2**52), -1) | st.integers(10**17, 10**19)),
    unique=True,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chats=CHATS)
def test_each_chat_has_its_own_community_with_a_usable_name(redis_url: str, chats: list[tuple[str, int]]) -> None:
    async def names() -> list[str]:
        async with open_client(redis_url) as redis:
            book = Communities(redis, "house")
            return [(await book.of_chat(platform, str(chat))).name for platform, chat in chats]

    found = asyncio.run(names())
    assert len(set(found)) == len(chats)
    assert [check_community(name) for name in found] == found
