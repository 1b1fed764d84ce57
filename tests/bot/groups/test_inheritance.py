"""What a community takes from the house: its knowledge beneath its own, its policy, and a channel's kind; no more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.bench import Bench
from bot.commands.teaching import taught
from bot.groups.channels import Channels, placed_in, profiling
from bot.knowledge.documents import Document
from bot.knowledge.shelf import Shelf, teaching
from bot.knowledge.shelves import HELD, Shelves
from bot.redis_server import open_client
from moderation.judging.judge import Judge
from moderation.policy import load, parse
from moderation.policy.book import PolicyBook
from moderation.types import Author, Lang, Message, Place

HOUSE = "house"
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
WORDS = ("deposit", "refund", "lamp", "courier", "label", "invoice", "coupon", "pallet")


def document(id: str, text: str, title: str = "", lang: Lang = "en", **more: object) -> Document:
    return Document.model_validate({"id": id, "title": title or id, "lang": lang, "text": text, **more})


def shelves(redis: Redis, kept: Path) -> Shelves:
    return Shelves(redis, None, kept, HOUSE)


async def found(search: Shelves, community: str, question: str) -> list[tuple[str, str]]:
    return [(one.document, one.text) for one in await search.search(community, question)]


async def test_the_house_s_documents_are_found_from_every_community(redis: Redis, tmp_path: Path) -> None:
    await Shelf(redis, HOUSE).put(document("deposit", "The deposit is 1,000 yuan."))
    await Shelf(redis, "tea").put(document("pallet", "A pallet holds forty boxes of tea."))
    search = shelves(redis, tmp_path)
    for community in (HOUSE, "tea", "silk"):
        assert [id for id, _ in await found(search, community, "how high is the deposit")] == ["deposit"]
    assert [id for id, _ in await found(search, "tea", "boxes on a pallet")] == ["pallet"]
    for community in (HOUSE, "silk"):
        assert await found(search, community, "boxes on a pallet") == []


async def test_an_own_document_takes_the_place_of_the_house_s_of_that_title(redis: Redis, tmp_path: Path) -> None:
    await Shelf(redis, HOUSE).put(document("deposit.md", "The deposit is 1,000 yuan for every shop.", "Deposit"))
    await Shelf(redis, "tea").put(document("teach/1", "Tea shops pay 300 yuan as their deposit.", "  deposit! "))
    search, asked = shelves(redis, tmp_path), "what deposit do shops pay"
    assert [id for id, _ in await found(search, "tea", asked)] == ["teach/1"]
    assert [id for id, _ in await found(search, "silk", asked)] == ["deposit.md"]
    await Shelf(redis, "tea").remove("teach/1")
    assert [id for id, _ in await found(search, "tea", asked)] == ["deposit.md"]


@pytest.mark.parametrize(
    "own",
    [
        document("own", "Our deposit is 300 yuan.", "Deposit", valid_until=YESTERDAY),
        document("own", "押金是 300 元。", "Deposit", "zh"),
        document("own", "Our deposit is 300 yuan.", "Deposits of tea shops"),
    ],
    ids=["expired", "the other language", "another title"],
)
async def test_what_does_not_stand_for_it_hides_nothing(redis: Redis, tmp_path: Path, own: Document) -> None:
    await Shelf(redis, HOUSE).put(document("house", "The deposit is 1,000 yuan.", "Deposit"))
    await Shelf(redis, "tea").put(own)
    ids = [id for id, _ in await found(shelves(redis, tmp_path), "tea", "how high is the deposit")]
    assert set(ids) == ({"house"} if own.valid_until else {"house", "own"})


LONG = " ".join(f"The {word} of order {number} is checked twice." for number, word in enumerate(WORDS * 3))


async def test_of_one_text_in_both_the_own_one_is_shown(redis: Redis, tmp_path: Path) -> None:
    """The house's text is the newer one: within a shelf it would be kept."""
    newer = document("house", LONG, "Checks", valid_from=YESTERDAY)
    await Shelf(redis, HOUSE).put(newer)
    await Shelf(redis, "tea").put(document("own", f"{LONG} We do it by hand.", "How we check orders"))
    ids = {id for id, _ in await found(shelves(redis, tmp_path), "tea", "is the courier of an order checked")}
    assert ids == {"own"}


