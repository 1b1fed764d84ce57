"""The model on the CPU by CTranslate2 in int8, in a thread of its own.

Prompts that wait at the same time, of one call or of several, are decoded together when their lengths are near each
other (ctranslate_rows.py). What a prompt has before its question is kept as CTranslate2's static prompt: questions over
a common passage share it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bot.lm.ctranslate_rows import Batch, Made, Row, together
from bot.lm.prompt import REFUSAL, parted
from bot.lm.tokens import BOS, EOS, NEWLINES, TURN, Tokens
from bot.lm.types import Completion, LmError, ModelError

LIMIT = 512
"""Tokens of a prompt. CTranslate2 4.8 does not mask the sliding window of 512 while it reads a longer prompt: beyond it
the next-token distribution leaves that of transformers (Kullback-Leibler 1.2 to 8.8, against 0.1 below)."""


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
        ends = [tokens.piece(token) for token in (*NEWLINES, EOS, TURN)]
        self._batch = Batch(generator, refusal=_row(folder, REFUSAL), ends=ends)
        self._coming: SimpleQueue[Row] = SimpleQueue()
        self._waiting: list[Row] = []
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
        """See Engine. Calls at the same time are decoded together; a cancelled one leaves at the next token."""
        rows = [self._row(prompt, max_tokens) for prompt in prompts]
        for row in rows:
            self._coming.put(row)
        self._thread.submit(self._work)
        return [self._completion(made) for made in await asyncio.gather(*(asyncio.wrap_future(r.done) for r in rows))]

    def count(self, text: str) -> int:
        return len(self._tokens.ids(text))

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._generator.unload_model()

    def _row(self, prompt: str, max_tokens: int) -> Row:
        passage, question = parted(prompt)
        held, asked = [BOS, *self._tokens.ids(passage)], self._tokens.ids(question)
        return Row(tuple(map(self._tokens.piece, held)), [self._tokens.piece(token) for token in asked], max_tokens)

    def _work(self) -> None:
        """Runs until no row is left. What is called while another one runs finds nothing to do afterwards."""
        while rows := self._next():
            try:
                self._batch.run(rows)
            except RuntimeError as error:
                _fail(rows, LmError(f"the model {self.name} failed ({error}); run `xiaoer doctor`"))
            finally:
                if fault := sys.exception():
                    _fail(rows, fault)

    def _next(self) -> list[Row]:
        """The row that waits longest with those that may be decoded beside it."""
        while not self._coming.empty():
            self._waiting.append(self._coming.get())
        self._waiting = [row for row in self._waiting if not row.done.cancelled()]
        found = together(self._waiting) if self._waiting else []
        self._waiting = [row for row in self._waiting if row not in found]
        return found

    def _completion(self, made: Made) -> Completion:
        text = self._tokens.text([self._tokens.id(piece) or 0 for piece in made.tokens]).strip()
        return Completion(text, made.likely, len(made.tokens), made.doubt, made.first_ms)


def _fail(rows: Sequence[Row], fault: BaseException) -> None:
    for row in rows:
        if not row.done.done() and row.done.set_running_or_notify_cancel():
            row.done.set_exception(fault)
