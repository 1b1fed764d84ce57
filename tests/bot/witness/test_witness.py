"""The witness as it runs: the converted folder reads as the network that was taught, and marks what it was taught."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bot.lm.types import ModelError
from bot.witness.packed_file import Floats, PackedFile
from bot.witness.witness import LONGEST, Titled, Witness, best
from tests.bot.witness.conftest import Learned
from tests.bot.witness.tiny import TAUGHT, pieces_of

QUESTION = "佣金 how much?"
PASSAGES = ["佣金是3%。", "", "The fee is 5%. It is paid on Monday. " * 9, "保证金在关店后 90 天内退回，不计利息。" * 3]


@pytest.fixture(scope="module")
def encoder(learned: Learned) -> Any:
    return ctranslate2.Encoder(str(learned.folder), device="cpu", compute_type="int8", intra_threads=1)


@pytest.fixture(scope="module")
def witness(learned: Learned) -> Iterator[Witness]:
    loaded = Witness.load(learned.folder, threads=1)
    yield loaded
    asyncio.run(loaded.close())


def states(encoder: Any, rows: Sequence[list[int]]) -> list[Floats]:
    """What the folder makes of each row's own tokens, [tokens, width]."""
    found = np.asarray(encoder.forward_batch(list(rows)).last_hidden_state)
    return [np.asarray(found[at, : len(row)]) for at, row in enumerate(rows)]


def cosines(one: Floats, other: Floats) -> Floats:
    found: Floats = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return found


def test_the_folder_reads_as_the_taught_network_alone_and_beside_longer_passages(
    source: PackedFile, learned: Learned, encoder: Any
) -> None:
    rows = [pieces_of(source).frame(QUESTION, passage, "Fees").ids for passage in PASSAGES]
    together = states(encoder, rows)
    for row, beside in zip(rows, together, strict=True):
        (alone,) = states(encoder, [row])
        with torch.no_grad():
            wanted = learned.network.encoder(torch.tensor([row])).last_hidden_state[0].numpy()
        # Without VNNI int8 products are added in 16 bits: single tokens of so small a network are off by more.
        assert cosines(alone, wanted).mean() > 0.97
        assert cosines(beside, alone).min() > 0.9999
    assert len({len(row) for row in rows}) == len(rows)


def test_it_marks_what_it_was_taught_and_nothing_where_the_passage_is_silent(witness: Witness) -> None:
    for reading, ask in TAUGHT:
        (mark,) = witness.marks(ask.question, [Titled(reading.passage, reading.title)])
        if ask.answers:
            assert (mark.text, mark.says > 0.5) == (ask.answers[0], True)
            assert 0.5 < mark.sure <= 1
        else:
            assert mark.says < 0.5


async def test_marks_are_stretches_of_their_own_passages_in_order(witness: Witness) -> None:
    titled = [Titled(passage, "Fees") for passage in PASSAGES]
    marks = await witness.read(QUESTION, titled)
    alone = [witness.marks(QUESTION, [one])[0] for one in titled]
    assert [mark.text for mark in marks] == [mark.text for mark in alone]
    assert all(mark.text in passage for mark, passage in zip(marks, PASSAGES, strict=True))
    assert [bool(mark.text) for mark in marks] == [bool(passage) for passage in PASSAGES]
    assert (marks[1].text, marks[1].sure) == ("", 0.0)
    assert await witness.read(QUESTION, []) == []
    for mark, passage in zip(marks, PASSAGES, strict=True):
        assert [line for line in mark.lines if line.text not in passage] == []
        assert sum(line.likely for line in mark.lines) <= 1.001
    assert [bool(mark.lines) for mark in marks] == [bool(passage) for passage in PASSAGES]


def test_the_lines_share_the_belief_where_the_answer_stands(witness: Witness) -> None:
    for reading, ask in TAUGHT:
        if ask.answers:
            (mark,) = witness.marks(ask.question, [Titled(reading.passage, reading.title)])
            likeliest = max(mark.lines, key=lambda line: line.likely)
            assert ask.answers[0] in likeliest.text
            assert likeliest.likely > 0.5


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("breaking", [cut, Path.unlink])
@pytest.mark.parametrize("name", ["model.bin", "vocabulary.json", "config.json", "tokenizer.json", "heads.safetensors"])
def test_a_broken_folder_is_one_line_with_the_mend(
    learned: Learned, tmp_path: Path, name: str, breaking: Callable[[Path], None]
) -> None:
    folder = shutil.copytree(learned.folder, tmp_path / "witness")
    breaking(folder / name)
    with pytest.raises(ModelError, match=r"; delete .*witness and run `xiaoer run` again") as told:
        Witness.load(folder, threads=1)
    assert "\n" not in str(told.value)


LOGITS = arrays(np.float32, st.tuples(st.integers(1, 70), st.just(2)), elements=st.floats(-9, 9, width=16))


@settings(deadline=None)
@given(LOGITS)
def test_the_best_stretch_is_that_of_trying_all(ends: Floats) -> None:
    first, last, sure = best(ends)
    odds = np.exp(ends.astype(np.float64))
    likely = odds / odds.sum(0)
    tried = [
        likely[start, 0] * likely[stop, 1]
        for start in range(len(ends))
        for stop in range(start, min(start + LONGEST, len(ends)))
    ]
    assert 0 <= last - first < LONGEST
    assert sure == pytest.approx(max(tried), rel=1e-4)
    assert likely[first, 0] * likely[last, 1] == pytest.approx(max(tried), rel=1e-4)


@pytest.mark.parametrize(("length", "found"), [(LONGEST, True), (LONGEST + 1, False)])
def test_a_stretch_is_marked_up_to_the_greatest_length(length: int, found: bool) -> None:
    ends = np.zeros((60, 2), np.float32)
    ends[5, 0] = ends[5 + length - 1, 1] = 20
    first, last, sure = best(ends)
    assert ((first, last) == (5, 5 + length - 1)) is found
    assert (sure > 0.99) is found