async def test_a_paragraph_in_both_is_shown_as_the_own_one(redis: Redis, tmp_path: Path) -> None:
    shared = "The deposit of one thousand yuan is returned thirty days after a shop was closed."
    other = " ".join(f"Line {number} tells of {word}." for number, word in enumerate(WORDS * 60))
    await Shelf(redis, HOUSE).put(document("house", f"# All\n\n{other}\n\n# Money\n\n{shared}", "Handbook"))
    await Shelf(redis, "tea").put(document("own", f"# Money\n\n{shared}", "Handbook of tea"))
    first = (await found(shelves(redis, tmp_path), "tea", "when is the deposit returned after closing a shop"))[0]
    assert first[0] == "own"


async def test_recall_is_kept_however_many_own_documents_there_are(redis: Redis, tmp_path: Path) -> None:
    await Shelf(redis, HOUSE).put(document("h", "A courier collects the parcels of the lamp market at noon.", "Noon"))
    many = [document(f"o{n}", f"Parcel {n} of the market has the number {n * 7919}.") for n in range(40)]
    await Shelf(redis, "tea").put_many(many)
    asked = "when does the courier collect the lamp market parcels"
    assert "h" in [id for id, _ in await found(shelves(redis, tmp_path), "tea", asked)]


async def test_a_new_text_is_found_at_once_and_a_removed_one_never_more(redis: Redis, tmp_path: Path) -> None:
    search, house = shelves(redis, tmp_path), Shelf(redis, HOUSE)
    assert await found(search, "tea", "deposit") == []
    await house.put(document("a", "The deposit is 1,000 yuan."))
    assert await found(search, "tea", "deposit")
    await house.remove("a")
    assert await found(search, "tea", "deposit") == []


async def test_more_communities_than_are_held_answer_all(redis: Redis, tmp_path: Path) -> None:
    search, names = shelves(redis, tmp_path), [f"c{number}" for number in range(HELD + 6)]
    for name in names:
        await Shelf(redis, name).put(document("own", f"The deposit in {name} is low."))
    for name in [*names, *names[:3]]:
        assert await found(search, name, "deposit") == [("own", f"The deposit in {name} is low.")]


