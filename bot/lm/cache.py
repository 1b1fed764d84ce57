"""The model's folder in the cache: made once, checked at every start, never taken for done before it is.

A folder's name holds the model, the adapter and the format, so a new adapter makes a new folder. It is made beside its
place under a file lock and renamed when all of it is written, the manifest last.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock

from bot.lm import adapter, tokens, weights
from bot.lm.convert import convert
from bot.lm.types import ModelError, Progress, silent

MODEL = "gemma-3-270m"
FORMAT = 2
"""Grows whenever the conversion writes something else."""
MANIFEST = "manifest.json"


def _kind() -> str:
    """The adapter's part of the folder's name. The pinned sum, not the file's: starting must not hash."""
    return adapter.SHA256[:8] if adapter.FILE.is_file() else "plain"


def folder_in(cache: Path) -> Path:
    """Where the default model lies, whether it is there yet or not."""
    return cache / f"{MODEL}-{_kind()}-v{FORMAT}"


def prepare(cache: Path, *, progress: Progress = silent, verify: bool = False) -> Path:
    """The folder of the default model, ready to run; made at the first call.

    It holds model.bin, config.json and vocabulary.json (CTranslate2), tokenizer.json, embeddings.npy with
    embedding_scales.npy (see vectors.py) and manifest.json. A later call checks names and sizes; `verify` the sha256 of
    every file too. Raises ModelError when the package is missing, the disk refuses, or the folder is corrupt.
    """
    folder = folder_in(cache)
    if not folder.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f"{folder.name}.lock"):
                if not folder.exists():
                    _make(folder, progress)
        except OSError as error:
            raise ModelError(
                f"the model cannot be written to {cache} ({error}); free 1 GB there or set another cache folder"
            ) from error
    check(folder, verify=verify)
    return folder


def check(folder: Path, *, verify: bool = False) -> None:
    """Raises ModelError when a file of the folder is missing or has another size (with `verify`, another sha256)."""
    mend = f"delete {folder} and run `xiaoer run` again"
    try:
        files: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the model's {folder / MANIFEST} cannot be read ({error}); {mend}") from error
    for name, expected in files.items():
        file = folder / name
        if not file.is_file():
            raise ModelError(f"the model's file {file} is missing; {mend}")
        if file.stat().st_size != expected["size"] or (verify and adapter.sha256(file) != expected["sha256"]):
            raise ModelError(f"the model's file {file} is corrupt; {mend}")


def _make(folder: Path, progress: Progress) -> None:
    change = adapter.shipped()
    for abandoned in folder.parent.glob(f"{folder.name}.*/"):
        # The lock is held, so whoever made this is dead.
        shutil.rmtree(abandoned, ignore_errors=True)
    rough = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        progress("assembling the weights", 0.0)
        with weights.published(rough) as source:
            progress("assembling the weights", 1.0)
            pieces, scores, kinds = source.vocabulary()
            tokens.write(pieces, scores, kinds, rough / "tokenizer.json")
            convert(source, change, pieces, rough, progress)
        _manifest(rough, progress)
        rough.chmod(0o755)
        rough.rename(folder)
    finally:
        shutil.rmtree(rough, ignore_errors=True)


def _manifest(folder: Path, progress: Progress) -> None:
    files = sorted(folder.iterdir())
    listed = {}
    for done, file in enumerate(files, 1):
        listed[file.name] = {"size": file.stat().st_size, "sha256": adapter.sha256(file)}
        progress("checking the files", done / len(files))
    sums = {"model": weights.SHA256, "adapter": adapter.SHA256 if adapter.FILE.is_file() else None, "files": listed}
    (folder / MANIFEST).write_text(json.dumps(sums, indent=1), "utf-8")
