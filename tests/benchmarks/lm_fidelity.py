"""How far the model in int8 is from itself in float32: the next token's probabilities, over our own held-out passages.

    python -m tests.benchmarks.lm_fidelity [--prompts 12] [--tokens 40]

Of each prompt the last tokens are looked at: the end of the passage, the question, and where the answer begins. Prints
the Kullback-Leibler divergence over the tokens that may be written, and how often the same one is the likeliest.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import torch

from bot.lm import adapter, prepare
from bot.lm.cpu_model import CpuModel, Memory
from bot.lm.mixture import ours
from bot.lm.tokens import BOS, Tokens
from bot.lm.torch_model import published
from bot.lm.vectors import TokenVectors
from tests.bot.models import CACHE


def prompts(tokens: Tokens, count: int) -> list[list[int]]:
    """Held-out passages, evenly taken from all files, each with a question."""
    held = ours("dev")
    return [[BOS, *tokens.ids(one.prompt(one.asks[0]))] for one in held[:: max(1, len(held) // count)][:count]]


@torch.inference_mode()
def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=40)
    given = parser.parse_args(arguments)
    folder = prepare(CACHE)
    tokens = Tokens.load(folder)
    served = CpuModel(folder, TokenVectors(folder, tokens))
    exact = published(adapter.shipped(), device="cpu", dtype=torch.float32)
    apart: list[float] = []
    same: list[bool] = []
    for ids in prompts(tokens, given.prompts):
        states = served.states([ids], [0], Memory.of(1, len(ids)), wanted=given.tokens)
        said = served.logits(states[0]).log_softmax(-1)
        logits = exact(input_ids=torch.tensor([ids]), logits_to_keep=given.tokens).logits[0]
        theirs = logits[:, torch.from_numpy(served.served).long()].log_softmax(-1)
        apart += (theirs.exp() * (theirs - said)).sum(-1).tolist()
        same += (theirs.argmax(-1) == said.argmax(-1)).tolist()
    print(  # noqa: T201
        f"{len(apart)} tokens: divergence {np.mean(apart):.4f} mean, {np.median(apart):.4f} median; "
        f"the same token is the likeliest for {np.mean(same):.3f}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
