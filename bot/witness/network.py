"""The witness in torch, for teaching: the published encoder with its two heads, and what was learned as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from bot.lm.torch_model import halved
from bot.witness.convert import EPSILON
from bot.witness.packed_file import Floats, PackedFile
from bot.witness.taught import Taught

RANK = 64
"""Of the low-rank changes: three quarters of what full matrices would weigh are saved."""
HALVED = halved("cpu")
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}


def is_matrix(name: str) -> bool:
    """Whether a tensor is the matrix of a linear layer, whose change is kept in low rank."""
    return name.rpartition(".")[0].partition(".")[2] in ("q", "k", "v", "ao", "fi", "fo") and name.endswith(".w")


def names(blocks: int) -> dict[str, str]:
    """The packed file's name of every tensor that is taught, by the name that transformers gives it."""
    found = {f"embeddings.{theirs}": ours for ours, theirs in _EMBEDDINGS.items()}
    for number in range(blocks):
        for ours, theirs in _PARTS.items():
            for kind, letter in (("weight", "w"), ("bias", "b")):
                found[f"encoder.layer.{number}.{theirs}.{kind}"] = f"l{number}.{ours}.{letter}"
    return found


class Network(nn.Module):
    """The encoder with its heads; the token embeddings stay as they were published."""

    def __init__(self, source: PackedFile, ids: Sequence[int]) -> None:
        """`ids` are the rows of the token matrix that are kept."""
        super().__init__()
        sizes = source.sizes
        configuration = BertConfig(
            vocab_size=len(ids),
            hidden_size=sizes.width,
            num_hidden_layers=sizes.blocks,
            num_attention_heads=sizes.heads,
            intermediate_size=sizes.inner,
            max_position_embeddings=sizes.positions,
            type_vocab_size=sizes.segments,
            layer_norm_eps=EPSILON,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            attn_implementation="eager" if HALVED else "sdpa",  # the faster one backward, on a CPU
        )
        self.encoder = BertModel(configuration, add_pooling_layer=False)
        self.published = names(sizes.blocks)
        state = self.encoder.state_dict()
        for theirs, ours in self.published.items():
            state[theirs].copy_(torch.from_numpy(source.tensor(ours)).reshape(state[theirs].shape))
        tokens = self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        tokens.copy_(torch.from_numpy(source.tensor("emb.word").reshape(-1, sizes.width)[ids]))
        self.ends = nn.Linear(sizes.width, 2)
        self.says = nn.Linear(sizes.width, 1)
        for head in (self.ends, self.says):
            nn.init.normal_(head.weight, std=0.02)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """From ids and mask, [rows, tokens], the logits of the ends, [rows, tokens, 2], and of saying, [rows]."""
        states = self.encoder(ids, attention_mask=mask).last_hidden_state
        return self.ends(states).float(), self.says(states[:, 0]).float()[:, 0]

    def learned(self, frozen: int = 0) -> list[nn.Parameter]:
        """What is taught; of the encoder nothing before its block `frozen`, if that is not 0."""
        if frozen:
            for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:frozen]):
                part.requires_grad_(False)
        return [one for one in self.parameters() if one.requires_grad]

    def take_up(self, source: PackedFile, earlier: Taught) -> None:
        """Goes on from what was taught before."""
        state = self.encoder.state_dict()
        for theirs, ours in self.published.items():
            shape = state[theirs].shape
            low = is_matrix(ours)
            taught = earlier.matrix(ours, source.matrix(ours)) if low else earlier.vector(ours, source.tensor(ours))
            state[theirs].copy_(torch.from_numpy(taught).reshape(shape))
        for head, name in ((self.ends, "ends"), (self.says, "says")):
            head.weight.data.copy_(torch.from_numpy(earlier.heads[f"{name}.w"]).reshape(head.weight.shape))
            head.bias.data.copy_(torch.from_numpy(earlier.heads[f"{name}.b"]))


def save(network: Network, source: PackedFile, out: Path, note: dict[str, str]) -> None:
    """Writes what was learned as float16 safetensors, in one rename: matrices as their best change of rank RANK."""
    kept: dict[str, Floats] = {}
    state = network.encoder.state_dict()
    for theirs, ours in network.published.items():
        now = state[theirs].float().numpy()
        change = now - source.tensor(ours).reshape(now.shape)
        if is_matrix(ours):
            kept[f"{ours}.up"], kept[f"{ours}.down"] = low_rank(change)
        else:
            kept[ours] = change
    for name, head in (("ends", network.ends), ("says", network.says)):
        weight = head.weight.detach().numpy()
        kept[f"{name}.w"] = weight[0] if len(weight) == 1 else weight
        kept[f"{name}.b"] = head.bias.detach().numpy()
    rough = out.with_suffix(".part")
    save_file({name: np.ascontiguousarray(one, dtype=np.float16) for name, one in kept.items()}, rough, metadata=note)
    rough.replace(out)


def low_rank(change: Floats) -> tuple[Floats, Floats]:
    """The nearest product up @ down of rank RANK (Eckart and Young 1936), each half of the singular values."""
    left, values, right = np.linalg.svd(change, full_matrices=False)
    half = np.sqrt(values[:RANK])
    return left[:, :RANK] * half, half[:, None] * right[:RANK]
