"""Makes the entries of what a matrix reads alike loud, for int8 reads the quiet ones ill beside a loud one.

A few entries of the model's states are thirty times as large as the rest. What the norms and the layers before multiply
them with is divided by a scale, and the columns that read them are multiplied with it: the same sums, and more of them
left in int8 (SmoothQuant, Xiao et al. 2023). `adapter/peaks.npz` holds how large each entry gets in our own passages
(`listening.py`).

The Kullback-Leibler divergence of the next token to float32 falls from 0.095 to 0.040 (`python -m
tests.benchmarks.lm_fidelity`, 480 tokens; with the weights alone in int8 it is some 0.022).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from bot.lm.types import ModelError
from bot.lm.weights import HEAD, HEADS, INNER, Floats

FILE = Path(__file__).parent / "adapter" / "peaks.npz"
POWER = 0.7
"""How much of a peak goes into the columns; 0.6 and 0.8 do as well, 0.5 is worse."""
LOUD = 8
"""Entries of the last states that are read in float32: their matrix is the embeddings too, and stays as it is."""
_SMALLEST = 1e-5

Peaks = dict[str, Floats]
"""The largest absolute value in a passage, on the mean, of each entry that a matrix reads: "qkv", "o", "gate_up" and
"down", [LAYERS, in] each, and "output", [HIDDEN]."""


@cache
def peaks() -> Peaks:
    """The shipped ones; raises ModelError when their file cannot be read."""
    try:
        with FILE.open("rb") as opened, np.load(opened) as held:
            return {name: held[name].astype(np.float32) for name in held.files}
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise ModelError(
            f"the shipped {FILE} cannot be read ({error}); restore it with `git checkout {FILE}` or reinstall xiaoer"
        ) from error


def even(number: int, matrices: dict[str, Floats], norms: dict[str, Floats]) -> None:
    """Evens the matrices of layer `number`, [out, in] each, and the norms before them, in place."""
    seen = {name: of[number] for name, of in peaks().items() if name in matrices}
    qkv, gate_up, down = (_scale(seen[name], matrices[name]) for name in ("qkv", "gate_up", "down"))
    # All heads share the one value head: what they read of it has one scale.
    heads = _scale(seen["o"].reshape(HEADS, HEAD).max(0), matrices["o"].reshape(-1, HEAD))
    for name, scale in (("qkv", qkv), ("gate_up", gate_up), ("down", down), ("o", np.tile(heads, HEADS))):
        matrices[name] *= scale
    matrices["qkv"][-HEAD:] /= heads[:, None]
    matrices["gate_up"][INNER:] /= down[:, None]
    for name, scale in (("input_layernorm", qkv), ("pre_feedforward_layernorm", gate_up)):
        norms[name] = (1 + norms[name]) / scale - 1


def loud() -> npt.NDArray[np.int64]:
    """The entries of the last states that are louder than all others, [LOUD]."""
    return np.sort(np.argsort(-peaks()["output"])[:LOUD]).astype(np.int64)


def _scale(seen: Floats, matrix: Floats) -> Floats:
    columns = np.abs(matrix).max(0)
    scale = np.maximum(seen, _SMALLEST) ** POWER / np.maximum(columns, _SMALLEST) ** (1 - POWER)
    even: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return even
