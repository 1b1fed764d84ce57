"""How fast the model answers beside llama.cpp and transformers: the same prompts, the same published weights.

    pip install -e '.[bench]'   # llama.cpp
    python -m tests.benchmarks.lm_speed [--tokens 64] [--rounds 3] [--cores 2]

Each engine writes exactly so many tokens after prompts of some 250: one request at a time, then eight side by side.
Ours is int8 on CTranslate2 as it serves (with the shipped adapter), llama.cpp reads the published Q4_K_M file,
transformers runs bf16. Ratios are of one run on one machine. The share of the memory's bandwidth is the bytes of the
weights that a token needs, over the time that it took, over what a sum over a large array reaches.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bot.knowledge.passages import blocks
from bot.knowledge.reading import read_folder
from bot.lm import weights
from bot.lm.cache import prepare
from bot.lm.prompt import parted, reading
from bot.lm.tokens import BOS, Tokens

SAMPLE = Path(__file__).parent.parent.parent / "bot/sample/knowledge"
SIDE_BY_SIDE = 8
LENGTH = 250

Engine = Callable[[Sequence[str], int], None]
"""Answers prompts with so many tokens each; several prompts at once where it can."""


def prompts(tokens: Tokens) -> list[str]:
    """SIDE_BY_SIDE prompts of about LENGTH tokens, from the sample community's documents."""
    found = []
    for document in read_folder(SAMPLE).documents[:SIDE_BY_SIDE]:
        text = " ".join(block.text for block in blocks(document.text)) * 9
        size = len(text)
        while len(tokens.ids(reading("How long does it take?", document.title, text[:size]))) > LENGTH:
            size -= 10
        found.append(reading("How long does it take?", document.title, text[:size]))
    return found


def ours(folder: Path, cores: int) -> Engine:
    import ctranslate2

    tokens = Tokens.load(folder)
    generator = ctranslate2.Generator(str(folder), device="cpu", compute_type="int8", intra_threads=cores)

    def run(asked: Sequence[str], size: int) -> None:
        for prompt in asked:
            passage, question = parted(prompt)
            head = [tokens.piece(token) for token in (BOS, *tokens.ids(passage))]
            tail = [tokens.piece(token) for token in tokens.ids(question)]
            generator.generate_batch(
                [head + tail], include_prompt_in_result=False, max_length=size, min_length=size, end_token=["<eos>"]
            )

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


def transformers(folder: Path, cores: int) -> Engine:
    import torch

    from bot.lm import adapter, torch_model

    torch.set_num_threads(cores)
    tokens = Tokens.load(folder)
    model: Any = torch_model.published(adapter.shipped(), device="cpu", dtype=torch.bfloat16)

    def run(asked: Sequence[str], size: int) -> None:
        rows = [[BOS, *tokens.ids(prompt)] for prompt in asked]
        width = max(map(len, rows))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        with torch.inference_mode():
            model.generate(ids, attention_mask=mask, do_sample=False, min_new_tokens=size, max_new_tokens=size)

    return run


def timed(engine: Engine, asked: Sequence[str], size: int, rounds: int) -> float:
    """The median seconds of a round; the first, which warms up, is not counted."""
    took = []
    for turn in range(rounds + 1):
        began = time.perf_counter()
        engine([f"{prompt[:-1]}{' ' * turn}\n" for prompt in asked], size)
        took.append(time.perf_counter() - began)
    return median(took[1:])


def bandwidth() -> float:
    """Bytes a second that a sum over an array larger than the caches reads on one core, the best of a few."""
    held = np.ones(1 << 27, dtype=np.float32)
    best = 0.0
    for _ in range(4):
        began = time.perf_counter()
        held.sum()
        best = max(best, held.nbytes / (time.perf_counter() - began))
    return best


def main(arguments: Sequence[str]) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--cores", type=int, default=2)
    chosen = options.parse_args(arguments)
    folder = prepare(Path.home() / ".cache" / "xiaoer")
    asked = prompts(Tokens.load(folder))
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "published.gguf"
        weights.assemble(file)
        made: dict[str, Callable[[], Engine]] = {
            "ours": lambda: ours(folder, chosen.cores),
            "llama.cpp": lambda: llama_cpp(file, chosen.cores),
            "transformers": lambda: transformers(folder, chosen.cores),
        }
        found = {name: _measured(name, make, asked, chosen) for name, make in made.items()}
    one, many, step = found["ours"]
    for name, (alone, together, _) in found.items():
        say(
            f"ours / {name}: one answer {one / alone:.2f} of the time, eight {together / many:.2f} times the throughput"
        )
    size = (folder / "model.bin").stat().st_size - weights.VOCABULARY * weights.HIDDEN
    say(f"ours: {size / step / bandwidth():.0%} of one core's memory bandwidth while writing")


def _measured(
    name: str, make: Callable[[], Engine], asked: Sequence[str], chosen: argparse.Namespace
) -> tuple[float, float, float]:
    """Seconds for one answer, for all side by side, and for one further token."""
    engine = make()
    one = timed(engine, asked[:1], chosen.tokens, chosen.rounds)
    first = timed(engine, asked[:1], 1, chosen.rounds)
    many = timed(engine, asked, chosen.tokens, chosen.rounds)
    step = (one - first) / (chosen.tokens - 1)
    say(f"{name}: first token {1000 * first:.0f} ms, answer {one:.2f} s, {1 / step:.0f} tokens/s, eight {many:.2f} s")
    return one, many, step


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
