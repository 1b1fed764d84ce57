"""The bot comes, goes and gets other rights: one welcome, silence where it is gone, and the desk hears of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.groups.arrivals import Arrivals, Rights, gone
from bot.groups.communities import Communities
from bot.groups.happenings import Change, Membership
from bot.groups.presence import Presence
from bot.outcome import Outcome
from bot.words import words
from moderation.errors import XiaoerError
from moderation.types import Author, Place, Say
from tests.bot.test_router import books

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TEA = Place(platform="telegram", community="telegram-42", channel="-42", title="Tea sellers")
LAMPS = Place(platform="discord", community="discord-77", channel="7701", title="general", home="77")
DESK = "telegram:-99"


class Stub:
    """What a platform would say of the bot's rights."""

    def __init__(self, *missing: str, fault: str = "") -> None:
        self.lacking = list(missing)
        self._fault = fault

    async def missing(self, place: Place) -> list[str]:
        if self._fault:
            raise XiaoerError(self._fault)
        return self.lacking


class House:
    """What is told of changes is written as the worker writes it."""

    def __init__(self, redis: Redis, rights: Rights) -> None:
        self.redis = redis
        self.communities = Communities(redis, "house")
        self._arrivals = Arrivals(redis, self.communities, rights)
        self._minutes = 0

    async def tell(self, change: Change, place: Place = TEA) -> list[Say]:
        self._minutes += 1
        told = Membership(place=place, change=change, member=Author(id="5"), at=AT + timedelta(minutes=self._minutes))
        return await self.deliver(told)

    async def deliver(self, told: Membership) -> list[Say]:
        outcome: Outcome = await self._arrivals.happened(told)
        for write in outcome.writes:
            await self.redis.execute_command(*write)
        return [one for one in outcome.effects if isinstance(one, Say)]

    async def desk(self, name: str, desk: str) -> None:
        community = await self.communities.get(name)
        await self.communities.keep(community.model_copy(update={"desk": desk, "lang": "zh"}))


@pytest.fixture
async def house(redis: Redis) -> House:
    house = House(redis, Stub())
    await house.communities.of_chat("telegram", "-42", "Tea sellers")
    await house.communities.of_chat("discord", "77", "Lamps")
    return house


async def test_one_welcome_in_both_languages_with_the_way_in(house: House) -> None:
    (said,) = await house.tell("bot_added")
    assert all(words(lang)("setup.welcome") in said.text for lang in ("zh", "en"))
    assert ([one.id for one in said.buttons], said.place) == (["setup:show:lang"], TEA)
    assert await house.tell("bot_added") == []
    topic = TEA.model_copy(update={"channel": "-42/7"})
    assert await house.tell("bot_added", topic) == []
    assert len(await house.tell("bot_added", TEA.model_copy(update={"community": "other", "channel": "-43"}))) == 1


async def test_the_same_delivery_again_says_the_same_under_the_same_id(redis: Redis) -> None:
    arrivals = Arrivals(redis, Communities(redis, "house"), Stub("delete"))
    for change in ("bot_added", "rights_changed"):
        told = Membership(place=TEA, change=change, at=AT)
        assert await arrivals.happened(told) == await arrivals.happened(told)


async def test_a_chat_that_removed_the_bot_hears_nothing_until_it_adds_it_again(house: House) -> None:
    await house.tell("bot_added")
    await house.tell("bot_removed")
    topic = TEA.model_copy(update={"channel": "-42/7"})
    other = TEA.model_copy(update={"channel": "-420"})
    assert [await gone(house.redis, one) for one in (TEA, topic, other, LAMPS)] == [True, True, False, False]
    assert await house.communities.chats("telegram") == []
    assert len(await house.tell("bot_added")) == 1
    assert not await gone(house.redis, TEA)
    assert await house.communities.chats("telegram") == ["-42"]


async def test_a_removal_that_nobody_took_back_is_forgotten_in_a_day(house: House) -> None:
    """A bot that is away when it is added again hears nothing of it."""
    await house.tell("bot_removed")
    (mark,) = await house.redis.keys("*gone*")
    assert 0 < await house.redis.ttl(mark) <= 24 * 3600


async def test_with_its_only_discord_server_all_of_its_channels_are_gone(house: House) -> None:
    await house.tell("bot_removed", LAMPS)
    assert await gone(house.redis, LAMPS.model_copy(update={"channel": "7702"}))
    assert await house.communities.chats("discord") == []
    await house.tell("bot_added", LAMPS)
    assert not await gone(house.redis, LAMPS.model_copy(update={"channel": "7702"}))


LAMPS_2 = LAMPS.model_copy(update={"channel": "7801", "home": "78"})
LOST = LAMPS.model_copy(update={"channel": "77", "title": "Lamps One"})
"""What is told of a lost server: there is no channel left to name."""


