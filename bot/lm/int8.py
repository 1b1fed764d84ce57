"""Linear layers in int8 by FBGEMM, which torch brings along: the weights are packed once, a row's scale is its own.

CTranslate2 packs its weights at each call on a processor without VNNI, which makes one token cost 60 to 100 ms there;
this costs 30. Where torch has no FBGEMM (ARM), the weights are float32.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

PEAK = 127
"""What the largest number of a row becomes. Without VNNI, FBGEMM adds two products in 16 bits; 7 bits would never
overflow there, but cost several times more of what the model knows than the rare overflow."""
_ZERO = PEAK + 1
_SMALLEST = 1e-9

Linear = Callable[[Tensor], Tensor]


def linear(weight: npt.NDArray[np.int8], scale: npt.NDArray[np.float32]) -> Linear:
    """From int8 rows, [out, in], and what an entry of each is worth, [out], the layer: [..., in] to [..., out]."""
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        matrix = torch.from_numpy(weight.astype(np.float32) * scale[:, None])
        return lambda states: functional.linear(states, matrix)
    packed = _packed(weight, scale)

    def layer(states: Tensor) -> Tensor:
        peaks = states.abs().amax(-1, keepdim=True).clamp_(min=_SMALLEST).div_(PEAK)
        told: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            states / peaks, 1.0, _ZERO, packed
        )
        return told.mul_(peaks)

    return layer


def linear_beside(weight: npt.NDArray[np.int8], scale: npt.NDArray[np.float32], loud: npt.NDArray[np.int64]) -> Linear:
    """The same for inputs with a few entries far louder than the rest, which are read in float32 beside it."""
    entries, own = torch.from_numpy(loud), torch.from_numpy(weight[:, loud] * scale[:, None])
    quiet = weight.copy()
    quiet[:, loud] = 0
    layer = linear(quiet, scale)
    return lambda states: layer(states.index_fill(-1, entries, 0)).add_(functional.linear(states[..., entries], own))


def _packed(weight: npt.NDArray[np.int8], scale: npt.NDArray[np.float32]) -> object:
    before, torch.backends.quantized.engine = torch.backends.quantized.engine, "fbgemm"
    try:
        with warnings.catch_warnings():
            # The way in is to leave torch after 2.13, which is pinned.
            warnings.filterwarnings("ignore", "torch.quantize_per_", UserWarning)
            rows = torch._make_per_channel_quantized_tensor(
                torch.from_numpy(weight), torch.from_numpy(scale).double(), torch.zeros(len(scale), dtype=torch.long), 0
            )
            return torch.ops.quantized.linear_prepack(rows, None)
    finally:
        torch.backends.quantized.engine = before
