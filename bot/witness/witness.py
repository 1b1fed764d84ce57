"""Marks, in each of a few passages, the words that answer a question, and says how sure it is of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from bot.knowledge.sentences import sentences
from bot.lm.types import LmError
from bot.witness.convert import HEADS
from bot.witness.encoder import broken, opened
from bot.witness.packed_file import Floats
from bot.witness.pieces import Framed, Pieces

LONGEST = 48
"""Tokens of what it marks; an answer that is longer is no quotation."""
WORTH = 0.02
"""A line that is less likely than this holds no answer."""


class Line(NamedTuple):
    """A sentence or line of a passage, and the probability that the answer stands there if the passage answers."""

    text: str
    likely: float


class Mark(NamedTuple):
    """What a passage answers: `text` is a stretch of it, "" when there is nothing to mark. `says` is the probability
    that the passage answers the question at all, `sure` that of just this stretch if it does; `lines` are those of the
    passage that may hold the answer, in their order."""

    text: str
    says: float
    sure: float
    lines: tuple[Line, ...] = ()


class Titled(NamedTuple):
    """A passage's text and its title, which may be empty."""

    text: str
    title: str = ""


class Reader(Protocol):
    """Whoever marks passages; `Witness` is one."""

    async def read(self, question: str, passages: Sequence[Titled]) -> list[Mark]:
        """One mark for each passage, in order. Raises LmError."""
        ...

    async def close(self) -> None:
        """Frees the model."""
        ...


class Witness:
    """The witness over a folder that `WITNESS.prepare` made, in a thread of its own."""

    def __init__(self, encoder: Any, pieces: Pieces, heads: dict[str, Floats]) -> None:
        self._encoder = encoder
        self._pieces = pieces
        self._heads = heads
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witness")

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> Witness:
        """Loads a folder on `threads` cores (0: CTranslate2's choice); raises ModelError when it cannot be run."""
        try:
            heads = load_file(folder / HEADS)
        except (OSError, SafetensorError) as error:
            raise broken(folder, error) from error
        return cls(opened(folder, intra_threads=threads), Pieces.load(folder), heads)

    async def read(self, question: str, passages: Sequence[Titled]) -> list[Mark]:
        """See Reader."""
        if not passages:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.marks, question, passages)

    def marks(self, question: str, passages: Sequence[Titled]) -> list[Mark]:
        """As `read`, in the caller's thread."""
        framed = [self._pieces.frame(question, passage.text, passage.title) for passage in passages]
        try:
            states = np.asarray(self._encoder.forward_batch([one.ids for one in framed]).last_hidden_state)
        except RuntimeError as error:
            raise LmError(f"the witness failed ({error}); run `xiaoer doctor`") from error
        found = zip(passages, framed, states, strict=True)
        return [self._mark(passage.text, one, state) for passage, one, state in found]

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._encoder.unload_model()

    def _mark(self, passage: str, framed: Framed, state: Floats) -> Mark:
        heads = self._heads
        says = float(1 / (1 + np.exp(-(state[0] @ heads["says.w"] + heads["says.b"][0]))))
        if not framed.places:
            return Mark("", says, 0.0)
        read = state[framed.first : framed.first + len(framed.places)]
        ends = read @ heads["ends.w"].T + heads["ends.b"]
        first, last, sure = best(ends)
        text = passage[framed.places[first][0] : framed.places[last][1]].strip()
        return Mark(text, says, sure, tuple(lines(passage, framed.places, ends)))


def lines(passage: str, places: Sequence[tuple[int, int]], ends: Floats) -> Iterator[Line]:
    """The lines that are WORTH it: the mean of how likely the answer begins and ends there. `places` are the stretches
    of the tokens, `ends` the logits of both ends, `[tokens, 2]`."""
    likely = np.exp(_log_softmax(ends)).mean(1)
    begins = np.array([start for start, _ in places])
    here = 0
    for part in sentences(passage):
        mass = float(likely[(begins >= here) & (begins < here + len(part))].sum())
        here += len(part)
        if mass >= WORTH:
            yield Line(part.strip(), mass)


def best(ends: Floats) -> tuple[int, int, float]:
    """The likeliest stretch by the logits of its ends, `[tokens, 2]`, at most LONGEST long, with its probability."""
    start, stop = _log_softmax(ends).T
    both = start[:, None] + stop[None, :]
    allowed = np.triu(np.ones_like(both, dtype=bool)) & ~np.triu(np.ones_like(both, dtype=bool), LONGEST)
    both[~allowed] = -np.inf
    at = int(both.argmax())
    return at // len(ends), at % len(ends), float(np.exp(both.max()))


def _log_softmax(logits: Floats) -> Floats:
    """Down the columns."""
    shifted = logits - logits.max(0)
    found: Floats = shifted - np.log(np.exp(shifted).sum(0))
    return found
