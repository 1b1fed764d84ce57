"""A community's knowledge in Redis: the truth, which every process' index follows by its version.

The documents are a hash, `x:{COMMUNITY}:knowledge`, from id to JSON; `x:{COMMUNITY}:knowledge:version` counts the
writes and moves in the same transaction as they do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from bot.knowledge.documents import ROW, Document, Fault, Folder
from bot.knowledge.index import Index
from bot.knowledge.reading import read_folder
from bot.knowledge.stored import Parser, parsed, string, strings
from moderation.keys import Write, check_community, key


class Synced(NamedTuple):
    """What a sync did to an index: documents put and removed, and what could not be read."""

    put: int = 0
    removed: int = 0
    faults: tuple[Fault, ...] = ()


class Imported(NamedTuple):
    """What an import found: documents that are new, changed, gone since, or as before; and the files left out."""

    new: int
    changed: int
    removed: int
    unchanged: int
    faults: tuple[Fault, ...]

    @property
    def moved(self) -> str:
        """What the import changed on the shelf, for the audit trail: `2 new, 1 removed`, or ""."""
        counts = ((self.new, "new"), (self.changed, "changed"), (self.removed, "removed"))
        return ", ".join(f"{n} {what}" for n, what in counts if n)


class Shelf:
    """The documents of one community. `redis` decodes its responses."""

    def __init__(self, redis: Redis, community: str) -> None:
        """Raises XiaoerError if the community's name cannot be part of a key."""
        self._redis = redis
        self._documents = key(check_community(community), "knowledge")
        self._version = key(community, "knowledge", "version")
        self._syncing = asyncio.Lock()
        self._parser = Parser()

    async def put(self, document: Document) -> None:
        """Adds a document, or replaces the one with its id."""
        await self.put_many([document])

    async def put_many(self, documents: Iterable[Document]) -> None:
        """Adds or replaces all of them in one transaction."""
        await self._write(documents, ())

    async def remove(self, id: str) -> bool:
        """Takes a document out, or all rows of the table of that name; False if there is none of that id."""
        return await self._write((), [id, *await self._rows(id)]) > 0

    async def replace(self, name: str, documents: Iterable[Document]) -> None:
        """Puts what a file holds in the place of what it held, in one transaction."""
        new = {document.id: document for document in documents}
        await self._write(new.values(), [id for id in [name, *await self._rows(name)] if id not in new])

    async def _rows(self, name: str) -> list[str]:
        ids = map(string, await self._redis.hkeys(self._documents))
        return [id for id in ids if id.startswith(name + ROW)]

    async def _write(self, documents: Iterable[Document], ids: Sequence[str]) -> int:
        """Puts and removes in one transaction; returns how many of `ids` were there."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for document in documents:
                pipe.hset(self._documents, document.id, document.model_dump_json())
            pipe.hdel(self._documents, *ids) if ids else pipe.exists(self._documents)
            pipe.incr(self._version)
            removed = (await pipe.execute())[-2]
        return int(removed) if ids else 0

    async def get(self, id: str) -> Document | None:
        """The document of that id; None also if what is stored there cannot be read."""
        value = await self._redis.hget(self._documents, id)
        if value is None:
            return None
        read = parsed(id, string(value))
        return None if isinstance(read, Fault) else read

    async def list(self) -> list[Document]:
        """All documents that can be read, ordered by id."""
        return list((await self.read()).documents)

    async def read(self) -> Folder:
        """All documents, ordered by id, and a fault for each stored value that is none."""
        return await asyncio.to_thread(self._parser.folder, strings(await self._redis.hgetall(self._documents)))

    async def version(self) -> int:
        """Grows with every write; 0 before the first."""
        return int(await self._redis.get(self._version) or 0)

    async def sync(self, index: Index) -> Synced:
        """Brings the index to the shelf's state; asks for the version alone when nothing moved.

        Cutting and reading of new documents run in a thread. A stored value that cannot be read is a fault, and the
        index then holds nothing of that id: what the shelf does not vouch for is not quoted.
        """
        async with self._syncing:
            if await self.version() == index.version:
                return Synced()
            version, stored = await self._snapshot()
            done = await asyncio.to_thread(self._follow, index, stored)
            index.version = version
            return done

    def _follow(self, index: Index, stored: Mapping[str, str]) -> Synced:
        wanted = self._parser.folder(stored)
        put, removed = index.follow(wanted.documents)
        return Synced(put, removed, wanted.faults)

    async def _snapshot(self) -> tuple[int, dict[str, str]]:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._version)
            pipe.hgetall(self._documents)
            version, stored = await pipe.execute()
        return int(version or 0), strings(stored)

    async def import_folder(self, path: Path) -> Imported:
        """Makes the shelf's folder documents those of the folder; taught ones are left as they are.

        A file, or a row of a table, that is broken keeps its last good version on the shelf until it is mended or
        deleted. Raises KnowledgeError if the folder itself cannot be read.
        """
        folder = await asyncio.to_thread(read_folder, path)
        shelved = await self.read()
        held = {document.id: document for document in shelved.documents}
        taken = tuple(_taught_already(one.id) for one in folder.documents if _is_taught(held.get(one.id)))
        own = [document for document in folder.documents if not _is_taught(held.get(document.id))]
        moved = [document for document in own if held.get(document.id) != document]
        present = {document.id for document in folder.documents}
        broken = {fault.of or fault.file for fault in folder.faults}
        own_ids = [id for id, document in held.items() if document.source == "folder"]
        gone = [id for id in own_ids if id not in present and not any(_is_of(id, name) for name in broken)]
        if moved or gone:
            await self._write(moved, gone)
        new = sum(document.id not in held for document in moved)
        faults = folder.faults + taken
        return Imported(new, len(moved) - new, len(gone), len(own) - len(moved), faults)


def teaching(community: str, document: Document) -> list[Write]:
    """The writes that put a document on a community's shelf, for the stream to perform with an acknowledgement."""
    shelf = key(community, "knowledge")
    return [("HSET", shelf, document.id, document.model_dump_json()), ("INCR", f"{shelf}:version")]


def forgetting(community: str, ids: Iterable[str]) -> list[Write]:
    """The writes that take documents off a community's shelf."""
    shelf = key(community, "knowledge")
    return [("HDEL", shelf, *ids), ("INCR", f"{shelf}:version")]


def _is_of(id: str, name: str) -> bool:
    """Whether the document is the file of that name, or one of its rows."""
    return id == name or id.startswith(name + ROW)


def _is_taught(document: Document | None) -> bool:
    return document is not None and document.source == "teach"


def _taught_already(id: str) -> Fault:
    return Fault(id, 1, "a taught document has this name", "rename the file or remove the taught document")
