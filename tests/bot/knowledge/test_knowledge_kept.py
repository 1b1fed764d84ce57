"""What an index keeps on the disk: found again after a restart, gone with its document, and never in the way."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.knowledge import extract, kept
from bot.knowledge.documents import Document
from bot.knowledge.extract import Extract, Extractor, packed, unpacked
from bot.knowledge.index import Followed, Index
from bot.knowledge.meaning import Models
from bot.knowledge.stored import Parser
from tests.bot.knowledge.test_knowledge_index import DEPOSIT, SHIPPING, TODAY, ZH_LATE, ZH_REFUND, document, found
from tests.bot.models import real_models

DOCUMENTS = (DEPOSIT, SHIPPING, ZH_REFUND, ZH_LATE)


@pytest.fixture(scope="module")
def models() -> Models:
    return real_models()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "knowledge" / "sample.sqlite"


class Watch:
    """Tells which documents an extractor read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[str] = []
        real = Extractor.read_all

        def read_all(extractor: Extractor, documents: Sequence[Document]) -> list[Extract]:
            self.read += [one.id for one in documents]
            return real(extractor, documents)

        monkeypatch.setattr(Extractor, "read_all", read_all)

    def follow(self, file: Path, *documents: Document, models: Models | None = None) -> Index:
        """A process that starts; the probe of its fingerprint does not count."""
        self.read.clear()
        index = Index(models, file)
        index.follow(documents)
        self.read = [id for id in self.read if id != "probe"]
        return index


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def holds(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.iterdir())


def test_a_restart_works_out_only_what_is_new(file: Path, watch: Watch, models: Models) -> None:
    watch.follow(file, DEPOSIT, SHIPPING, models=models)
    assert watch.read == ["deposit", "shipping"]
    moved = SHIPPING.model_copy(update={"id": "moved", "valid_until": TODAY})
    index = watch.follow(file, DEPOSIT, moved, ZH_LATE, models=models)
    assert watch.read == ["late"]
    assert found(index, "How fast do I have to ship?")[0] == "moved"


def test_what_comes_from_the_disk_scores_the_same(file: Path, watch: Watch, models: Models) -> None:
    made, held = (watch.follow(file, *DOCUMENTS, models=models) for _ in range(2))
    assert watch.read == []
    for query in ("How fast do I have to ship?", "保证金什么时候退", "what deposit", "延迟发货 compensation"):
        one, other = (index.search(query, today=TODAY) for index in (made, held))
        assert [p.text for p in one] == [p.text for p in other]
        assert [p.score for p in one] == pytest.approx([p.score for p in other], abs=1e-3)


def test_what_is_deleted_or_replaced_is_not_on_the_disk_either(file: Path) -> None:
    index = Index(None, file)
    index.follow([DEPOSIT, SHIPPING, *(document(f"n{number}", f"note {number}") for number in range(50))])
    assert holds(file.parent, SHIPPING.text)
    index.follow([DEPOSIT])
    assert holds(file.parent, DEPOSIT.text)
    assert not holds(file.parent, SHIPPING.text)
    Index(None, file).follow([DEPOSIT.model_copy(update={"text": "It is free now."})])
    assert not holds(file.parent, DEPOSIT.text)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.stat().st_size < 50_000


def test_another_version_of_what_makes_extracts_finds_none(
    file: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, models: Models
) -> None:
    watch.follow(file, DEPOSIT)
    watch.follow(file, DEPOSIT, models=models)
    assert watch.read == ["deposit"]
    monkeypatch.setattr(extract, "FORMAT", 0)
    watch.follow(file, DEPOSIT, models=models)
    assert watch.read == ["deposit"]
    with sqlite3.connect(file) as disk:
        assert disk.execute("SELECT count(*) FROM extracts").fetchone() == (1,)


