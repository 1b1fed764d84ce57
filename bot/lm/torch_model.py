"""Models as transformers runs them: the published weights, straight from their GGUF file, or any of a hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.lm import weights
from bot.lm.adapter import Adapter
from bot.lm.tokens import Tokens
from bot.lm.types import ModelError

if TYPE_CHECKING:
    import torch

_PREFIX = "model."


def configuration() -> Any:
    """Gemma 3 270M for transformers."""
    from transformers import Gemma3TextConfig

    return Gemma3TextConfig(
        vocab_size=weights.VOCABULARY,
        hidden_size=weights.HIDDEN,
        intermediate_size=weights.INNER,
        num_hidden_layers=weights.LAYERS,
        num_attention_heads=weights.HEADS,
        num_key_value_heads=weights.KEY_HEADS,
        head_dim=weights.HEAD,
        query_pre_attn_scalar=weights.HEAD,
        sliding_window=weights.WINDOW,
        layer_types=[
            "full_attention" if weights.is_full(layer) else "sliding_attention" for layer in range(weights.LAYERS)
        ],
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": weights.ROPE_FULL},
            "sliding_attention": {"rope_type": "default", "rope_theta": weights.ROPE_LOCAL},
        },
        tie_word_embeddings=True,
    )


def halved(device: str) -> bool:
    """Whether bfloat16 is faster there: a CPU that must imitate it takes many times as long as in float32."""
    import torch

    return device == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def published(adapter: Adapter | None, *, device: str, dtype: torch.dtype) -> Any:
    """The published model with an adapter merged in, ready to run; raises ModelError when the package is missing."""
    import torch
    from transformers import Gemma3ForCausalLM

    with torch.device("meta"):
        model = Gemma3ForCausalLM(configuration())
    state: dict[str, torch.Tensor] = {}
    with tempfile.TemporaryDirectory() as folder, weights.published(Path(folder)) as source:
        for name in source.names():
            tensor = torch.from_numpy(source.tensor(name))
            change = adapter.change(name) if adapter else None
            if change is not None:
                tensor += torch.from_numpy(change)
            state[_PREFIX + name] = tensor.to(device=device, dtype=dtype)
    model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    _fill_rotary(model, device)
    return model.eval()


def _fill_rotary(model: Any, device: str) -> None:
    """The rotary tables are computed, not loaded: a model born on `meta` has none yet."""
    from transformers.models.gemma3.modeling_gemma3 import Gemma3RotaryEmbedding

    model.model.rotary_emb = Gemma3RotaryEmbedding(model.config, device=device)
    embed = model.model.embed_tokens
    embed.embed_scale = embed.weight.new_tensor(embed.scalar_embed_scale)


def hub(name: str, *, device: str, dtype: torch.dtype) -> tuple[Any, Tokens]:
    """A causal model of a Hugging Face folder or hub, and its tokens; raises ModelError when it cannot be loaded."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = Path(name).expanduser()
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder if folder.is_dir() else name, dtype=dtype)
        if (folder / "tokenizer.json").is_file():
            return model.to(device).eval(), Tokens.load(folder)
        return model.to(device).eval(), Tokens(AutoTokenizer.from_pretrained(name).backend_tokenizer)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        first = str(error).strip().splitlines()[:1]
        raise ModelError(
            f"LM_MODEL={name} cannot be loaded by transformers ({first}); name a hub model, a folder with config.json, "
            "*.safetensors and tokenizer.json, or leave it empty for the default"
        ) from error
