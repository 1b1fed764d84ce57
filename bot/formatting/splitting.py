"""A long text in parts that a platform takes, cut where it hurts least."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import regex

from bot.knowledge.sentences import sentences

Unit = Literal["chars", "utf16"]
"""What a platform counts: characters, or units of UTF-16, of which an emoji has two or more."""

FENCE = re.compile(
    r"^```([A-Za-z0-9_+#.-]{0,20})[ \t\r]*\n(?!\s*```)((?:(?!```).)*?)^```[ \t\r]*(?:\n|\Z)", re.MULTILINE | re.DOTALL
)
"""A fenced block of code with its language and its lines. Blank ones and those with backticks inside are plain text:
platforms disagree on where they end."""

_PARAGRAPH = re.compile(r"\n(?:[ \t\r]*\n)+")
_LINE = re.compile(r"\n")
_WORD = regex.compile(r"(?<!^\s*(?:\d+\\?\.|-)\s*)\s+|[，、：]")
"""What stands behind a word; the mark of a list's item stays with its words."""
_NUMBER = re.compile(r"\s*\d+\\?\.\s*")
_LETTER = regex.compile(r"\\?\X")
"""What a reader takes for one character; a backslash stays with what it escapes."""


def size(text: str, unit: Unit) -> int:
    """The length of a text in a platform's units.

    >>> size("好👍", "chars"), size("好👍", "utf16")
    (2, 3)
    """
    return len(text) if unit == "chars" else len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, limit: int, unit: Unit = "chars") -> list[str]:
    """The text in parts of at most `limit` units, none blank; `limit` is 64 or more.

    Cuts fall between paragraphs, lines, sentences or words, and within a word only if it is longer than a part. Only
    white space is lost, at the cuts. A fenced block that needs several parts is closed and opened anew in each.
    """
    parts, held, held_size = [], "", 0
    for leaf in _leaves(text, limit, unit):
        if held_size + size(leaf.rstrip(), unit) > limit:
            parts.append(held)
            held, held_size = "", 0
        held += leaf
        held_size += size(leaf, unit)
    trimmed = (part.strip("\r\n").rstrip() for part in [*parts, held])
    return [part for part in trimmed if part]


def _leaves(text: str, limit: int, unit: Unit) -> Iterator[str]:
    """The largest pieces that fit, with the white space behind them; joined they are the text, but for fences."""

    def fits(piece: str) -> bool:
        return size(piece.rstrip(), unit) <= limit

    here = 0
    for fence in FENCE.finditer(text):
        yield from _pieces(text[here : fence.start()], fits)
        if fits(fence[0]):
            yield fence[0]
        else:
            opening, closing = f"```{fence[1]}\n", "\n```\n"
            room = limit - size(opening + closing, unit)
            yield from (f"{opening}{code}{closing}" for code in split(fence[2], room, unit))
        here = fence.end()
    yield from _pieces(text[here:], fits)


def _after(pattern: re.Pattern[str] | regex.Pattern[str]) -> Callable[[str], list[str]]:
    """A cut behind each match."""

    def cut(text: str) -> list[str]:
        ends = [found.end() for found in pattern.finditer(text)]
        return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True) if start < end]

    return cut


def _sentences(text: str) -> list[str]:
    """The sentences of a line; the number of an item is none."""
    first, *more = sentences(text)
    return [first + more[0], *more[1:]] if more and _NUMBER.fullmatch(first) else [first, *more]


def _letters(text: str) -> list[str]:
    return [found[0] for found in _LETTER.finditer(text)]


_Cut = Callable[[str], list[str]]
_CUTS: Sequence[_Cut] = (_after(_PARAGRAPH), _after(_LINE), _sentences, _after(_WORD), _letters, list)
"""From the kindest cut to the last resort, a letter with thousands of marks above it."""


def _pieces(text: str, fits: Callable[[str], bool], cuts: Sequence[_Cut] = _CUTS) -> Iterator[str]:
    if not cuts or fits(text):
        yield text
        return
    for piece in cuts[0](text):
        yield from _pieces(piece, fits, cuts[1:])
