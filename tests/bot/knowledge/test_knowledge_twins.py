"""The same text under two ids is shown once: which one, on which day, and what becomes of it when one goes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.knowledge.documents import Document
from bot.knowledge.index import Index
from bot.knowledge.shelf import Shelf
from bot.knowledge.twins import SAME, Twins, likeness, sketch

TODAY = date(2026, 11, 22)
TEXT = (
    "Sellers pay the buyer five percent of the item price for each order that leaves the warehouse late. The sum is "
    "taken from the deposit on the first working day of the next month, and the shop is told of it by mail. Whoever "
    "thinks it wrong appeals within 7 days, with the waybill and the time that the parcel was handed over."
)
ZH = (
    "卖家延迟发货的，按商品金额的百分之五赔付给买家，次月第一个工作日从保证金中扣除，并以邮件告知店铺。"
    "对结果有异议的，可在七天内提交运单申诉。"
)


def document(id: str, text: str = TEXT, title: str = "Late", **more: object) -> Document:
    return Document.model_validate({"id": id, "title": title, "lang": "en", "text": text, **more})


def folded(*documents: Document, today: date = TODAY) -> dict[str, str]:
    return Twins(documents).folded(today)


def test_the_newest_valid_one_is_shown() -> None:
    old = document("a", valid_from=date(2026, 1, 1))
    new = document("b", f"# Late\n\n{TEXT.upper()}!", "Late orders", valid_from=date(2026, 6, 1))
    taught = document("c", TEXT.replace(". ", ".\n\n- "), source="teach", taught_at=datetime(2026, 9, 1, tzinfo=UTC))
    assert folded(old, new, taught) == {"a": "c", "b": "c"}
    assert folded(old, new.model_copy(update={"valid_until": date(2026, 7, 1)})) == {}
    assert folded(old, new, today=date(2026, 2, 1)) == {}
    assert folded(document("b"), document("a")) == {"b": "a"}


def test_texts_that_say_different_things_are_not_folded() -> None:
    assert folded(document("a"), document("b", TEXT.replace("7 days", "9 days"))) == {}
    shanghai = document("b", TEXT.replace("warehouse", "Shanghai"), "Shanghai")
    assert folded(document("a", TEXT.replace("warehouse", "Beijing"), "Beijing"), shanghai) == {}
    assert folded(document("a"), document("b", TEXT[: len(TEXT) // 2])) == {}


def test_a_slip_mended_under_the_same_title_is_one_text() -> None:
    assert folded(document("a"), document("b", TEXT.replace("told of it", "informed of it"))) == {"b": "a"}
    zh = [document("a", ZH, lang="zh"), document("b", ZH.replace("，", ",") + "谢谢", lang="zh")]
    assert folded(*zh) == {"b": "a"}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(), words=st.integers(30, 400))
def test_the_sketch_tells_the_same_from_another_text(seed: int, words: int) -> None:
    chance = Random(seed)
    made, other = (" ".join("".join(chance.choices("abcdefghij", k=5)) for _ in range(words)) for _ in range(2))
    assert likeness(sketch(made), sketch(made.upper().replace(" ", "\n"))) == 1
    assert likeness(sketch(made), sketch(other)) < SAME


@pytest.mark.parametrize("text", ["a", "。", " ", "🎉", "12", "\ud800"])
def test_the_shortest_text_has_a_sketch(text: str) -> None:
    assert len(sketch(text)) == 1


def test_many_pages_that_share_a_part_are_followed_and_forgotten() -> None:
    twins = Twins(document(str(n), f"{TEXT} Shop {n} has the number {n * 7919}.") for n in range(600))
    assert twins.folded(TODAY) == {}
    for n in range(600):
        twins.remove(str(n))
    assert (twins._documents, dict(twins._by_hash), twins._twins) == ({}, {}, {})


def shown(index: Index, day: date = TODAY) -> list[str]:
    return [passage.document for passage in index.search("what do sellers pay for a late order", today=day)]


def test_an_answer_has_it_once_and_the_other_steps_in_at_once() -> None:
    index = Index()
    index.put(document("old", valid_from=date(2026, 1, 1)))
    index.put(document("new", f"{TEXT} ", valid_from=date(2026, 6, 1), valid_until=date(2026, 12, 1)))
    assert shown(index) == ["new"]
    assert shown(index, date(2026, 12, 2)) == ["old"]
    index.remove("new")
    assert shown(index) == ["old"]
    index.remove("old")
    assert shown(index) == []


async def test_what_is_deleted_from_the_folder_is_gone_at_the_next_sync(redis: Redis, tmp_path: Path) -> None:
    shelf, index = Shelf(redis, "sample"), Index()
    (tmp_path / "faq.csv").write_text(f"question,answer\nwhat do sellers pay,{TEXT.replace(',', ';')}\nmay I?,yes\n")
    (tmp_path / "late.txt").write_text(TEXT)
    await shelf.import_folder(tmp_path)
    await shelf.sync(index)
    assert len(shown(index)) == 1
    (tmp_path / "late.txt").unlink()
    (tmp_path / "faq.csv").write_text("question,answer,valid_until\nmay I?,yes,soon\nnew?,yes,\n")
    done = await shelf.import_folder(tmp_path)
    await shelf.sync(index)
    assert [fault.line for fault in done.faults] == [2]
    assert (shown(index), sorted(index.documents())) == ([], ["faq.csv#may I?", "faq.csv#new?"])
    (tmp_path / "faq.csv").write_text("broken")
    await shelf.import_folder(tmp_path)
    assert len(await shelf.list()) == 2
    (tmp_path / "faq.csv").unlink()
    await shelf.import_folder(tmp_path)
    assert await shelf.list() == []


async def test_a_table_is_replaced_and_removed_whole(redis: Redis) -> None:
    shelf = Shelf(redis, "sample")
    await shelf.replace("a.csv", [document("a.csv#one"), document("a.csv#two"), document("a.csvx")])
    await shelf.replace("a.csv", [document("a.csv#two")])
    assert [one.id for one in await shelf.list()] == ["a.csv#two", "a.csvx"]
    assert await shelf.remove("a.csv")
    assert not await shelf.remove("a.csv")
    assert [one.id for one in await shelf.list()] == ["a.csvx"]
