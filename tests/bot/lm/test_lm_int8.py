"""The layers in int8, and the evening before it: the same sums, and less lost where a few entries are loud."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bot.lm import evening
from bot.lm.convert import quantise
from bot.lm.evening import LOUD, even, loud, peaks
from bot.lm.int8 import linear, linear_beside
from bot.lm.types import ModelError
from bot.lm.weights import HEAD, HEADS, HIDDEN, INNER, LAYERS, Floats

SHAPES = {
    "qkv": ((HEADS + 2) * HEAD, HIDDEN),
    "o": (HIDDEN, HEADS * HEAD),
    "gate_up": (2 * INNER, HIDDEN),
    "down": (HIDDEN, INNER),
}
NORMS = ("input_layernorm", "pre_feedforward_layernorm")


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)


def drawn(chance: np.random.Generator, *shape: int) -> Floats:
    return chance.normal(size=shape).astype(np.float32)


def through(states: Floats, matrices: dict[str, Floats], norms: dict[str, Floats]) -> npt.NDArray[np.float64]:
    """A layer without what evening leaves alone: heads attend to one value, and tanh stands for the nonlinearity."""
    told = matrices["qkv"] @ (states * (1 + norms["input_layernorm"])).astype(np.float64)
    attended = matrices["o"] @ np.tile(told[-HEAD:], HEADS)
    inner = matrices["gate_up"] @ (states * (1 + norms["pre_feedforward_layernorm"])).astype(np.float64)
    down = matrices["down"] @ (np.tanh(inner[:INNER]) * inner[INNER:])
    return np.concatenate([told[:-HEAD], attended, inner[:INNER], down])


@pytest.mark.parametrize("number", [0, LAYERS - 1])
def test_evening_changes_the_matrices_and_no_sum(chance: np.random.Generator, number: int) -> None:
    matrices = {name: drawn(chance, *shape) for name, shape in SHAPES.items()}
    norms = {name: np.abs(drawn(chance, HIDDEN)) for name in NORMS}
    states, before = drawn(chance, HIDDEN), {name: matrix.copy() for name, matrix in matrices.items()}
    expected = through(states, matrices, norms)
    even(number, matrices, norms)
    assert np.allclose(through(states, matrices, norms), expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert not any(np.allclose(matrices[name], before[name], rtol=0.1) for name in SHAPES)


def test_loud_entries_are_the_last_states_loudest() -> None:
    output = peaks()["output"]
    assert output.shape == (HIDDEN,)
    assert len(loud()) == LOUD
    assert output[loud()].min() >= np.delete(output, loud()).max()


@pytest.mark.parametrize("left", [0, 40_000, None])
def test_peaks_that_cannot_be_read_are_told_with_the_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: int | None
) -> None:
    file = tmp_path / "peaks.npz"
    if left is not None:
        file.write_bytes(evening.FILE.read_bytes()[:left])
    monkeypatch.setattr(evening, "FILE", file)
    peaks.cache_clear()
    with pytest.raises(ModelError, match=r"peaks.npz cannot be read .*; restore it"):
        peaks()


def test_an_entry_that_is_loud_spoils_nothing_when_it_is_read_beside(chance: np.random.Generator) -> None:
    rows, factor = quantise(drawn(chance, 300, HIDDEN))
    scale = (1 / factor).astype(np.float32)
    states = drawn(chance, 5, HIDDEN)
    states[:, 17] *= 60
    exact = states @ (rows * scale[:, None]).T
    one = np.array([17], np.int64)
    layers = linear(rows, scale), linear_beside(rows, scale, one)
    plain, beside = (np.abs(layer(torch.from_numpy(states)).numpy() - exact).mean() for layer in layers)
    assert beside < plain / 5
    assert beside < 0.02 * np.abs(exact).mean()
