"""How fast the model answers beside llama.cpp and transformers: the same prompts, the same published weights.

    pip install -e '.[bench]'   # llama.cpp
    python -m tests.benchmarks.lm_speed [--tokens 64] [--rounds 2] [--cores 2]

Each engine writes exactly so many tokens after prompts of some 250: one request at a time, then eight side by side,
each in its own best way: ours and transformers in one batch, llama.cpp in eight slots that it batches itself.
Ours is int8 as it serves (with the shipped adapter, scores and first logits), once with the guesses from the prompt
that it makes when it serves and once without; llama.cpp reads the published Q4_K_M file, transformers runs bf16.
Ratios are of one run on one machine, in which the engines take turns. Each has a process of its own: OpenMP threads
of one would make those of another fall asleep after every layer.
The share of the memory's bandwidth is the bytes of the weights that a token needs, over the time that it took, over
what sums over large arrays reach on the same cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch

from bot.knowledge.passages import blocks
from bot.knowledge.reading import read_folder
from bot.lm import weights
from bot.lm.cache import prepare
from bot.lm.convert import BLOCKS, SERVED
from bot.lm.cpu_batch import GUESSED, CpuBatch
from bot.lm.cpu_model import CpuModel
from bot.lm.prompt import reading
from bot.lm.rows import Row
from bot.lm.tokens import BOS, Tokens
from bot.lm.vectors import TokenVectors
from tests.bot.models import CACHE

SAMPLE = Path(__file__).parent.parent.parent / "bot/sample/knowledge"
SIDE_BY_SIDE = 8
LENGTH = 250
PADDING = 0
"""A token that no model writes."""

Engine = Callable[[Sequence[str], int], None]
"""Answers prompts with so many tokens each; several prompts at once where it can."""


def prompts(tokens: Tokens) -> list[str]:
    """SIDE_BY_SIDE prompts of about LENGTH tokens, from the sample community's documents."""
    found = []
    for document in read_folder(SAMPLE).documents[:SIDE_BY_SIDE]:
        text = " ".join(block.text for block in blocks(document.text)) * 9
        found.append(_of_length(tokens, document.title, text))
    return found


def _of_length(tokens: Tokens, title: str, text: str) -> str:
    """A prompt with as much of the text as LENGTH tokens hold."""
    made = [reading("How long does it take?", title, text[:size]) for size in range(0, 4 * LENGTH, 10)]
    return made[bisect_right(made, LENGTH, key=lambda prompt: len(tokens.ids(prompt))) - 1]


def ours(_file: Path, cores: int, guessed: int = GUESSED) -> Engine:
    folder = prepare(CACHE)
    tokens = Tokens.load(folder)
    torch.set_num_threads(cores)
    model = CpuModel(folder, TokenVectors(folder, tokens))

    @torch.inference_mode()
    def run(asked: Sequence[str], size: int) -> None:
        # A batch of its own for each run: nothing is kept of the run before, and nothing ends a row early.
        batch = CpuBatch(model, refusal=PADDING, ends=(), guessed=guessed)
        batch.join([Row([BOS, *tokens.ids(prompt)], size) for prompt in asked])
        batch.leave()
        while batch.rows:
            batch.step()
            batch.leave()

    return run


def llama_cpp(file: Path, cores: int) -> Engine:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.n_ctx, params.n_parallel = SIDE_BY_SIDE * 512, SIDE_BY_SIDE
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores
    server = xllamacpp.Server(params)

    def ask(prompt: str, size: int) -> None:
        body = {"prompt": prompt, "n_predict": size, "ignore_eos": True, "temperature": 0, "cache_prompt": False}
        server.handle_completions(body)

    def run(asked: Sequence[str], size: int) -> None:
        with ThreadPoolExecutor(len(asked)) as pool:
            list(pool.map(lambda prompt: ask(prompt, size), asked))

    return run


def without_guesses(file: Path, cores: int) -> Engine:
    return ours(file, cores, guessed=0)


