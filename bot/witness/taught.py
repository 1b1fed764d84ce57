"""What the witness was taught: low-rank changes of the encoder's matrices, changes of its vectors, and two heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from bot.lm.adapter import check_pinned
from bot.lm.types import ModelError
from bot.witness.packed_file import Floats

FILE = Path(__file__).parent / "weights" / "witness.safetensors"
SHA256 = "98ecca31f507f996adc930771644eb7454b1cd89e79a33f77e16e97ec014dc38"
"""Of `FILE` as shipped. `xiaoer train witness` prints that of a new one."""
HEADS = ("ends.w", "ends.b", "says.w", "says.b")
"""`ends`, [2, width] and [2]: the logits of a token to be the first and the last of the answer; `says`, [width] and
[1]: the logit, at the first token, that the passage answers."""


class Taught:
    """The changes by the tensor's name, and `heads` by theirs, all float32."""

    def __init__(self, held: dict[str, Floats], heads: dict[str, Floats]) -> None:
        self._held = held
        self.heads = heads

    @classmethod
    def nothing(cls) -> Taught:
        """No change and no heads: the encoder as it was published."""
        return cls({}, {})

    @classmethod
    def read(cls, file: Path) -> Taught:
        """Reads the file; raises ModelError when it is no such file."""
        try:
            with safe_open(file, framework="numpy") as opened:
                held = {name: opened.get_tensor(name).astype(np.float32) for name in opened.keys()}  # noqa: SIM118
            heads = {name: held.pop(name) for name in HEADS}
        except (OSError, SafetensorError, KeyError) as error:
            raise ModelError(
                f"the witness {file} cannot be read ({error}); restore it with `git checkout {file}` "
                "or reinstall xiaoer"
            ) from error
        return cls(held, heads)

    def matrix(self, name: str, published: Floats) -> Floats:
        """A matrix, [out, in], as it was taught: published + up @ down."""
        up, down = self._held.get(f"{name}.up"), self._held.get(f"{name}.down")
        if up is None or down is None:
            return published
        changed: Floats = published + up @ down
        return changed

    def vector(self, name: str, published: Floats) -> Floats:
        """A vector as it was taught."""
        change = self._held.get(name)
        return published if change is None else published + np.ravel(change)


def shipped() -> Taught:
    """The change that comes with the package; raises ModelError when its bytes are not those we pinned."""
    if FILE.is_file():
        check_pinned(FILE, SHA256)
    return Taught.read(FILE)
