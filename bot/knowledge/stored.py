"""What Redis holds of a community's knowledge, read as documents."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from bot.knowledge.documents import Document, Fault, Folder


def string(value: bytes | str) -> str:
    """A response as text, whether the client decodes or not."""
    return value.decode() if isinstance(value, bytes) else value


def strings(stored: Mapping[bytes | str, bytes | str]) -> dict[str, str]:
    """A hash as text."""
    return {string(id): string(value) for id, value in stored.items()}


def parsed(id: str, value: str) -> Document | Fault:
    """The document stored under that id, or why it is none."""
    try:
        document = Document.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "document"
        return Fault(id, 1, f"stored document cannot be read ({field}: {first['msg']})", "add it again or remove it")
    if document.id != id:
        return Fault(id, 1, "stored document has another id", "add it again or remove it")
    return document


class Parser:
    """Reads all that is stored, again and again: a value that is as it was is not read twice."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, Document | Fault]] = {}
        """By id the value's hash and what it says: the values themselves would take the memory twice."""

    def folder(self, stored: Mapping[str, str]) -> Folder:
        """The documents, ordered by id, and a fault for each value that is none."""
        before, now = self._held, {}
        for id, value in sorted(stored.items()):
            known, mark = before.get(id), hash(value)
            now[id] = known if known and known[0] == mark else (mark, parsed(id, value))
        self._held = now
        read = [one for _, one in now.values()]
        documents = tuple(one for one in read if isinstance(one, Document))
        return Folder(documents, tuple(one for one in read if isinstance(one, Fault)))
