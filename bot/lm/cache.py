"""The default model's folder in the cache. Its name holds the model, the adapter and the format, so a new adapter makes
a new folder.
"""

from __future__ import annotations

from pathlib import Path

from bot.lm import adapter, tokens, weights
from bot.lm.convert import convert
from bot.lm.folders import Recipe, made
from bot.lm.types import Progress, silent

MODEL = "gemma-3-270m"
FORMAT = 4
"""Grows whenever the conversion writes something else."""


def _kind() -> str:
    """The adapter's part of the folder's name. The pinned sum, not the file's: starting must not hash."""
    return adapter.SHA256[:8] if adapter.FILE.is_file() else "plain"


def folder_in(cache: Path) -> Path:
    """Where the default model lies, whether it is there yet or not."""
    return cache / f"{MODEL}-{_kind()}-v{FORMAT}"


def prepare(cache: Path, *, progress: Progress = silent, verify: bool = False) -> Path:
    """The folder of the default model, ready to run; made at the first call.

    It holds blocks.safetensors and served.npy (see convert.py), tokenizer.json, embeddings.npy with
    embedding_scales.npy (see vectors.py) and manifest.json. A later call checks names and sizes; `verify` the sha256 of
    every file too. Raises ModelError when the package is missing, the disk refuses, or the folder is corrupt.
    """
    sums = {"model": weights.SHA256, "adapter": adapter.SHA256 if adapter.FILE.is_file() else None}
    return made(cache, Recipe(folder_in(cache).name, sums, _write), progress=progress, verify=verify)


def _write(rough: Path, progress: Progress) -> None:
    change = adapter.shipped()
    progress("assembling the weights", 0.0)
    with weights.published(rough) as source:
        progress("assembling the weights", 1.0)
        pieces, scores, kinds = source.vocabulary()
        tokens.write(pieces, scores, kinds, rough / "tokenizer.json")
        convert(source, change, pieces, rough, progress)