async def test_of_two_discord_servers_exactly_the_channels_of_the_one_are_gone(house: House) -> None:
    await house.communities.join("discord", "78", LAMPS.community)
    assert len(await house.tell("bot_added", LAMPS) + await house.tell("bot_added", LAMPS_2)) == 2
    await house.tell("bot_removed", LOST)
    thread = LAMPS.model_copy(update={"channel": "7799", "parent": "7701"})
    unsaid = LAMPS.model_copy(update={"home": ""})
    told = [await gone(house.redis, one) for one in (LAMPS, thread, LAMPS_2, unsaid)]
    assert told == [True, True, False, False]
    assert await house.communities.chats("discord") == ["78"]
    await house.tell("bot_removed", LAMPS_2.model_copy(update={"channel": "78"}))
    assert [await gone(house.redis, one) for one in (LAMPS, LAMPS_2, unsaid)] == [True, True, True]
    assert len(await house.tell("bot_added", LAMPS_2)) == 1
    assert [await gone(house.redis, one) for one in (LAMPS, LAMPS_2, unsaid)] == [True, False, False]
    assert await house.communities.chats("discord") == ["78"]


@pytest.mark.parametrize(
    ("desk", "lost", "hears", "stays"),
    [
        (LAMPS_2, LOST, True, True),
        (LAMPS_2, LAMPS_2.model_copy(update={"channel": "78"}), False, False),
        (LAMPS, LOST, False, False),
        (TEA, LOST, True, True),
    ],
)
async def test_the_desk_of_a_community_with_two_servers_hears_of_the_other_and_goes_with_its_own(
    house: House, *, desk: Place, lost: Place, hears: bool, stays: bool
) -> None:
    await house.communities.join("discord", "78", LAMPS.community)
    community = await house.communities.get(LAMPS.community)
    await house.communities.keep(community.with_desk(desk))
    said = await house.tell("bot_removed", lost)
    assert [one.place.address for one in said] == ([desk.address] if hears else [])
    assert all("Lamps One" in one.text for one in said)
    for write in await Presence(books(house.redis)).changed(Membership(place=lost, change="bot_removed")):
        await house.redis.execute_command(*write)
    assert bool((await house.communities.get(LAMPS.community)).desk) is stays


@pytest.mark.parametrize(("others", "stays"), [((), False), (("78",), True)])
async def test_a_desk_of_an_old_row_goes_with_the_last_server(
    house: House, others: tuple[str, ...], stays: bool
) -> None:
    """Which server such a desk is in nobody has written down."""
    for guild in others:
        await house.communities.join("discord", guild, LAMPS.community)
    await house.desk(LAMPS.community, LAMPS.address)
    await house.tell("bot_removed", LOST)
    for write in await Presence(books(house.redis)).changed(Membership(place=LOST, change="bot_removed")):
        await house.redis.execute_command(*write)
    assert bool((await house.communities.get(LAMPS.community)).desk) is stays


def test_a_place_of_an_earlier_version_is_read_and_a_new_one_survives_the_trip() -> None:
    old = (
        '{"platform":"discord","community":"tea","channel":"1","profile":"help","title":"","parent":"","private":false}'
    )
    assert Place.model_validate_json(old).home == ""
    assert Place.model_validate_json(LAMPS.model_dump_json()) == LAMPS


async def test_the_desk_hears_of_a_removal_unless_it_is_gone_too(house: House) -> None:
    await house.desk(TEA.community, DESK)
    (said,) = await house.tell("bot_removed")
    assert (said.place.channel, said.text) == ("-99", words("zh")("setup.removed", chat="Tea sellers"))
    for name, place in ((TEA.community, TEA), (LAMPS.community, LAMPS)):
        await house.desk(name, f"{place.platform}:{place.channel}")
        assert await house.tell("bot_removed", place) == []


async def test_what_is_missing_is_told_once_with_its_mend_and_again_when_it_is_mended(redis: Redis) -> None:
    rights = Stub("the bot lacks Ban users; allow it")
    house = House(redis, rights)
    await house.desk(TEA.community, DESK)
    (said,) = await house.tell("rights_changed")
    assert (said.place.channel, said.text.splitlines()[1:]) == ("-99", ["❌ the bot lacks Ban users; allow it"])
    assert await house.tell("rights_changed") == []
    rights.lacking = []
    (said,) = await house.tell("rights_changed")
    assert said.text.endswith(words("zh")("setup.rights_good"))
    assert await house.tell("rights_changed") == []


async def test_a_change_that_takes_nothing_and_a_platform_that_is_away_are_not_told(redis: Redis) -> None:
    for rights in (Stub(), Stub(fault="Telegram does not answer")):
        assert await House(redis, rights).tell("rights_changed") == []


async def test_without_a_desk_the_chat_itself_hears_what_is_missing(redis: Redis) -> None:
    (said,) = await House(redis, Stub("delete")).tell("rights_changed")
    assert said.place == TEA


@pytest.mark.parametrize("change", ["joined", "left", "moved"])
async def test_what_members_do_leads_to_nothing_here(house: House, change: Change) -> None:
    before = await house.redis.keys("*")
    assert await house.tell(change) == []
    assert await house.redis.keys("*") == before
