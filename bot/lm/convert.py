"""Published weights (with an adapter merged in) to a CTranslate2 folder in int8.

CTranslate2's own converter wants a loaded transformers model: 3.3 GB. This fills the same specification tensor by
tensor. One int8 scale per row: weight = int8 / scale. The tokens that may be written come first, in the order of
`vocabulary.py`; the output matrix holds those alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.lm import weights
from bot.lm.adapter import Adapter
from bot.lm.types import Progress
from bot.lm.vocabulary import order
from bot.lm.weights import Floats, Weights

_PEAK = 127.0
_ROWS = 1 << 14


def quantise(rows: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """int8 rows and what each row was multiplied with."""
    peak = np.abs(rows).max(axis=1)
    scale = (_PEAK / np.where(peak == 0, _PEAK, peak)).astype(np.float32)
    return np.rint(rows * scale[:, None]).astype(np.int8), scale


def embeddings(source: Weights, progress: Progress) -> tuple[npt.NDArray[np.int8], Floats]:
    """The token embeddings in int8, [VOCABULARY, HIDDEN], with their scales, [VOCABULARY]."""
    matrix = np.empty((weights.VOCABULARY, weights.HIDDEN), dtype=np.int8)
    scales = np.empty(weights.VOCABULARY, dtype=np.float32)
    for start in range(0, weights.VOCABULARY, _ROWS):
        stop = min(start + _ROWS, weights.VOCABULARY)
        matrix[start:stop], scales[start:stop] = quantise(source.embedding_rows(start, stop))
        progress("reading the vocabulary", stop / weights.VOCABULARY)
    return matrix, scales


def _specification() -> Any:
    from ctranslate2.specs import common_spec, transformer_spec

    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        weights.LAYERS,
        weights.HEADS,
        activation=common_spec.Activation.GELUTanh,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=weights.HEAD,
        rotary_interleave=False,
        rotary_base=weights.ROPE_LOCAL,
        num_heads_kv=weights.KEY_HEADS,
        head_dim=weights.HEAD,
        sliding_window=weights.WINDOW,
        pre_post_layer_norm=True,
        qk_norm=True,
    )
    for index, layer in enumerate(spec.decoder.layer):
        full = weights.is_full(index)
        layer.self_attention.rotary_base = np.float32(weights.ROPE_FULL if full else weights.ROPE_LOCAL)
        layer.self_attention.sliding_window = np.int32(0 if full else weights.WINDOW)
    return spec


class _Filler:
    """Puts the tensors of one source, changed by one adapter, into a specification."""

    def __init__(self, source: Weights, adapter: Adapter | None) -> None:
        self._source = source
        self._adapter = adapter

    def _matrix(self, name: str) -> Floats:
        matrix = self._source.tensor(f"{name}.weight")
        change = self._adapter.change(f"{name}.weight") if self._adapter else None
        return matrix if change is None else matrix + change

    def linear(self, spec: Any, *names: str) -> None:
        """One linear layer; several names are laid one under the other."""
        spec.weight, spec.weight_scale = quantise(np.concatenate([self._matrix(name) for name in names]))

    def norm(self, spec: Any, name: str) -> None:
        spec.gamma = self._source.tensor(f"{name}.weight")
        spec.layer_norm_use_residual = True

    def layer(self, spec: Any, index: int) -> None:
        at = f"layers.{index}"
        self.norm(spec.input_layer_norm, f"{at}.input_layernorm")
        self.norm(spec.post_attention_layer_norm, f"{at}.post_attention_layernorm")
        self.norm(spec.pre_feedforward_layer_norm, f"{at}.pre_feedforward_layernorm")
        self.norm(spec.post_feedforward_layer_norm, f"{at}.post_feedforward_layernorm")
        attention = spec.self_attention
        self.norm(attention.q_norm, f"{at}.self_attn.q_norm")
        self.norm(attention.k_norm, f"{at}.self_attn.k_norm")
        self.linear(attention.linear[0], *(f"{at}.self_attn.{part}_proj" for part in "qkv"))
        self.linear(attention.linear[1], f"{at}.self_attn.o_proj")
        self.linear(spec.ffn.linear_0, f"{at}.mlp.gate_proj")
        self.linear(spec.ffn.linear_0_noact, f"{at}.mlp.up_proj")
        self.linear(spec.ffn.linear_1, f"{at}.mlp.down_proj")


def convert(source: Weights, adapter: Adapter | None, pieces: list[str], folder: Path, progress: Progress) -> None:
    """Writes model.bin, config.json, vocabulary.json, embeddings.npy and embedding_scales.npy into a folder."""
    matrix, scales = embeddings(source, progress)
    np.save(folder / "embeddings.npy", matrix)
    np.save(folder / "embedding_scales.npy", 1 / scales)
    spec, filler = _specification(), _Filler(source, adapter)
    decoder = spec.decoder
    decoder.scale_embeddings = True
    decoder.start_from_zero_embedding = False
    ids, written = order(pieces)
    decoder.embeddings.weight, decoder.embeddings.weight_scale = matrix[ids], scales[ids]
    decoder.projection.weight, decoder.projection.weight_scale = matrix[ids[:written]], scales[ids[:written]]
    filler.norm(decoder.layer_norm, "norm")
    for index, layer in enumerate(decoder.layer):
        filler.layer(layer, index)
        progress("converting the layers", (index + 1) / weights.LAYERS)
    spec.register_vocabulary([pieces[id_] for id_ in ids])
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<bos>", "<eos>", "<unk>"
    spec.validate()
    spec.optimize()
    progress("writing the model", 0.0)
    spec.save(str(folder))
    progress("writing the model", 1.0)
