"""Prompts that CTranslate2 decodes together, each with its doubt from the same pass.

CTranslate2 4.8 reads a batch at once only up to its shortest prompt and feeds the rest token by token, a whole step for
all rows each. So rows share a batch when their lengths are near each other (`NEAR`); a step of eight costs that of
three. Nothing that one row says depends on the others: int8 scales are of a row.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bot.lm.prompt import CERTAIN, REFUSAL

ROWS = 8
"""Prompts decoded together."""
NEAR = 8
"""Tokens by which prompts of a batch differ at most: feeding more of them one by one eats what the batch gains."""
LOGITS = 512
"""Steps times rows whose logits are kept, 0.7 MB each: CTranslate2 keeps those of every step, the doubt needs one."""
KEPT = 8
"""Passages whose state is kept, 44 MB each at 250 tokens. CTranslate2 keeps without bound; they go together."""


class Made(NamedTuple):
    """What a row has become: its tokens, the mean of their log probabilities, the refusal's probability, its start."""

    tokens: list[str]
    likely: float
    doubt: float
    first_ms: float


@dataclass(eq=False, slots=True)
class Row:
    """A prompt on its way: what other questions may share with it, and the rest. Who waits cancels `done`."""

    held: tuple[str, ...]
    asked: list[str]
    max_tokens: int
    done: Future[Made] = field(default_factory=Future)
    handed_over: float = field(default_factory=time.perf_counter)
    first_ms: float = 0.0
    doubt: float = 0.0
    tokens: list[str] = field(default_factory=list)
    likely: float = 0.0
    steps: int = 0
    ended: bool = False

    @property
    def size(self) -> int:
        """Tokens that have been read or written."""
        return len(self.held) + len(self.asked) + len(self.tokens)

    @property
    def left(self) -> int:
        """Steps that it may still take."""
        return self.max_tokens - self.steps

    def finished(self) -> bool:
        return self.ended or self.left <= 0 or self.doubt >= CERTAIN or self.done.cancelled()

    def note(self, step: Any, ends: Sequence[str]) -> bool:
        """Adds a token; True when the row stops here, at a refusal or because nobody wants it."""
        self.first_ms = self.first_ms or (time.perf_counter() - self.handed_over) * 1000
        if step.token == REFUSAL:
            return True
        self.steps += 1
        self.likely += step.log_prob
        if step.token in ends:
            self.ended = True
        else:
            self.tokens.append(step.token)
        return self.done.cancelled()

    def result(self) -> Made:
        if self.doubt >= CERTAIN:
            return Made([REFUSAL], math.log(self.doubt), self.doubt, self.first_ms)
        return Made(self.tokens, self.likely / max(self.steps, 1), self.doubt, self.first_ms)


def probability(logits: Any, token: int) -> float:
    """The softmax of one entry."""
    return float(np.exp(logits[token] - logits.max()) / np.exp(logits - logits.max()).sum())


def together(waiting: Sequence[Row]) -> list[Row]:
    """The first row and those after it that may share its batch, at most ROWS."""
    first = waiting[0]
    low = high = first.size
    found = [first]
    for row in waiting[1:]:
        least, most = min(low, row.size), max(high, row.size)
        # A tail of one token has no part that is read at once; CTranslate2 would then return the prompt itself.
        if most - least <= NEAR < min(len(row.asked), len(first.asked)) and row.left == first.left:
            found.append(row)
            low, high = least, most
    return found[:ROWS]


def _untold(rows: Sequence[Row]) -> list[Row]:
    """The rows that are not finished, once those that are have told what they are."""
    for row in rows:
        if row.finished():
            made = row.result()
            if row.done.set_running_or_notify_cancel():
                row.done.set_result(made)
    return [row for row in rows if not row.finished()]


def _noting(rows: Sequence[Row], ends: Sequence[str]) -> Callable[[Any], bool]:
    """What CTranslate2 calls with each token. Its thread may let go of this last, after all others: it must not hold
    the generator, whose end waits for that thread; waiting for itself aborts the process."""
    return lambda step: rows[step.batch_id].note(step, ends)


class Batch:
    """Decodes rows on a generator. Everything here runs in one thread.

    `refusal` is the row of the output matrix whose first probability is the doubt, `ends` are what ends an answer.
    """

    def __init__(self, generator: Any, *, refusal: int, ends: list[str]) -> None:
        self._generator = generator
        self._refusal = refusal
        self._ends = ends
        self._held: set[tuple[str, ...]] = set()

    def run(self, rows: Sequence[Row]) -> None:
        """Makes the answers; raises RuntimeError."""
        self._begin(rows)
        rest = _untold(rows)
        while rest:
            self._go_on(together(rest))
            rest = _untold(rest)

    def _begin(self, rows: Sequence[Row]) -> None:
        """Reads the prompts and writes the answers until they end, refuse, or their logits take too much room."""
        shortest = min(row.size for row in rows)
        fed = [row.size - shortest for row in rows]
        results = self._generate(rows, max_length=min(rows[0].left, LOGITS // len(rows)), return_logits_vocab=True)
        for row, steps, result in zip(rows, fed, results, strict=True):
            first = np.array(result.logits[0][steps], dtype=np.float32).ravel()
            row.doubt = probability(first, self._refusal)
            if row.steps:
                row.likely -= math.log1p(-row.doubt)  # of the tokens that may be written, the refusal is none

    def _go_on(self, rows: Sequence[Row]) -> None:
        """Writes the rest of the answers, also of those that would refuse but are not certain."""
        self._generate(rows, max_length=rows[0].left, suppress_sequences=[[REFUSAL]])

    def _generate(self, rows: Sequence[Row], **options: Any) -> Any:
        shared = rows[0].held if all(row.held == rows[0].held for row in rows) else ()
        if shared:
            self._remember(shared)
        return self._generator.generate_batch(
            [[*(() if shared else row.held), *row.asked, *row.tokens] for row in rows],
            static_prompt=list(shared),
            cache_static_prompt=True,
            include_prompt_in_result=False,
            end_token=self._ends,
            return_scores=True,
            callback=_noting(rows, self._ends),
            **options,
        )

    def _remember(self, held: tuple[str, ...]) -> None:
        """Notes a passage; the one that is too many makes all go, which takes no time: the weights stay."""
        if held not in self._held and len(self._held) >= KEPT:
            self._generator.unload_model()
            self._generator.load_model()
            self._held.clear()
        self._held.add(held)
