"""The published encoder, plain or with what it was taught, as a CTranslate2 folder in int8, made once in the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from tokenizers import Tokenizer

from bot.lm.convert import quantise
from bot.lm.folders import Recipe, made
from bot.lm.types import Progress, silent
from bot.witness import taught
from bot.witness.packed_file import SHA256, Floats, PackedFile, published
from bot.witness.pieces import kept, tokenizer_of

FORMAT = 1
"""Grows whenever the conversion writes something else."""
HEADS = "heads.safetensors"
EPSILON = 1e-12


class Prepared(NamedTuple):
    """One of our encoders: the folder's name, the sha256 of what it is made of, and what it was taught."""

    name: str
    sums: dict[str, str | None]
    change: Callable[[], taught.Taught]

    def folder_in(self, cache: Path) -> Path:
        """Where it lies, whether it is there yet or not."""
        return cache / self.name

    def prepare(self, cache: Path, *, progress: Progress = silent, verify: bool = False) -> Path:
        """Its folder, ready to run; made at the first call.

        It holds model.bin, config.json and vocabulary.json (CTranslate2), tokenizer.json, manifest.json, and
        heads.safetensors if heads were taught. Raises ModelError as `bot.lm.folders.made` does, and when the package or
        what was taught is missing or another.
        """
        return made(cache, Recipe(self.name, self.sums, self._write), progress=progress, verify=verify)

    def _write(self, rough: Path, progress: Progress) -> None:
        progress("reading the encoder", 0.0)
        convert(published(), self.change(), rough)
        progress("reading the encoder", 1.0)


WITNESS = Prepared(
    f"e5-small-witness-{taught.SHA256[:8]}-v{FORMAT}", {"model": SHA256, "taught": taught.SHA256}, taught.shipped
)
PLAIN = Prepared(f"e5-small-v{FORMAT}", {"model": SHA256}, taught.Taught.nothing)


def vocabulary(source: PackedFile) -> tuple[list[int], list[str], Tokenizer]:
    """The ids of the kept pieces, the pieces, and their tokenizer."""
    ids = kept(source.pieces)
    pieces = [source.pieces[id_] for id_ in ids]
    return ids, pieces, tokenizer_of(pieces, [source.scores[id_] for id_ in ids])


def convert(source: PackedFile, change: taught.Taught, folder: Path) -> None:
    """Writes all files but the manifest."""
    ids, pieces, tokenizer = vocabulary(source)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    spec = _specification(source)
    _Filler(source, change).fill(spec.encoder, ids)
    spec.register_vocabulary(pieces)
    spec.config.unk_token, spec.config.layer_norm_epsilon = "<unk>", EPSILON
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    if change.heads:
        safetensors.numpy.save_file(change.heads, folder / HEADS)


def _specification(source: PackedFile) -> Any:
    from ctranslate2.specs import common_spec, transformer_spec

    encoder = transformer_spec.TransformerEncoderSpec(
        source.sizes.blocks,
        source.sizes.heads,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
    )
    encoder.scale_embeddings = False
    return transformer_spec.TransformerEncoderModelSpec(encoder)


class _Filler:
    """Puts the changed tensors into a specification."""

    def __init__(self, source: PackedFile, change: taught.Taught) -> None:
        self._source = source
        self._change = change

    def fill(self, encoder: Any, ids: list[int]) -> None:
        """All of it; `ids` are the kept rows of the token matrix."""
        width = self._source.sizes.width
        tokens = self._source.tensor("emb.word").reshape(-1, width)[ids]
        encoder.embeddings[0].weight, encoder.embeddings[0].weight_scale = quantise(tokens)
        # Both texts are of the first kind of segment, so that its vector belongs to every position.
        segment = self._vector("emb.type").reshape(-1, width)[0]
        encoder.position_encodings.encodings = self._vector("emb.pos").reshape(-1, width) + segment
        self._norm(encoder.layernorm_embedding, "emb.ln")
        for number, layer in enumerate(encoder.layer):
            self._block(layer, f"l{number}")

    def _block(self, layer: Any, name: str) -> None:
        attention, inner = layer.self_attention, layer.ffn
        self._linear(attention.linear[0], *(f"{name}.{part}" for part in "qkv"))
        self._linear(attention.linear[1], f"{name}.ao")
        self._norm(attention.layer_norm, f"{name}.aln")
        self._linear(inner.linear_0, f"{name}.fi")
        self._linear(inner.linear_1, f"{name}.fo")
        self._norm(inner.layer_norm, f"{name}.oln")

    def _vector(self, name: str) -> Floats:
        return self._change.vector(name, self._source.tensor(name))

    def _linear(self, spec: Any, *names: str) -> None:
        """One linear layer; several names are laid one under the other."""
        spec.bias = np.concatenate([self._vector(f"{name}.b") for name in names])
        rows = [self._change.matrix(f"{name}.w", self._source.matrix(f"{name}.w")) for name in names]
        spec.weight, spec.weight_scale = quantise(np.concatenate(rows))

    def _norm(self, spec: Any, name: str) -> None:
        spec.gamma, spec.beta = self._vector(f"{name}.w"), self._vector(f"{name}.b")
