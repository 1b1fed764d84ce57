"""The shipped low-rank adapter (LoRA, https://arxiv.org/abs/2106.09685): its file, and its merging into the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from bot.lm.folders import sha256
from bot.lm.types import ModelError

FILE = Path(__file__).parent / "adapter" / "adapter.safetensors"
SHA256 = "38d115b9addf494563089722f836707701e0ba501ef6b54dc72982b474259d8f"
"""Of `FILE` as shipped. `xiaoer train answer` prints that of a new one."""


class Adapter:
    """Low-rank changes by the name of the weight they change: weight + alpha / rank * up @ down."""

    def __init__(self, file: Path) -> None:
        """Reads the file; raises ModelError when it is no adapter."""
        try:
            with safe_open(file, framework="numpy") as opened:
                self._factors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
                self._scale = float((opened.metadata() or {})["scale"])
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise ModelError(
                f"the adapter {file} cannot be read ({error}); restore it with `git checkout {file}` "
                "or reinstall xiaoer"
            ) from error

    def change(self, name: str) -> npt.NDArray[np.float32] | None:
        """What is added to the weight `name` ([out, in]); None when the adapter leaves it alone."""
        down = self._factors.get(f"{name}.down")
        if down is None:
            return None
        up = self._factors[f"{name}.up"]
        # Not `@`: there, the last bit depends on how many cores share the work, and a folder's sums with it.
        product: npt.NDArray[np.float32] = np.einsum("or,ri->oi", up.astype(np.float32), down.astype(np.float32))
        return self._scale * product


def check_pinned(file: Path, expected: str) -> None:
    """Raises ModelError when a shipped file's bytes are not those that were pinned."""
    found = sha256(file)
    if found != expected:
        raise ModelError(
            f"the shipped {file} has sha256 {found[:12]}..., not the pinned {expected[:12]}...; "
            "restore it from the repository or reinstall xiaoer"
        )


def shipped() -> Adapter | None:
    """The adapter that comes with the package; raises ModelError when its bytes are not those we pinned."""
    if not FILE.is_file():
        return None
    check_pinned(FILE, SHA256)
    return Adapter(FILE)
