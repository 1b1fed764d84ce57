"""Makes `adapter/peaks.npz`: how loud each entry gets of what the matrices read, over our own passages.

    python -m bot.lm.listening CACHE_FOLDER bot/lm/adapter/peaks.npz

CACHE_FOLDER is where the models are prepared. Two minutes. With new peaks, FORMAT in `cache.py` is to be raised.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bot.lm import adapter
from bot.lm.cache import prepare
from bot.lm.evening import Peaks
from bot.lm.mixture import ours
from bot.lm.tokens import BOS, Tokens
from bot.lm.torch_model import published
from bot.lm.weights import LAYERS

PASSAGES = 64
_READERS = {"qkv": "self_attn.q_proj", "o": "self_attn.o_proj", "gate_up": "mlp.gate_proj", "down": "mlp.down_proj"}


def measured(model: Any, prompts: list[list[int]]) -> Peaks:
    """The peaks of transformers' model over prompts, each with the start token: of each prompt, then their mean.

    The start token is left out: it is louder than all others, and what is made of it matters to none.
    """
    found: dict[str, list[torch.Tensor]] = {name: [torch.zeros(())] * LAYERS for name in _READERS}
    found["output"] = [torch.zeros(())]

    def listen(module: torch.nn.Module, name: str, number: int) -> None:
        def hear(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            found[name][number] = found[name][number] + inputs[0][0, 1:].abs().amax(0)

        module.register_forward_pre_hook(hear)

    for number, layer in enumerate(model.model.layers):
        for name, part in _READERS.items():
            listen(layer.get_submodule(part), name, number)
    listen(model.lm_head, "output", 0)
    with torch.inference_mode():
        for prompt in prompts:
            model(input_ids=torch.tensor([prompt]))
    rows = {name: (torch.stack(of) / len(prompts)).half().numpy() for name, of in found.items()}
    return rows | {"output": rows["output"][0]}


def main(cache: str, out: str) -> None:
    tokens = Tokens.load(prepare(Path(cache)))
    passages = ours("train")
    asked = [one.prompt(one.asks[at % len(one.asks)]) for at, one in enumerate(passages[:: len(passages) // PASSAGES])]
    model = published(adapter.shipped(), device="cpu", dtype=torch.float32)
    np.savez_compressed(out, **measured(model, [[BOS, *tokens.ids(prompt)] for prompt in asked]))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
