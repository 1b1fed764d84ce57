"""The model on the CPU by CTranslate2 in int8, in a thread of its own.

Prompts run one after the other: CTranslate2 4.8 forwards a batch at once only up to its shortest prompt and then feeds
the rest token by token, which took twice the time of single runs here. What a prompt has before its question is kept
as CTranslate2's static prompt: the two steps of a reading share it, and so do questions over a common passage.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bot.lm.prompt import CERTAIN, REFUSAL, parted
from bot.lm.tokens import BOS, EOS, NEWLINES, TURN, Tokens
from bot.lm.types import Completion, LmError, ModelError

LIMIT = 512
"""Tokens of a prompt. CTranslate2 4.8 does not mask the sliding window of 512 while it reads a longer prompt: beyond it
the next-token distribution leaves that of transformers (Kullback-Leibler 1.2 to 8.8, against 0.1 below)."""


KEPT = 8
"""Passages whose state is kept, 44 MB each at 250 tokens. CTranslate2 keeps without bound; they go together."""


class _First:
    """Notes the first step's logits, and stops the decoding once nobody wants it."""

    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled
        self.logits: Any = None

    def __call__(self, step: Any) -> bool:
        if self.logits is None:
            self.logits = np.array(step.logits, dtype=np.float32).ravel()
        return self._cancelled.is_set()


def probability(logits: Any, token: int) -> float:
    """The softmax of one entry."""
    return float(np.exp(logits[token] - logits.max()) / np.exp(logits - logits.max()).sum())


def _row(folder: Path, piece: str) -> int:
    """Where a piece stands in the model's own order, which is that of `vocabulary.order`."""
    pieces: list[str] = json.loads((folder / "vocabulary.json").read_text("utf-8"))
    return pieces.index(piece)


class Ctranslate:
    """An engine over a CTranslate2 folder with a tokenizer.json."""

    def __init__(self, folder: Path, name: str, generator: Any, tokens: Tokens) -> None:
        self.name = name
        self.limit = LIMIT
        self._folder = folder
        self._generator = generator
        self._tokens = tokens
        self._refusal_row = _row(folder, REFUSAL)
        self._held: set[tuple[str, ...]] = set()
        self._ends = [tokens.piece(token) for token in (*NEWLINES, EOS, TURN)]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="language-model")

    @classmethod
    def load(cls, folder: Path, *, name: str, threads: int = 0) -> Ctranslate:
        """Loads a folder on `threads` cores (0: CTranslate2's choice); raises ModelError when it cannot be run."""
        import ctranslate2

        try:
            generator = ctranslate2.Generator(str(folder), device="cpu", compute_type="int8", intra_threads=threads)
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"the model in {folder} cannot be run ({error}); delete {folder} and run `xiaoer run` again"
            ) from error
        return cls(folder, name, generator, Tokens.load(folder))

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        """See Engine. The thread stops at the next token after a cancellation, and later calls wait for it."""
        cancelled, began = threading.Event(), time.perf_counter()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._all, prompts, max_tokens, cancelled, began
            )
        finally:
            cancelled.set()

    def count(self, text: str) -> int:
        return len(self._tokens.ids(text))

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._generator.unload_model()

    def _all(
        self, prompts: Sequence[str], max_tokens: int, cancelled: threading.Event, began: float
    ) -> list[Completion]:
        return [
            Completion("", 0.0, 0) if cancelled.is_set() else self._one(prompt, max_tokens, cancelled, began)
            for prompt in prompts
        ]

    def _one(self, prompt: str, max_tokens: int, cancelled: threading.Event, began: float) -> Completion:
        """The first step alone tells the doubt; its logits, at every step, would take twice the time of the rest."""
        passage, question = parted(prompt)
        held = tuple(self._tokens.piece(token) for token in (BOS, *self._tokens.ids(passage)))
        pieces = [self._tokens.piece(token) for token in self._tokens.ids(question)]
        self._remember(held)
        first = _First(cancelled)
        self._decode(pieces, held, max_length=1, return_logits_vocab=True, callback=first)
        first_ms = (time.perf_counter() - began) * 1000
        doubt = probability(first.logits, self._refusal_row)
        if doubt >= CERTAIN:
            return Completion(REFUSAL, math.log(doubt), 1, doubt, first_ms)
        result = self._decode(
            pieces,
            held,
            max_length=max_tokens,
            suppress_sequences=[[REFUSAL]],
            return_scores=True,
            callback=lambda _step: cancelled.is_set(),
        )
        made = [self._tokens.id(piece) or 0 for piece in result.sequences[0]]
        return Completion(self._tokens.text(made).strip(), float(result.scores[0]), len(made), doubt, first_ms)

    def _remember(self, held: tuple[str, ...]) -> None:
        """Notes a passage; the one that is too many makes all go, which takes no time: the weights stay."""
        if held not in self._held and len(self._held) >= KEPT:
            self._generator.unload_model()
            self._generator.load_model()
            self._held.clear()
        self._held.add(held)

    def _decode(self, pieces: list[str], held: tuple[str, ...], **options: Any) -> Any:
        try:
            return self._generator.generate_batch(
                [pieces],
                static_prompt=list(held),
                cache_static_prompt=True,
                include_prompt_in_result=False,
                end_token=self._ends,
                **options,
            )[0]
        except RuntimeError as error:
            raise LmError(f"the model {self.name} failed ({error}); run `xiaoer doctor`") from error
