"""A process of its own for what others made: PDF, Word and web pages are read there, within bounds of time and memory.

A file that makes a reader hang, fill the memory or break down costs that file, and not the bot.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from bot.knowledge.documents import FILE_BYTES, BadFileError, Raw

SECONDS = 30.0
"""How long one file may take."""
MEMORY = 2_000_000_000
"""Bytes of address space of the reading process."""


class Apart:
    """A reading process, started by the first file and again after one that ended it. A context manager."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def read(self, suffix: str, content: bytes) -> Raw:
        """What the file says. Raises BadFileError, also for one that takes too long or ends the process."""
        process = self._process = self._process or _started()
        clock = threading.Timer(self._seconds, process.kill)
        clock.start()
        began = time.monotonic()
        try:
            answer = _asked(process, suffix, content)
        finally:
            clock.cancel()
        if answer is None:
            self._end()
            late = time.monotonic() - began >= self._seconds
            raise _too_much(
                f"takes more than {self._seconds:g} seconds" if late else "damaged: its reader breaks down on it"
            )
        if "what" in answer:
            raise BadFileError(answer["what"], answer["mend"], answer["line"])
        return Raw(**answer)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()


def _too_much(what: str) -> BadFileError:
    return BadFileError(what, "save it again in a plainer form, or cut it into several files")


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this module, by this Python
        [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )


def _asked(process: subprocess.Popen[bytes], suffix: str, content: bytes) -> dict[str, Any] | None:
    """The process' answer, a line of JSON; None if it ended instead."""
    if not (process.stdin and process.stdout):
        return None
    try:
        process.stdin.write(f"{suffix} {len(content)}\n".encode() + content)
        process.stdin.flush()
        line = process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None
    except (OSError, ValueError):
        return None


def _readers() -> dict[str, Callable[[bytes], Raw]]:
    """Loaded in the reading process alone."""
    from bot.knowledge import reading_docx, reading_html, reading_pdf

    return {
        ".docx": reading_docx.read,
        ".pdf": reading_pdf.read,
        ".html": reading_html.read,
    }


def _answer(read: Callable[[bytes], Raw], content: bytes) -> dict[str, Any]:
    try:
        raw = read(content)
        if not raw.text.strip():
            raise BadFileError("no text", "write the document or delete the file")
        if len(raw.text) > FILE_BYTES:
            raise BadFileError(f"more than {FILE_BYTES // 1_000_000} million characters", "cut it into several files")
    except BadFileError as bad:
        return vars(bad)
    except (MemoryError, RecursionError):
        return vars(_too_much("larger or deeper than can be read"))
    return {**raw._asdict(), "text": raw.text.strip()}


def main() -> None:
    """The reading process: answers until there is nothing more to read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.setrecursionlimit(5000)
    out = os.dup(1)
    os.dup2(2, 1)  # what a reader prints is no answer
    readers = _readers()
    with os.fdopen(out, "wb") as told:
        while first := sys.stdin.buffer.readline():
            suffix, length = first.decode().split()
            answer = _answer(readers[suffix], sys.stdin.buffer.read(int(length)))
            told.write(json.dumps(answer).encode() + b"\n")
            told.flush()
