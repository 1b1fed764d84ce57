"""Knowledge documents: one noun, and Markdown files with front matter read into it.

A file looks like this; every key is optional:

    ---
    title: Deposit and its refund
    lang: en
    valid_from: 2026-01-01
    valid_until: 2026-12-31
    tags: [deposit, money]
    ---
    # Deposit ...

A file that cannot be read whole is one `Fault` and never half a document: a misspelt `valid_until` would otherwise be
quoted for ever.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import frontmatter
import yaml
from pydantic import AwareDatetime, Field, StringConstraints, ValidationError, model_validator

from moderation.errors import XiaoerError
from moderation.types import ID_LENGTH, Identity, Lang, Noun

FILE_BYTES = 1_000_000
"""A file's greatest size: a book of 150,000 Chinese words, far above a help page."""
SUFFIXES = frozenset({".md", ".markdown"})
KEYS = ("title", "lang", "valid_from", "valid_until", "tags")
TITLE_LENGTH = 200

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class KnowledgeError(XiaoerError):
    """The knowledge as a whole cannot be read: no such folder, for example."""


class Document(Noun):
    """One text that the bot may quote. `valid_from` and `valid_until` are the first and the last day it holds.

    `id` is stable: for a file its path below the folder, with forward slashes. `owner` is who answers for it, `source`
    where it comes from: a folder of files, or `/teach` in the chat (then `taught_at` says when).
    """

    id: Identity
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_LENGTH)]
    lang: Lang
    text: str = Field(min_length=1, max_length=FILE_BYTES)
    tags: tuple[Tag, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    owner: str = Field(default="", max_length=ID_LENGTH)
    source: Literal["folder", "teach"] = "folder"
    taught_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_from lies after valid_until")
        return self

    def valid_on(self, day: date) -> bool:
        """Whether the document may be quoted on that day; both ends count."""
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


class Fault(NamedTuple):
    """Why one file, or one stored document, is not taken. `str(fault)` is one line: FILE:LINE: what; mend."""

    file: str
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.mend}"


class Folder(NamedTuple):
    """What a folder holds: the documents that could be read, ordered by id, and a fault for each other file."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


class _BadFileError(Exception):
    def __init__(self, what: str, mend: str, line: int = 1) -> None:
        super().__init__(what)
        self.what, self.mend, self.line = what, mend, line


def read_folder(path: Path) -> Folder:
    """Reads every Markdown file below `path`; hidden files and folders are passed over.

    Raises KnowledgeError if `path` is no folder that can be listed: an empty result would read as "all was deleted".
    """
    root = _root(path)
    documents: list[Document] = []
    faults: list[Fault] = []
    for name in sorted(_names(root)):
        read = read_file(root, name)
        if isinstance(read, Fault):
            faults.append(read)
        else:
            documents.append(read)
    return Folder(tuple(documents), tuple(faults))


def _root(path: Path) -> Path:
    try:
        root = path.resolve(strict=True)
        os.listdir(root)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise KnowledgeError(f"knowledge folder {path}: {reason}; name a folder of Markdown files") from error
    return root


def _names(root: Path) -> Iterator[str]:
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        at = Path(folder)
        linked = [name for name in below if (at / name).is_symlink()]
        wanted = [name for name in files if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES]
        for name in linked + wanted:
            yield (at / name).relative_to(root).as_posix()


def read_file(root: Path, name: str) -> Document | Fault:
    """The document in the file `name`, a path below the resolved folder `root`; or why there is none."""
    try:
        return parse(name, _text(root, name))
    except _BadFileError as bad:
        return Fault(name, bad.line, bad.what, bad.mend)


def _text(root: Path, name: str) -> str:
    path = root / name
    if len(name) > ID_LENGTH:
        raise _BadFileError(f"the path has more than {ID_LENGTH} characters", "shorten the folders' or the file's name")
    if not path.resolve().is_relative_to(root):
        raise _BadFileError("the link leads out of the knowledge folder", "copy the file into the folder")
    if path.is_dir():
        raise _BadFileError("a link to a folder is not followed", "put the files where they are wanted")
    if not path.is_file():
        raise _BadFileError("not a plain file", "replace it by a text file, or mend the broken link")
    return _decoded(path)


def _decoded(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise _BadFileError(error.strerror or "unreadable", "let the bot's user read the file") from error
    if len(content) > FILE_BYTES:
        raise _BadFileError(f"larger than {FILE_BYTES // 1_000_000} MB", "cut it into several files")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _BadFileError("not UTF-8", "save the file as UTF-8", line) from error


def parse(id: str, text: str) -> Document:
    """One document from the text of a Markdown file. Raises _BadFileError; `read_file` turns it into a Fault."""
    head, values = _front_matter(text)
    unknown = next((str(key) for key in values if key not in KEYS), None)
    if unknown is not None:
        what = f"unknown key {unknown[:40]!r} in the front matter"
        raise _BadFileError(what, f"use {', '.join(KEYS)}", _line(head, unknown))
    body = text[len(head) :].strip()
    if not body:
        raise _BadFileError("no text below the front matter", "write the document or delete the file")
    title = values.get("title") or guess_title(body) or Path(id).stem
    try:
        return Document.model_validate({"lang": guess_lang(body), **values, "id": id, "title": title, "text": body})
    except ValidationError as error:
        raise _wrong_value(head, error) from error


def _front_matter(text: str) -> tuple[str, dict[Any, Any]]:
    """The front matter with its fences ("" if there is none), and its keys and values."""
    boundary = frontmatter.YAMLHandler.FM_BOUNDARY
    if not boundary.match(text):
        return "", {}
    fences = [match.end() for match in boundary.finditer(text)][:2]
    if len(fences) < 2:
        raise _BadFileError("the front matter is never closed", "add a line with --- below it")
    head = text[: fences[1]]
    values = _yaml(head)
    if not isinstance(values, dict):
        raise _BadFileError("the front matter is no list of keys", "write lines like `title: Deposit`", 2)
    return head, values


def _yaml(head: str) -> Any:
    handler = frontmatter.YAMLHandler()
    try:
        return handler.load(handler.split(head)[0]) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _BadFileError(f"the front matter is no YAML: {error.problem}", "mend or quote the value", line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _BadFileError("the front matter is no YAML", "write lines like `title: Deposit`") from error


def _line(head: str, key: str) -> int:
    found = re.search(rf"^[\"']?{re.escape(key)}[\"']?\s*:", head, re.MULTILINE)
    return head.count("\n", 0, found.start()) + 1 if found else 1


def _wrong_value(head: str, error: ValidationError) -> _BadFileError:
    first = error.errors(include_input=False, include_url=False)[0]
    key = str(first["loc"][0]) if first["loc"] else "valid_until"
    mends = {
        "title": f"write a title of 1 to {TITLE_LENGTH} characters",
        "lang": "write zh or en",
        "tags": "write a list of words, like [deposit, money]",
    }
    what = first["msg"].removeprefix("Value error, ")
    return _BadFileError(f"{key}: {what}", mends.get(key, "write dates like 2026-01-31, in order"), _line(head, key))


def guess_title(body: str) -> str:
    """The first heading of a Markdown text, or ""."""
    found = re.search(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", body, re.MULTILINE)
    return found.group(1)[:TITLE_LENGTH] if found else ""


def guess_lang(text: str) -> Lang:
    """zh if the Chinese characters outnumber half the Latin words (one word says about as much as two characters)."""
    chinese = len(re.findall(r"[\u3400-\u9fff]", text))
    return "zh" if 2 * chinese > len(re.findall(r"[A-Za-z]+", text)) else "en"
