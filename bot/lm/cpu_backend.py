"""The model that comes with Xiaoer on the CPU, in int8, in a thread of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from bot.lm.cpu_batch import ROWS, CpuBatch
from bot.lm.cpu_model import CpuModel
from bot.lm.prompt import REFUSAL
from bot.lm.rows import Decoding
from bot.lm.tokens import BOS, EOS, NEWLINES, TURN, Tokens
from bot.lm.vectors import TokenVectors

LIMIT = 512
"""Tokens of a prompt: what it was taught on is shorter, and a passage of the search has some 200."""


def load(folder: Path, *, name: str, threads: int = 0) -> Decoding:
    """The engine over a folder that `prepare` made, on `threads` cores (0: all); raises ModelError."""
    # Each thread that computes gets OpenMP helpers of its own, and with more of them than cores all of them fall
    # asleep after every layer, which doubles the time of a token. So the one thread that will decode loads, too.
    thread = ThreadPoolExecutor(1, thread_name_prefix="language-model")
    tokens = Tokens.load(folder)
    batch = thread.submit(_batch, folder, tokens, threads).result()
    return Decoding(batch, tokens, name, thread=thread, limit=LIMIT, rows=ROWS, at_once=1, starts=[BOS])


def _batch(folder: Path, tokens: Tokens, threads: int) -> CpuBatch:
    if threads:
        torch.set_num_threads(threads)
    model = CpuModel(folder, TokenVectors(folder, tokens))
    return CpuBatch(model, refusal=tokens.ids(REFUSAL)[0], ends={*NEWLINES, EOS, TURN})
