"""The model on the CPU by CTranslate2 in int8, in a thread of its own.

Prompts run one after the other: CTranslate2 4.8 forwards a batch at once only up to its shortest prompt and then feeds
the rest token by token, which took twice the time of single runs here.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bot.lm.prompt import CERTAIN, REFUSAL
from bot.lm.tokens import BOS, EOS, NEWLINES, TURN, Tokens
from bot.lm.types import Completion, LmError, ModelError

LIMIT = 512
"""Tokens of a prompt. CTranslate2 4.8 does not mask the sliding window of 512 while it reads a longer prompt: beyond it
the next-token distribution leaves that of transformers (Kullback-Leibler 1.2 to 8.8, against 0.1 below)."""


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


class Ctranslate:
    """An engine over a CTranslate2 folder with a tokenizer.json."""

    def __init__(self, folder: Path, name: str, generator: Any, tokens: Tokens) -> None:
        self.name = name
        self.limit = LIMIT
        self._folder = folder
        self._generator = generator
        self._tokens = tokens
        self._refusal = tokens.ids(REFUSAL)[0]
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
        cancelled = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._all, prompts, max_tokens, cancelled
            )
        finally:
            cancelled.set()

    def count(self, text: str) -> int:
        return len(self._tokens.ids(text))

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._generator.unload_model()

    def _all(self, prompts: Sequence[str], max_tokens: int, cancelled: threading.Event) -> list[Completion]:
        return [Completion("", 0.0, 0) if cancelled.is_set() else self._one(p, max_tokens, cancelled) for p in prompts]

    def _one(self, prompt: str, max_tokens: int, cancelled: threading.Event) -> Completion:
        """The first step alone tells the doubt; its logits, at every step, would take twice the time of the rest."""
        pieces = [self._tokens.piece(token) for token in (BOS, *self._tokens.ids(prompt))]
        first = _First(cancelled)
        self._decode(pieces, max_length=1, return_logits_vocab=True, callback=first)
        doubt = probability(first.logits, self._refusal)
        if doubt >= CERTAIN:
            return Completion(REFUSAL, math.log(doubt), 1, doubt)
        result = self._decode(
            pieces,
            max_length=max_tokens,
            suppress_sequences=[[self._tokens.piece(self._refusal)]],
            return_scores=True,
            callback=lambda _step: cancelled.is_set(),
        )
        made = result.sequences_ids[0]
        return Completion(self._tokens.text(made).strip(), float(result.scores[0]), len(made), doubt)

    def _decode(self, pieces: list[str], **options: Any) -> Any:
        try:
            return self._generator.generate_batch(
                [pieces], include_prompt_in_result=False, end_token=self._ends, **options
            )[0]
        except RuntimeError as error:
            raise LmError(f"the model {self.name} failed ({error}); run `xiaoer doctor`") from error
