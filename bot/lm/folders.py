"""A prepared model's folder in the cache: made once, checked at every start, never taken for done before it is.

It is made beside its place under a file lock and renamed when all of it is written, the manifest last.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from bot.lm.types import ModelError, Progress, silent

MANIFEST = "manifest.json"


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a folder comes about. `sums` are the sha256 of what it is made of, for the manifest."""

    name: str
    sums: dict[str, str | None]
    write: Callable[[Path, Progress], None]
    """Writes all files but the manifest; raises ModelError when what they are made of is missing."""


def made(cache: Path, recipe: Recipe, *, progress: Progress = silent, verify: bool = False) -> Path:
    """The folder of a recipe, made at the first call and checked (see `check`) at every one.

    Raises ModelError when it cannot be made, the disk refuses, or the folder is corrupt.
    """
    folder = cache / recipe.name
    if not folder.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f"{folder.name}.lock"):
                if not folder.exists():
                    _make(folder, recipe, progress)
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
        if file.stat().st_size != expected["size"] or (verify and sha256(file) != expected["sha256"]):
            raise ModelError(f"the model's file {file} is corrupt; {mend}")


def _make(folder: Path, recipe: Recipe, progress: Progress) -> None:
    for abandoned in folder.parent.glob(f"{folder.name}.*/"):
        # The lock is held, so whoever made this is dead.
        shutil.rmtree(abandoned, ignore_errors=True)
    rough = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        recipe.write(rough, progress)
        _manifest(rough, recipe, progress)
        rough.chmod(0o755)
        rough.rename(folder)
    finally:
        shutil.rmtree(rough, ignore_errors=True)


def _manifest(folder: Path, recipe: Recipe, progress: Progress) -> None:
    files = sorted(folder.iterdir())
    listed = {}
    for done, file in enumerate(files, 1):
        listed[file.name] = {"size": file.stat().st_size, "sha256": sha256(file)}
        progress("checking the files", done / len(files))
    (folder / MANIFEST).write_text(json.dumps({**recipe.sums, "files": listed}, indent=1), "utf-8")
