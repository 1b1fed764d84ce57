"""Knowledge documents: the noun, why a file gives none, and what is guessed of a text.

The text of a document is Markdown whatever file it came from; `bot/knowledge/reading.py` tells which files are taken.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from moderation.errors import XiaoerError
from moderation.types import ID_LENGTH, Identity, Lang, Noun

FILE_BYTES = 1_000_000
"""A text's greatest size: a book of 150,000 Chinese words, far above a help page."""
TITLE_LENGTH = 200
URL_LENGTH = 2000
ROW = "#"
"""Between a table's file and the question of one of its rows, in the id of the row's document."""

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class KnowledgeError(XiaoerError):
    """The knowledge as a whole cannot be read: no such folder, for example."""


class Document(Noun):
    """One text that the bot may quote. `valid_from` and `valid_until` are the first and the last day it holds.

    `id` is stable: for a file its path below the folder, with forward slashes; for a row of a table also its question.
    `owner` is who answers for it, `approved_by` the second person who looked at a saved answer. `source` is where it
    comes from: a folder of files, or a person's words, by `/teach` in the chat or in the console (then `taught_at` says
    when); `url` is the address of the page that a web page was saved from.
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
    approved_by: str = Field(default="", max_length=ID_LENGTH)
    taught_at: AwareDatetime | None = None
    url: Annotated[str, StringConstraints(max_length=URL_LENGTH, pattern=r"^(https?://\S+)?$")] = ""

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_from lies after valid_until")
        return self

    def valid_on(self, day: date) -> bool:
        """Whether the document may be quoted on that day; both ends count."""
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


class Fault(NamedTuple):
    """Why one file, row or stored document is not taken. `str(fault)` is one line: FILE:LINE: what; mend.

    `line` is the page in a PDF. `of` is the id of the one document concerned, if it is not all that the file holds.
    """

    file: str
    line: int
    what: str
    mend: str
    of: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.mend}"


class Folder(NamedTuple):
    """What a folder or a file holds: the documents that could be read, and a fault for each other file or row."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


class BadFileError(Exception):
    """Why a file gives no document; `reading` turns it into a Fault."""

    def __init__(self, what: str, mend: str, line: int = 1) -> None:
        super().__init__(what)
        self.what, self.mend, self.line = what, mend, line


class Raw(NamedTuple):
    """What a file says, before its front matter or side file: Markdown, and what it tells of itself ("" if nothing)."""

    text: str
    title: str = ""
    url: str = ""


def guess_title(body: str) -> str:
    """The first heading of a Markdown text, or ""."""
    found = re.search(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", body, re.MULTILINE)
    return found.group(1)[:TITLE_LENGTH] if found else ""


def guess_lang(text: str) -> Lang:
    """zh if the Chinese characters outnumber half the Latin words (one word says about as much as two characters)."""
    if text.isascii():
        return "en"
    chinese = sum(map(len, re.findall(r"[\u3400-\u9fff]+", text)))
    return "zh" if 2 * chinese > len(re.findall(r"[A-Za-z]+", text)) else "en"
