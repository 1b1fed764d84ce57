"""A model of the product's kind with few weights, and tokens without a vocabulary file."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, models
from transformers import Gemma3ForCausalLM

from bot.lm.tokens import Tokens
from bot.lm.torch_model import configuration

VOCABULARY = 64


class Letters(Tokens):
    """A token for each letter; many letters share one."""

    def __init__(self) -> None:
        super().__init__(Tokenizer(models.BPE()))

    def ids(self, text: str) -> list[int]:
        return [3 + ord(letter) % (VOCABULARY - 3) for letter in text]


def tiny() -> Any:
    """Two layers, the same weights each time."""
    shape = configuration()
    shape.vocab_size, shape.hidden_size, shape.intermediate_size, shape.head_dim = VOCABULARY, 16, 32, 8
    shape.num_hidden_layers, shape.layer_types = 2, ["sliding_attention", "full_attention"]
    torch.manual_seed(1)
    model = Gemma3ForCausalLM(shape)
    torch.nn.init.normal_(model.model.embed_tokens.weight)
    return model
