"""Words for Telegram: plain text, and entities that say what is italic or code. No parse mode reads the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from bot.formatting.sheets import Sheet, sheets, sources, speaker
from bot.formatting.splitting import FENCE, size
from bot.words import Words
from moderation.types import Say

LIMIT = 4096
"""UTF-16 units of a message."""

Style = Literal["italic", "pre"]


class Entity(NamedTuple):
    """A stretch of a text in UTF-16 units; `language` is that of code, and may be empty."""

    type: Style
    offset: int
    length: int
    language: str = ""


class Part(NamedTuple):
    """One message."""

    text: str
    entities: tuple[Entity, ...]


class _Run(NamedTuple):
    """A stretch of text in one style."""

    text: str
    style: Style | None = None
    language: str = ""


def telegram(say: Say, words: Words) -> list[Part]:
    """The messages, in order: the words as they are, the speaker above and the sources beneath in italics."""
    return [_written(sheet) for sheet in sheets(speaker(say, words), say.text, sources(say), LIMIT, "utf16")]


def _written(sheet: Sheet) -> Part:
    text, entities = "", []
    for run in _runs(sheet):
        if run.style:
            entities.append(Entity(run.style, size(text, "utf16"), size(run.text, "utf16"), run.language))
        text += run.text
    return Part(text, tuple(entities))


def _runs(sheet: Sheet) -> Iterator[_Run]:
    for line in sheet.head:
        yield _Run(line, "italic")
        yield _Run("\n")
    yield from _body(sheet.text)
    for line in sheet.foot:
        yield _Run("\n")
        yield _Run(line, "italic")


def _body(text: str) -> Iterator[_Run]:
    """The words with each fenced block as code, without its fence."""
    here = 0
    for fence in FENCE.finditer(text):
        yield _Run(text[here : fence.start()])
        yield _Run(fence[2].rstrip(), "pre", fence[1])
        here = fence.end()
        yield _Run("\n" if here < len(text) else "")
    yield _Run(text[here:])