COMMUNITIES = (HOUSE, *(f"c{number}" for number in range(7)))
TAUGHT = WORDS[:3]
PEOPLE = ["Anna", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Irina", "Jonas"]
TEACH = st.tuples(
    st.sampled_from(COMMUNITIES), st.sampled_from(["Deposit", "deposit", "Refund", "Lamps"]), st.sampled_from(TAUGHT)
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(TEACH, min_size=1, max_size=len(PEOPLE)))
def test_nothing_of_one_community_is_ever_found_from_another(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    asyncio.run(walk(redis_url, tmp_path_factory.mktemp("kept"), steps))


async def walk(url: str, kept: Path, steps: Sequence[tuple[str, str, str]]) -> None:
    """Everyone teaches, everyone asks for everything; each text bears the names of its community and of a person."""
    async with open_client(url) as redis:
        await redis.flushall()
        search = shelves(redis, kept)
        for number, (community, title, word) in enumerate(steps):
            before = await Shelf(redis, HOUSE).list()
            await teach(
                redis, community, number, f"/teach {title}: The {word} of {community} is kept by {PEOPLE[number]}."
            )
            assert community == HOUSE or await Shelf(redis, HOUSE).list() == before
        latest = {(name, title.casefold()): number for number, (name, title, _) in enumerate(steps)}
        for community in COMMUNITIES:
            texts = [text for word in TAUGHT for _, text in await found(search, community, f"the {word} kept by")]
            assert all(f"of {community} is" in text or f"of {HOUSE} is" in text for text in texts)
            own = {title: number for (name, title), number in latest.items() if name == community}
            house = {title: number for (name, title), number in latest.items() if name == HOUSE}
            people = {text.split()[-1].rstrip(".") for text in texts}
            assert people == {PEOPLE[number] for number in {**house, **own}.values()}


async def teach(redis: Redis, community: str, number: int, text: str) -> None:
    place = Place(platform="telegram", community=community, channel="1")
    message = Message(id=str(number), place=place, author=Author(id="anna"), text=text)
    for write in teaching(community, taught(message)):
        await redis.execute_command(*write)


class StubClassifier:
    """Finds nothing."""

    name = "stub"

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        return [{} for _ in texts]

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        return [None for _ in texts]


FILE_JUDGE = Judge(load(), StubClassifier())


async def put(redis: Redis, community: str, name: str) -> str:
    text = f'extends = "default"\nname = "{name}"\n'
    return (await PolicyBook(redis).set(community, text, where="p", by="anna")).now


async def test_the_own_policy_then_the_house_s_then_the_file_s(redis: Redis) -> None:
    sits = Bench(FILE_JUDGE, PolicyBook(redis), StubClassifier(), house=HOUSE, look_s=0)

    async def named(community: str) -> str:
        return (await sits.sitting(community)).judge.policy.name

    file = FILE_JUDGE.policy.name
    assert [await named(one) for one in (HOUSE, "tea", "silk")] == [file] * 3
    await put(redis, HOUSE, "of the house")
    assert [await named(one) for one in (HOUSE, "tea", "silk")] == ["of the house"] * 3
    await put(redis, "tea", "of tea")
    assert [await named(one) for one in (HOUSE, "tea", "silk")] == ["of the house", "of tea", "of the house"]
    assert (await sits.sitting("silk")).judge is (await sits.sitting(HOUSE)).judge
    await PolicyBook(redis).rollback("tea", "file", by="anna")
    assert await named("tea") == "of the house"
    await PolicyBook(redis).rollback(HOUSE, "file", by="anna")
    assert [await named(one) for one in (HOUSE, "tea", "silk")] == [file] * 3


async def test_a_policy_in_shadow_at_the_house_stays_there(redis: Redis) -> None:
    sits = Bench(FILE_JUDGE, PolicyBook(redis), StubClassifier(), house=HOUSE, look_s=0)
    await PolicyBook(redis).shadow(HOUSE, 'extends = "default"\nname = "tried"\n', where="p", by="anna")
    assert (await sits.sitting(HOUSE)).shadow is not None
    assert (await sits.sitting("tea")).shadow is None


PLACE = Place(platform="discord", community="tea", channel="10", profile="general")
THREAD = PLACE.model_copy(update={"channel": "11", "parent": "10"})


async def test_a_thread_takes_its_parent_s_profile_until_it_has_its_own(redis: Redis) -> None:
    channels = Channels(redis)
    assert await channels.profile(THREAD) is None
    await redis.execute_command(*profiling(PLACE, "help"))
    assert [await channels.profile(one) for one in (PLACE, THREAD)] == ["help", "help"]
    await redis.execute_command(*profiling(THREAD, "deals"))
    assert [await channels.profile(one) for one in (PLACE, THREAD)] == ["help", "deals"]


async def test_profiles_are_the_community_s_and_the_platform_s_own(redis: Redis) -> None:
    await redis.execute_command(*profiling(PLACE, "help"))
    for other in ({"community": "silk"}, {"platform": "telegram"}, {"channel": "12"}):
        assert await Channels(redis).profile(PLACE.model_copy(update=other)) is None


async def test_an_admin_s_word_outranks_the_policy_s_and_a_title_says_nothing(redis: Redis) -> None:
    policy = parse('extends = "default"\n[channels]\n10 = "supply"\n', "p")
    channels, author = Channels(redis), Author(id="li")

    async def of(place: Place) -> str:
        message = Message(id="1", place=place, author=author)
        return placed_in(message, policy, await channels.profile(place)).place.profile

    assert [await of(PLACE), await of(THREAD)] == ["supply", "supply"]
    assert await of(PLACE.model_copy(update={"channel": "12", "title": "10"})) == "general"
    await redis.execute_command(*profiling(PLACE, "help"))
    assert [await of(PLACE), await of(THREAD)] == ["help", "help"]