def transformers(_file: Path, cores: int) -> Engine:
    from bot.lm import adapter, torch_model

    tokens = Tokens.load(prepare(CACHE))
    torch.set_num_threads(cores)
    model: Any = torch_model.published(adapter.shipped(), device="cpu", dtype=torch.bfloat16)

    def run(asked: Sequence[str], size: int) -> None:
        rows = [[BOS, *tokens.ids(prompt)] for prompt in asked]
        width = max(map(len, rows))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        with torch.inference_mode():
            model.generate(ids, attention_mask=mask, do_sample=False, min_new_tokens=size, max_new_tokens=size)

    return run


ENGINES: dict[str, Callable[[Path, int], Engine]] = {
    "ours": ours,
    "ours without guesses": without_guesses,
    "llama.cpp": llama_cpp,
    "transformers": transformers,
}
_opened: list[Engine] = []
"""The engine of this process."""


def _open(name: str, file: Path, cores: int) -> None:
    _opened.append(ENGINES[name](file, cores))


def _run(asked: Sequence[str], size: int) -> None:
    _opened[0](asked, size)


def apart(name: str, file: Path, cores: int) -> Engine:
    """The engine in a process of its own."""
    process = ProcessPoolExecutor(1, get_context("spawn"), _open, (name, file, cores))
    return lambda asked, size: process.submit(_run, asked, size).result()


class Times(NamedTuple):
    """Median seconds: the first token, a whole answer, eight answers side by side."""

    first: float
    one: float
    many: float


def measured(engines: Mapping[str, Engine], asked: Sequence[str], size: int, rounds: int) -> dict[str, Times]:
    """The engines take turns in each round, so that whatever else the machine does meets all of them."""
    plan = [(asked[:1], 1), (asked[:1], size), (asked, size)]
    for engine in engines.values():
        engine(asked[:2], 2)
    took: dict[str, list[list[float]]] = {name: [[], [], []] for name in engines}
    for turn in range(rounds):
        fresh = [([f"{prompt[:-1]}{' ' * turn}\n" for prompt in part], length) for part, length in plan]
        for at, (part, length) in enumerate(fresh):
            for name, engine in engines.items():
                began = time.perf_counter()
                engine(part, length)
                took[name][at].append(time.perf_counter() - began)
                say(f"{name}: {len(part)} x {length} tokens in {took[name][at][-1]:.2f} s")
    return {name: Times(*map(median, columns)) for name, columns in took.items()}


def bandwidth(cores: int) -> float:
    """Bytes a second that sums over arrays larger than the caches read on so many cores, the best of a few."""
    held = [np.ones(1 << 26, dtype=np.float32) for _ in range(cores)]
    best = 0.0
    with ThreadPoolExecutor(cores) as pool:
        for _ in range(6):
            began = time.perf_counter()
            list(pool.map(np.sum, held))
            best = max(best, sum(one.nbytes for one in held) / (time.perf_counter() - began))
    return best


def main(arguments: Sequence[str]) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--cores", type=int, default=2)
    chosen = options.parse_args(arguments)
    folder = prepare(CACHE)
    asked = prompts(Tokens.load(folder))
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "published.gguf"
        weights.assemble(file)
        engines = {name: apart(name, file, chosen.cores) for name in ENGINES}
        found = measured(engines, asked, chosen.tokens, chosen.rounds)
    read = (folder / BLOCKS).stat().st_size + len(np.load(folder / SERVED)) * weights.HIDDEN
    report(found, chosen.tokens, read, bandwidth(chosen.cores))


def report(found: Mapping[str, Times], size: int, read: int, reach: float) -> None:
    """`read` are the bytes of weights that a step takes, `reach` those that memory gives in a second."""
    mine, plain = found["ours"], found["ours without guesses"]
    for name, times in found.items():
        say(
            f"{name}: first token {1000 * times.first:.0f} ms, answer {times.one:.2f} s,"
            f" {(size - 1) / (times.one - times.first):.0f} tokens/s, eight {times.many:.2f} s"
        )
    for name, times in list(found.items())[1:]:
        say(
            f"ours / {name}: one answer {mine.one / times.one:.2f} of the time,"
            f" eight {times.many / mine.many:.2f} times the throughput"
        )
    share = read * (size - 1) / (plain.one - plain.first) / reach
    say(
        f"ours without guesses: {read / 1e6:.0f} MB of weights a token,"
        f" {share:.0%} of the {reach / 1e9:.1f} GB/s that memory gives"
    )


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
