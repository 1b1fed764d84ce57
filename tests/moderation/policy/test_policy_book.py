"""The policy book against a real server: checked, atomic, one community at a time, and always a way back."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.redis_server import EmbeddedRedis, open_client
from moderation.policy import PolicyError, parse
from moderation.policy.book import FILE, InForce, Moved, PolicyBook

TEXTS = [f'extends = "default"\nname = "p{number}"\n' for number in range(4)]
VERSIONS = [parse(text, "p").version for text in TEXTS]


async def put(book: PolicyBook, number: int, community: str = "sample", note: str = "") -> Moved:
    return await book.set(community, TEXTS[number], where=f"p{number}.toml", by="anna", note=note)


async def test_a_version_is_set_and_kept_with_who_when_and_why(redis: Redis) -> None:
    book = PolicyBook(redis)
    assert await book.in_force("sample") == (FILE, FILE)
    assert await put(book, 0, note="a try") == (FILE, VERSIONS[0])
    assert (await book.in_force("sample")).live == VERSIONS[0]
    [stored] = await book.versions("sample")
    assert (stored.text, stored.name, stored.by, stored.note) == (TEXTS[0], "p0", "anna", "a try")
    [entry] = await book.log("sample")
    assert (entry.kind, entry.before, entry.version, entry.by) == ("set", FILE, VERSIONS[0], "anna")
    assert abs((entry.at - stored.at).total_seconds()) < 5


async def test_to_set_the_same_again_changes_nothing(redis: Redis) -> None:
    book = PolicyBook(redis)
    await put(book, 0)
    assert await put(book, 0) == (VERSIONS[0], VERSIONS[0])
    assert len(await book.log("sample")) == 1
    with pytest.raises(PolicyError, match="no policy was in force"):
        await book.step_back("sample", (await book.step_back("sample", VERSIONS[0], by="anna")).now, by="anna")


@pytest.mark.parametrize("kind", ["set", "shadow"])
async def test_a_broken_text_is_refused_with_its_line_and_changes_nothing(redis: Redis, kind: str) -> None:
    book = PolicyBook(redis)
    await put(book, 0)
    with pytest.raises(PolicyError, match=r"^bad\.toml:2: "):
        await getattr(book, kind)("sample", 'extends = "default"\nnmae = "x"\n', where="bad.toml", by="anna")
    with pytest.raises(PolicyError, match="shorten it"):
        await getattr(book, kind)("sample", TEXTS[1], where="p", by="anna", note="x" * 501)
    assert await book.in_force("sample") == (VERSIONS[0], FILE)
    assert len(await book.versions("sample")) == len(await book.log("sample")) == 1


async def test_communities_do_not_touch_each_other(redis: Redis) -> None:
    book = PolicyBook(redis)
    await put(book, 0, "one")
    await put(book, 1, "two")
    assert ((await book.in_force("one")).live, (await book.in_force("two")).live) == (VERSIONS[0], VERSIONS[1])
    with pytest.raises(PolicyError, match="there is none of this name"):
        await book.rollback("one", VERSIONS[1], by="anna")


async def test_two_operators_at_once_leave_one_in_force_and_both_in_the_log(redis: Redis) -> None:
    book = PolicyBook(redis)
    await asyncio.gather(*(put(book, number % 2) for number in range(20)))
    log = await book.log("sample")
    assert [entry.before for entry in log] == [FILE, *(entry.version for entry in log[:-1])]
    assert (await book.in_force("sample")).live == log[-1].version
    assert {entry.version for entry in log} == {stored.version for stored in await book.versions("sample")}


async def test_a_rollback_that_another_operator_was_ahead_of_does_nothing(redis: Redis) -> None:
    book = PolicyBook(redis)
    for number in range(3):
        await put(book, number)
    done = await asyncio.gather(
        *(book.step_back("sample", VERSIONS[2], by=f"moderator{number}") for number in range(5)), return_exceptions=True
    )
    assert [one for one in done if isinstance(one, Moved)] == [(VERSIONS[2], VERSIONS[1])]
    assert all("another change came first" in str(one) for one in done if not isinstance(one, Moved))
    assert (await book.in_force("sample")).live == VERSIONS[1]


async def test_a_shadow_runs_until_it_ends_or_is_put_in_force(redis: Redis) -> None:
    book = PolicyBook(redis)
    await put(book, 0)
    await book.shadow("sample", TEXTS[1], where="p", by="anna")
    assert await book.in_force("sample") == (VERSIONS[0], VERSIONS[1])
    with pytest.raises(PolicyError, match="in force already"):
        await book.shadow("sample", TEXTS[0], where="p", by="anna")
    await put(book, 1)
    assert await book.in_force("sample") == (VERSIONS[1], FILE)
    assert [(entry.kind, entry.version) for entry in await book.log("sample")][-2:] == [
        ("set", VERSIONS[1]),
        ("shadow", FILE),
    ]
    await book.shadow("sample", TEXTS[2], where="p", by="anna")
    assert await book.end_shadow("sample", "anna") == (VERSIONS[2], FILE)
    assert await book.in_force("sample") == (VERSIONS[1], FILE)


async def test_a_version_is_found_by_its_beginning(redis: Redis) -> None:
    book = PolicyBook(redis)
    await put(book, 0)
    assert (await book.get("sample", VERSIONS[0][:5])).text == TEXTS[0]
    for number in range(1, 4):
        await put(book, number)
    with pytest.raises(PolicyError, match="several begin so"):
        await book.get("sample", "")
    with pytest.raises(PolicyError, match="there is none"):
        await book.get("sample", "zzz")


NUMBER = st.integers(0, len(TEXTS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), NUMBER),
        st.tuples(st.just("shadow"), NUMBER),
        st.tuples(st.just("rollback"), NUMBER),
        st.tuples(st.sampled_from(["back", "back", "file", "off"]), st.just(0)),
    ),
    max_size=25,
)


class Model:
    """What the book should hold: versions in force one after the other, the last one now."""

    def __init__(self) -> None:
        self.lives = [FILE]
        self.shadow = FILE
        self.stored: set[str] = set()

    def live(self, version: str) -> None:
        if version != self.lives[-1]:
            self.lives.append(version)
            self.shadow = FILE if version == self.shadow else self.shadow

    def step(self, kind: str, version: str) -> bool:
        """Follow a step; False for one that must be refused."""
        match kind:
            case "set":
                self.stored.add(version)
                self.live(version)
            case "shadow" if version == self.lives[-1]:
                return False
            case "shadow":
                self.stored.add(version)
                self.shadow = version
            case "off":
                self.shadow = FILE
            case "file":
                self.live(FILE)
            case "rollback" if version in self.stored:
                self.live(version)
            case "back" if len(self.lives) > 1:
                self.lives.pop()
                self.shadow = FILE if self.lives[-1] == self.shadow else self.shadow
            case _:
                return False
        return True


async def take(book: PolicyBook, kind: str, number: int) -> None:
    match kind:
        case "set":
            await put(book, number)
        case "shadow":
            await book.shadow("sample", TEXTS[number], where="p", by="anna")
        case "off":
            await book.end_shadow("sample", "anna")
        case "file":
            await book.rollback("sample", FILE, by="anna")
        case "rollback":
            await book.rollback("sample", VERSIONS[number], by="anna")
        case _:
            await book.step_back("sample", (await book.in_force("sample")).live, by="anna")


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_changes_leaves_what_a_plain_list_would(
    server: EmbeddedRedis, steps: list[tuple[str, int]]
) -> None:
    async def play() -> None:
        async with open_client(server.url) as redis:
            await redis.flushall()
            book, model = PolicyBook(redis), Model()
            for kind, number in steps:
                if model.step(kind, VERSIONS[number]):
                    await take(book, kind, number)
                else:
                    with pytest.raises(PolicyError):
                        await take(book, kind, number)
                assert await book.in_force("sample") == InForce(model.lives[-1], model.shadow)
            assert {stored.version for stored in await book.versions("sample")} == model.stored
            moves = [entry for entry in await book.log("sample") if entry.kind != "shadow"]
            assert [entry.before for entry in moves] == [FILE, *(entry.version for entry in moves)][: len(moves)]

    asyncio.run(play())
