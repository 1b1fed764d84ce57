from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.knowledge.documents import FILE_BYTES, Document, Fault, KnowledgeError
from bot.knowledge.passages import LARGEST, cut, size
from bot.knowledge.reading import read_file, read_folder

GOOD = """---
title: Deposit
lang: en
valid_from: 2026-01-01
valid_until: 2026-12-31
tags: [deposit, money]
---
# Deposit
It is ¥1,000.
"""


def written(folder: Path, text: str, name: str = "a.md") -> Document | Fault:
    (folder / name).write_text(text, encoding="utf-8")
    read = read_file(folder, name)
    return (read.documents + read.faults)[0]


def test_front_matter_is_read(tmp_path: Path) -> None:
    document = written(tmp_path, GOOD, "money.md")
    assert document == Document(
        id="money.md",
        title="Deposit",
        lang="en",
        text="# Deposit\nIt is ¥1,000.",
        tags=("deposit", "money"),
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
    )


def test_missing_title_and_language_are_guessed(tmp_path: Path) -> None:
    document = written(tmp_path, "# 保证金怎么退\n关店 30 天后退回 Lanqiao 账户。")
    assert isinstance(document, Document)
    assert (document.title, document.lang) == ("保证金怎么退", "zh")
    bare = written(tmp_path, "Refunds take three days.", "refunds.md")
    assert isinstance(bare, Document)
    assert (bare.title, bare.lang) == ("refunds", "en")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("---\ntitle: [\n---\nx", 3, "no YAML"),
        ("---\ntitle: a\nbody", 1, "never closed"),
        ("---\n- a\n---\nbody", 2, "no list of keys"),
        ("---\ntitle: a\nvalid_untill: 2026-01-01\n---\nbody", 3, "unknown key 'valid_untill'"),
        ("---\ntitle: a\nvalid_until: soon\n---\nbody", 3, "valid_until"),
        ("---\nvalid_from: 2026-13-45\n---\nbody", 1, "no YAML"),
        ("---\nvalid_from: 2026-02-01\nvalid_until: 2026-01-01\n---\nbody", 3, "lies after"),
        ("---\nlang: fr\n---\nbody", 2, "lang"),
        ("---\ntags: money\n---\nbody", 2, "tags"),
        ("---\na: &a [x]\nb: *c\n---\nbody", 3, "no YAML"),
        ("---\n" + "[" * 5000 + "\n---\nbody", 3, "no YAML"),
        ("---\ntitle: a\n---\n \n", 1, "no text"),
        ("", 1, "no text"),
    ],
)
def test_a_broken_file_is_one_fault_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    fault = written(tmp_path, text)
    assert isinstance(fault, Fault)
    assert fault.line == line
    assert what in fault.what
    assert str(fault) == f"a.md:{line}: {fault.what}; {fault.mend}"
    assert "\n" not in str(fault)


def test_a_broken_file_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    written(tmp_path, GOOD, "sub/good.md")
    written(tmp_path, "---\nlang: xx\n---\nbody", "bad.md")
    (tmp_path / "latin.md").write_bytes(b"first\nsecond caf\xe9")
    (tmp_path / "big.md").write_bytes(b"x" * (FILE_BYTES + 1))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    written(tmp_path, GOOD, ".hidden.md")
    folder = read_folder(tmp_path)
    assert [document.id for document in folder.documents] == ["sub/good.md"]
    assert [(fault.file, fault.line) for fault in folder.faults] == [("bad.md", 2), ("big.md", 1), ("latin.md", 2)]


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    written(outside, GOOD, "secret.md")
    (inside / "leak.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "broken.md").symlink_to(inside / "nothing.md")
    folder = read_folder(inside)
    assert folder.documents == ()
    assert {fault.file for fault in folder.faults} == {"leak.md", "folder", "broken.md"}


def test_a_link_inside_the_folder_is_read(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "one.md")
    (tmp_path / "two.md").symlink_to(tmp_path / "one.md")
    assert [document.id for document in read_folder(tmp_path).documents] == ["one.md", "two.md"]


def test_a_folder_that_is_missing_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="No such file"):
        read_folder(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(KnowledgeError, match="Not a directory"):
        read_folder(tmp_path / "file")


def test_both_ends_of_the_dates_count() -> None:
    document = Document(
        id="a", title="a", lang="en", text="a", valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 31)
    )
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [document.valid_on(day) for day in days] == [False, True, True, False]


def passages(text: str, title: str = "t") -> list[str]:
    return cut(Document(id="a", title=title, lang="en", text=text))


def test_markdown_becomes_plain_text() -> None:
    text = "# Fees\nSee **the** [list](http://x) of\n`all` ![fees](y.png).\n\n1. one\n   - deep\n2. two\n\n> quoted"
    assert passages(text, "Fees") == ["See the list of all fees.\n1. one\n  - deep\n2. two\nquoted"]


def test_a_table_row_reads_with_its_headers() -> None:
    assert passages("| 类目 | 佣金 |\n|---|---|\n| 服饰 | 5% |\n| 食品 | |") == ["类目: 服饰; 佣金: 5%\n类目: 食品"]


def test_chinese_lines_join_without_a_space() -> None:
    assert passages("买家付款后\n48 小时内\n发货") == ["买家付款后 48 小时内发货"]


def test_sections_are_apart_and_keep_their_headings() -> None:
    long = " ".join(["word"] * 100)
    found = passages(f"# Rules\n## Late\n{long}\n## Early\n{long}")
    assert [passage.splitlines()[:2] for passage in found] == [["Rules", "Late"], ["Rules", "Early"]]


def test_short_sections_are_joined() -> None:
    assert passages("## A\none\n## B\ntwo") == ["A\none\nB\ntwo"]


@pytest.mark.parametrize("text", ["字" * 5000, "好。" * 3000, "word " * 5000, "x" * 9000, "1" * 4000, "a.b " * 2000])
def test_no_passage_is_too_large_and_no_text_is_lost(text: str) -> None:
    found = passages(text)
    assert max(map(size, found)) <= LARGEST
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_text_of_headings_alone_is_still_found() -> None:
    assert passages("# Only a heading", "Only a heading") == ["Only a heading"]
