"""Parse modes as the Bot API reads them: HTML and MarkdownV2, each to plain text and entities."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.peers.telegram.nouns import Json, Refusal, bad

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "blockquote": "blockquote", "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z-]*)([^<>]*?)(>|$)", re.S)
_CHARACTER = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")
_MARKS = {
    "```": "Pre", "||": "Spoiler", "__": "Underline", "`": "Code", "*": "Bold", "_": "Italic", "~": "Strikethrough",
    "[": "TextUrl",
}  # fmt: skip
_LINK = re.compile(r"\]\(((?:\\.|[^)\\])*)\)")
_RESERVED = "_*[]()~`>#+-=|{}.!"


def units(text: str) -> int:
    """Its length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _broken(words: str) -> Refusal:
    return bad(f"can't parse entities: {words}")


@dataclass
class _Read:
    """Plain text so far, finished entities, and what is open: (its mark, where it starts in units, its byte)."""

    source: str
    at: int = 0
    out: str = ""
    entities: list[Json] = field(default_factory=list)
    opened: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def byte(self) -> int:
        return len(self.source[: self.at].encode())

    def take(self, text: str, length: int) -> None:
        self.out, self.at = self.out + text, self.at + length

    def close(self, start: int, entity: Json) -> None:
        """Empty ones are dropped."""
        if units(self.out) > start:
            self.entities.append(entity | {"offset": start, "length": units(self.out) - start})

    def result(self) -> tuple[str, list[Json]]:
        return self.out, sorted(self.entities, key=lambda one: (one["offset"], -one["length"]))


def from_html(text: str) -> tuple[str, list[Json]]:
    read, made = _Read(text), list[Json | None]()
    while read.at < len(text):
        if text[read.at] == "&" and (hit := _CHARACTER.match(text, read.at)):
            read.take(html.unescape(hit[0]), len(hit[0]))
        elif text[read.at] == "<":
            _tag(read, made)
        else:
            read.take(text[read.at], 1)
    if read.opened:
        raise _broken(f'Can\'t find end tag corresponding to start tag "{read.opened[-1][0]}"')
    return read.result()


def _tag(read: _Read, made: list[Json | None]) -> None:
    """Reads a start tag or an end tag; `made` are the entities of the open ones."""
    tag = _TAG.match(read.source, read.at)
    if tag is None or not tag[4]:
        raise _broken(f"Unclosed start tag at byte offset {read.byte}")
    name = tag[2].lower()
    if not tag[1]:
        made.append(_entity(name, tag[3], read.byte))
        read.opened.append((name, units(read.out), read.byte))
    elif not read.opened:
        raise _broken(f"Unexpected end tag at byte offset {read.byte}")
    else:
        opened, start, _ = read.opened.pop()
        if name and name != opened:
            words = f'expected "</{opened}>", found "</{name}>"'
            raise _broken(f"Unmatched end tag at byte offset {read.byte}, {words}")
        if entity := made.pop():
            read.close(start, entity)
    read.at = tag.end()


def _entity(name: str, attributes: str, byte: int) -> Json | None:
    """The entity that a start tag opens, or None for a link without an address."""
    if name not in _TAGS or (name == "span" and "tg-spoiler" not in attributes):
        raise _broken(f'Unsupported start tag "{name}" at byte offset {byte}')
    if name != "a":
        return {"type": _TAGS[name]}
    address = re.search(r"href\s*=\s*[\"']?([^\"'\s>]+)", attributes)
    return {"type": "text_link", "url": html.unescape(address[1])} if address else None


def from_markdown(text: str) -> tuple[str, list[Json]]:
    """MarkdownV2."""
    read = _Read(text)
    quote = -1
    while read.at < len(text):
        starts_line = not read.out or read.out[-1] == "\n"
        if text[read.at] == ">" and starts_line and not _verbatim(read):
            quote = units(read.out) if quote < 0 else quote
            read.at += 1
        else:
            if text[read.at] == "\n" and quote >= 0 and text[read.at + 1 : read.at + 2] != ">":
                read.close(quote, {"type": "blockquote"})
                quote = -1
            _mark(read)
    if quote >= 0:
        read.close(quote, {"type": "blockquote"})
    if read.opened:
        mark, _, byte = read.opened[-1]
        raise _broken(f"Can't find end of {_MARKS[mark]} entity at byte offset {byte}")
    return read.result()


def _verbatim(read: _Read) -> bool:
    return bool(read.opened) and read.opened[-1][0] in ("`", "```")


def _marks_at(read: _Read) -> Iterator[str]:
    return (one for one in _MARKS if read.source.startswith(one, read.at))


def _mark(read: _Read) -> None:
    """Reads an escape, a mark or a plain letter."""
    letter, mark = read.source[read.at], next(_marks_at(read), "")
    inside = read.opened[-1][0] if read.opened else ""
    escaped = read.source[read.at + 1 : read.at + 2] if letter == "\\" else ""
    if escaped and 0 < ord(escaped) < 127:
        read.take(escaped, 2)
    elif mark and mark == inside and mark != "[":
        read.close(read.opened.pop()[1], {"type": _MARKS[mark].lower()})
        read.at += len(mark)
    elif letter == "]" and inside == "[" and (link := _LINK.match(read.source, read.at)):
        address = re.sub(r"\\(.)", r"\1", link[1])
        read.close(read.opened.pop()[1], {"type": "text_link", "url": address})
        read.at = link.end()
    elif mark and not _verbatim(read):
        read.opened.append((mark, units(read.out), read.byte))
        read.at += len(mark)
    elif letter in _RESERVED and not _verbatim(read):
        raise _broken(f"Character '{letter}' is reserved and must be escaped with the preceding '\\'")
    else:
        read.take(letter, 1)
