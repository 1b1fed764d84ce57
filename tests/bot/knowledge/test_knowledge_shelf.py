from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.knowledge.documents import Document, KnowledgeError
from bot.knowledge.index import Followed, Index
from bot.knowledge.shelf import Imported, Shelf, Synced
from bot.redis_server import open_client
from moderation.errors import XiaoerError

TODAY = date(2026, 11, 20)


def document(id: str, text: str = "The deposit is ¥1,000.") -> Document:
    return Document(id=id, title=id, lang="en", text=text)


TAUGHT = Document(
    id="teach-1",
    title="押金",
    lang="zh",
    text="押金就是保证金。",
    tags=("保证金",),
    valid_until=date(2027, 1, 1),
    owner="u-mei",
    source="teach",
    taught_at=datetime(2026, 11, 1, tzinfo=UTC),
)


@pytest.fixture
def shelf(redis: Redis) -> Shelf:
    return Shelf(redis, "sample")


async def test_a_document_survives_the_trip(shelf: Shelf) -> None:
    await shelf.put_many([TAUGHT, document("b"), document("a")])
    assert await shelf.get("teach-1") == TAUGHT
    assert await shelf.get("none") is None
    assert await shelf.list() == [document("a"), document("b"), TAUGHT]


async def test_the_keys_share_the_community_s_hash_tag(shelf: Shelf, redis: Redis) -> None:
    await shelf.put(document("a"))
    assert set(await redis.keys("*")) == {"x:{sample}:knowledge", "x:{sample}:knowledge:version"}


async def test_every_write_moves_the_version(shelf: Shelf) -> None:
    seen = [await shelf.version()]
    await shelf.put(document("a"))
    seen.append(await shelf.version())
    assert await shelf.remove("a")
    seen.append(await shelf.version())
    assert not await shelf.remove("a")
    assert seen == sorted(set(seen))
    assert await shelf.list() == []


async def test_communities_are_apart(shelf: Shelf, redis: Redis) -> None:
    await shelf.put(document("a"))
    assert await Shelf(redis, "other").list() == []
    with pytest.raises(XiaoerError, match="community"):
        Shelf(redis, "a}b")


async def test_an_index_follows_the_shelf(shelf: Shelf, redis: Redis) -> None:
    index, elsewhere = Index(), Shelf(redis, "sample")
    await elsewhere.put_many([document("a"), document("b", "Ship within 48 hours.")])
    assert await shelf.sync(index) == Synced(put=2)
    await elsewhere.put(document("b", "Ship within 24 hours."))
    await elsewhere.remove("a")
    assert await shelf.sync(index) == Synced(put=1, removed=1)
    assert [passage.text for passage in index.search("ship hours", today=TODAY)] == ["Ship within 24 hours."]
    assert index.search("deposit", today=TODAY) == []


class StubIndex(Index):
    """Remembers the threads in which it followed."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def follow(
        self, documents: Iterable[Document], *, progress: Callable[[float], None] = lambda _part: None
    ) -> Followed:
        self.threads.append(threading.get_ident())
        return super().follow(documents, progress=progress)


async def test_only_what_changed_is_indexed_and_off_the_event_loop(shelf: Shelf) -> None:
    index = StubIndex()
    await shelf.put_many(document(str(number)) for number in range(5))
    done = await asyncio.gather(*(shelf.sync(index) for _ in range(4)))
    assert sorted(one.put for one in done) == [0, 0, 0, 5]
    await shelf.put(document("3", "changed"))
    assert await shelf.sync(index) == Synced(put=1)
    assert await shelf.sync(index) == Synced()
    assert len(index.threads) == 2
    assert threading.get_ident() not in index.threads


async def test_a_corrupt_stored_document_is_a_fault_and_is_not_quoted(shelf: Shelf, redis: Redis) -> None:
    index = Index()
    await shelf.put_many([document("a"), document("b"), document("c")])
    await shelf.sync(index)
    await redis.hset("x:{sample}:knowledge", "a", "{")
    await redis.hset("x:{sample}:knowledge", "b", document("other").model_dump_json())
    await redis.incr("x:{sample}:knowledge:version")
    synced = await shelf.sync(index)
    assert (synced.put, synced.removed, [fault.file for fault in synced.faults]) == (0, 2, ["a", "b"])
    assert index.documents().keys() == {"c"}
    assert await shelf.list() == [document("c")]
    assert await shelf.get("a") is None


async def test_a_server_that_lost_its_data_is_followed_too(shelf: Shelf, redis: Redis) -> None:
    index = Index()
    await shelf.put(document("a"))
    await shelf.sync(index)
    await redis.flushall()
    assert await shelf.sync(index) == Synced(removed=1)
    assert len(index) == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.sampled_from(["apple", "banana"])),
        st.tuples(st.just("remove"), st.sampled_from("abc"), st.just("")),
        st.tuples(st.just("sync"), st.just(""), st.just("")),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_after_a_sync_the_index_is_the_shelf(redis_url: str, steps: list[tuple[str, str, str]]) -> None:
    asyncio.run(walk(redis_url, steps))


async def walk(url: str, steps: list[tuple[str, str, str]]) -> None:
    async with open_client(url) as client:
        await client.flushall()
        shelf, index = Shelf(client, "sample"), Index()
        for step, id, text in [*steps, ("sync", "", "")]:
            if step == "put":
                await shelf.put(document(id, text))
            elif step == "remove":
                await shelf.remove(id)
            else:
                await shelf.sync(index)
        assert index.documents() == {one.id: one for one in await shelf.list()}


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


async def test_an_import_makes_the_shelf_the_folder(shelf: Shelf, tmp_path: Path) -> None:
    write(tmp_path, a="first", b="second", c="third")
    await shelf.put(TAUGHT)
    assert await shelf.import_folder(tmp_path) == Imported(3, 0, 0, 0, ())
    version = await shelf.version()
    assert await shelf.import_folder(tmp_path) == Imported(0, 0, 0, 3, ())
    assert await shelf.version() == version
    write(tmp_path, a="first, changed")
    (tmp_path / "b.md").unlink()
    assert await shelf.import_folder(tmp_path) == Imported(0, 1, 1, 1, ())
    assert [(one.id, one.text) for one in await shelf.list()] == [
        ("a.md", "first, changed"),
        ("c.md", "third"),
        ("teach-1", TAUGHT.text),
    ]


async def test_a_broken_file_keeps_its_last_good_version(shelf: Shelf, tmp_path: Path) -> None:
    write(tmp_path, a="good", b="good too")
    await shelf.import_folder(tmp_path)
    write(tmp_path, a="---\nlang: fr\n---\nbroken")
    done = await shelf.import_folder(tmp_path)
    assert (done.removed, [fault.file for fault in done.faults]) == (0, ["a.md"])
    assert [one.text for one in await shelf.list()] == ["good", "good too"]


async def test_an_import_does_not_write_over_what_was_taught(shelf: Shelf, tmp_path: Path) -> None:
    taught = TAUGHT.model_copy(update={"id": "a.md"})
    await shelf.put(taught)
    write(tmp_path, a="from a file")
    done = await shelf.import_folder(tmp_path)
    assert (done.new, [fault.file for fault in done.faults]) == (0, ["a.md"])
    assert await shelf.list() == [taught]


async def test_a_missing_folder_removes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    write(tmp_path, a="kept")
    await shelf.import_folder(tmp_path)
    with pytest.raises(KnowledgeError):
        await shelf.import_folder(tmp_path / "typo")
    assert len(await shelf.list()) == 1