def garbage(content: bytes) -> bytes:
    return b"no database " * (len(content) // 12)


def cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def one_letter(content: bytes) -> bytes:
    return content.replace(b"Ordinary goods", b"Ordinary foods")


@pytest.mark.parametrize("damage", [garbage, cut_short, one_letter])
def test_a_damaged_file_is_told_once_set_aside_and_rebuilt(file: Path, watch: Watch, damage) -> None:
    many = [document(f"n{number}", f"note {number}") for number in range(50)]
    watch.follow(file, *DOCUMENTS, *many)
    file.write_bytes(damage(file.read_bytes()))
    with capture_logs() as logs:
        index = watch.follow(file, *DOCUMENTS, *many)
        index.follow([*DOCUMENTS, *many, document("more", "more")])
    assert [log["log_level"] for log in logs] == ["warning"]
    assert DEPOSIT.text not in str(logs)
    assert found(index, "How fast do I have to ship?")[0] == "shipping"
    assert "shipping" in watch.read
    aside = file.with_name(file.name + ".damaged")
    assert aside.exists()
    watch.follow(file, *DOCUMENTS, *many)
    watch.follow(file, *DOCUMENTS, *many)
    assert watch.read == []
    watch.follow(file, DEPOSIT)
    assert not aside.exists()


def test_a_disk_that_takes_nothing_is_told_once_and_missed_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    index = Index(None, tmp_path / "file" / "sample.sqlite")
    with capture_logs() as logs:
        assert index.follow(DOCUMENTS) == Followed(4, 0)
        assert index.follow(DOCUMENTS[:3]) == Followed(0, 1)
    assert len(logs) == 1
    assert found(index, "How fast do I have to ship?")[0] == "shipping"


def test_a_file_that_another_holds_is_done_without(file: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    monkeypatch.setattr(kept, "WAIT_S", 0.01)
    watch.follow(file, DEPOSIT)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        index = watch.follow(file, DEPOSIT, SHIPPING)
    assert [log["error"] for log in logs] == ["database is locked"]
    assert len(index) == 2
    other.close()
    index.follow([DEPOSIT, SHIPPING, ZH_LATE])
    watch.follow(file, DEPOSIT, ZH_LATE)
    assert watch.read == []


PROCESS = """
import sys
from pathlib import Path
from bot.knowledge.documents import Document
from bot.knowledge.index import Index
documents = [Document(id=str(n), title="Notes", lang="en", text=f"note {n}") for n in range(600)]
index = Index(None, Path(sys.argv[1]))
for count in (200, 600, 400):
    index.follow(documents[:count])
print(len(index))
"""


def test_several_processes_share_the_file(file: Path, watch: Watch) -> None:
    command = [sys.executable, "-c", PROCESS, str(file)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in running] == [b"400"] * 3
    with sqlite3.connect(file) as disk:
        assert disk.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    watch.follow(file, *(document(str(n), f"note {n}") for n in range(400)))
    assert not holds(file.parent, "note 555")


def test_a_long_run_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "TELL_S", -1.0)
    with capture_logs() as logs:
        Index(None, file).follow(document(str(n), f"note {n}") for n in range(450))
    assert [(log["documents"], log["of"]) for log in logs] == [(200, 450), (400, 450), (450, 450)]


@settings(max_examples=30, deadline=None)
@given(title=st.text(min_size=1).filter(str.strip), text=st.text(min_size=1, max_size=2000))
def test_an_extract_survives_the_trip(models: Models, title: str, text: str) -> None:
    for extractor in (Extractor(None), Extractor(models)):
        made = extractor.read(document("a", text, title=title[:200].strip()))
        held = unpacked(packed(made))
        assert np.array_equal(made.sketch, held.sketch)
        assert len(made.pieces) == len(held.pieces)
        for one, other in zip(made.pieces, held.pieces, strict=True):
            assert (one.text, one.words) == (other.text, other.words)
            if not (one.tokens and other.tokens) or one.vector is None or other.vector is None:
                assert (one.tokens, one.vector, other.tokens, other.vector) == (None,) * 4
                continue
            assert one.tokens.lang == other.tokens.lang
            assert np.array_equal(one.tokens.ids, other.tokens.ids)
            assert np.allclose(one.vector, other.vector, atol=1e-3)


def test_a_stored_value_that_is_as_it_was_is_not_read_again() -> None:
    parser = Parser()
    stored = {one.id: one.model_dump_json() for one in DOCUMENTS}
    first = parser.folder(stored).documents
    stored["deposit"] = DEPOSIT.model_copy(update={"text": "free"}).model_dump_json()
    second = {one.id: one for one in parser.folder(stored).documents}
    assert [second[one.id] is one for one in first] == [one.id != "deposit" for one in first]
    assert second["deposit"].text == "free"
