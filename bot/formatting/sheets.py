"""What stands around the bot's words: who speaks, and the documents that prove it."""

from __future__ import annotations

from typing import NamedTuple

from bot.formatting.splitting import Unit, size, split
from bot.words import Words
from moderation.types import Say

SOURCES = 5
"""Documents named under an answer; more are a list that nobody reads."""
TITLE = 100
"""Characters of a title; a longer one ends in an ellipsis."""


class Sheet(NamedTuple):
    """One message: lines above the words, the words, lines beneath. Only the first has a head, the last a foot."""

    head: tuple[str, ...]
    text: str
    foot: tuple[str, ...]


def sheets(head: tuple[str, ...], text: str, foot: tuple[str, ...], limit: int, unit: Unit) -> list[Sheet]:
    """The words in as many messages as they need, each with room for its head and its foot; none for no words."""
    room = limit - sum(size(line, unit) + 1 for line in head + foot)
    texts = split(text, room, unit)
    last = len(texts) - 1
    return [Sheet(head if at == 0 else (), part, foot if at == last else ()) for at, part in enumerate(texts)]


def speaker(say: Say, words: Words) -> tuple[str, ...]:
    """A line that says that a person wrote this."""
    return (words("bubble.moderator"),) if say.kind == "moderator" else ()


def sources(say: Say) -> tuple[str, ...]:
    """A line for each document that the passages come from, the best first."""
    titles: dict[str, str] = {}
    for passage in say.passages:
        titles.setdefault(passage.document, passage.title)
    return tuple(f"📄 {_short(title)}" for title in list(titles.values())[:SOURCES])


def _short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= TITLE else f"{split(line, TITLE - 1)[0]}…"
