"""Extracts kept on the disk, so that a restart works out nothing again: one SQLite file per community.

An extract lies under a key of the document's content and of whatever makes extracts (`Extractor.fingerprint`), so that
another document or another version of this program never finds it. The file is a cache: several processes share it, and
one that is damaged, locked or not writable costs time and nothing else.

What is deleted from the knowledge is deleted here too: its bytes are overwritten and the pages given back.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import structlog

from bot.knowledge.documents import Document
from bot.knowledge.extract import Extract, Extractor, packed, unpacked

log = structlog.get_logger()
WAIT_S = 5.0
"""How long another process' write is waited for."""
TELL_S = 5.0
"""How often a long run is told of."""
BATCH = 200
"""Documents read, and written, at once."""
_SCHEMA = """
PRAGMA auto_vacuum = FULL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS extracts (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL);
"""

Made = tuple[Document, Extract]


class DamageError(sqlite3.DatabaseError):
    """An extract's bytes are not those that were written."""


class Kept:
    """An extractor that remembers. For one thread at a time; without a file it forgets."""

    def __init__(self, file: Path | None, extractor: Extractor) -> None:
        self._file = file
        self._extractor = extractor
        self._disk: sqlite3.Connection | None = None
        self._told = False

    @cached_property
    def _fingerprint(self) -> bytes:
        return self._extractor.fingerprint()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Only within this is the file read and written."""
        with self._surviving():
            self._disk = self._connected()
        try:
            yield
        finally:
            self._close()

    def extracts(self, documents: Sequence[Document]) -> Iterator[list[Made]]:
        """The documents' extracts in their order, a batch at a time: found on the disk, or made and written there.

        Where it takes long, how far it got is logged.
        """
        began = told = time.monotonic()
        for at in range(0, len(documents), BATCH):
            batch = [(document, self._key(document)) for document in documents[at : at + BATCH]]
            held = self._found([key for _, key in batch])
            unknown = {key: document for document, key in batch if key not in held}
            new = dict(zip(unknown, self._extractor.read_all(list(unknown.values())), strict=True))
            self._keep(new.items())
            yield [(document, held.get(key) or new[key]) for document, key in batch]
            if (now := time.monotonic()) > told + TELL_S:
                told = now
                done, took = at + len(batch), round(now - began, 1)
                log.info("knowledge is being indexed", documents=done, of=len(documents), seconds=took)

    def prune(self, documents: Iterable[Document]) -> None:
        """Deletes every extract but those of these documents."""
        if not self._disk:
            return
        wanted = {self._key(document) for document in documents}
        with self._surviving():
            gone = [(key,) for (key,) in self._disk.execute("SELECT key FROM extracts") if key not in wanted]
            if gone:
                self._aside().unlink(missing_ok=True)
                with self._disk:
                    self._disk.executemany("DELETE FROM extracts WHERE key = ?", gone)
                self._disk.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _key(self, document: Document) -> bytes:
        content = json.dumps([document.title, document.tags, document.text]).encode()
        return hashlib.blake2b(content, key=self._fingerprint, digest_size=16).digest()

    def _found(self, keys: Sequence[bytes]) -> dict[bytes, Extract]:
        found: dict[bytes, Extract] = {}
        if not self._disk:
            return found
        marks = ", ".join("?" * len(keys))
        with self._surviving():
            rows = self._disk.execute(
                f"SELECT key, value, checksum FROM extracts WHERE key IN ({marks})",  # noqa: S608 - question marks
                keys,
            )
            for key, value, checksum in rows:
                if zlib.crc32(value) != checksum:
                    raise DamageError("an extract has another checksum")
                found[key] = unpacked(value)
        return found

    def _keep(self, made: Iterable[tuple[bytes, Extract]]) -> None:
        if not self._disk:
            return
        values = [(key, packed(extract)) for key, extract in made]
        with self._surviving(), self._disk:
            self._disk.executemany(
                "INSERT OR REPLACE INTO extracts VALUES (?, ?, ?)",
                [(key, value, zlib.crc32(value)) for key, value in values],
            )

    def _connected(self) -> sqlite3.Connection | None:
        if not self._file:
            return None
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        disk = sqlite3.connect(self._file, timeout=WAIT_S)
        try:
            disk.executescript(_SCHEMA)
        except sqlite3.Error:
            disk.close()
            raise
        return disk

    def _close(self) -> None:
        disk, self._disk = self._disk, None
        if disk:
            with suppress(sqlite3.Error):
                disk.close()

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """What goes wrong with the file within ends its use, until it is opened next; a damaged one is begun anew."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._close()
            if not self._told:
                log.warning("the knowledge index on the disk cannot be used", file=str(self._file), error=str(error))
            self._told = True
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                self._begin_anew()

    def _begin_anew(self) -> None:
        """Sets the damaged file aside, in the place of one that was before."""
        if not self._file:
            return
        with suppress(sqlite3.Error, OSError):
            for part in ("-wal", "-shm"):
                self._file.with_name(self._file.name + part).unlink(missing_ok=True)
            self._file.replace(self._aside())
            self._disk = self._connected()

    def _aside(self) -> Path:
        return Path(f"{self._file}.damaged")
