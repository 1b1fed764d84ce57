"""Text as the Bot API takes it: its limits in UTF-16 units, its entities, and those it finds of itself."""

from __future__ import annotations

import re

from tests.peers.telegram.markup import from_html, from_markdown, units
from tests.peers.telegram.nouns import Json, bad

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
_FOUND = {
    "url": re.compile(
        r"https?://[^\s<>\"]+|(?<![\w@./])(?:[\w-]+\.)+(?:com|net|org|top|shop|example|me)\b(?:/[^\s]*)?"
    ),
    "email": re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}"),
    "mention": re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}\b"),
    "bot_command": re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?\b"),
    "hashtag": re.compile(r"(?<!\w)#\w*[^\W\d]\w*"),
}


def formatted(text: str, mode: str, entities: list[Json] | None, limit: int, name: str) -> tuple[str, list[Json]]:
    """The text as sent and its entities. Raises a refusal when it cannot be parsed or is longer than `limit`."""
    if mode.lower() == "html":
        text, parsed = from_html(text)
    elif mode.lower() == "markdownv2":
        text, parsed = from_markdown(text)
    elif mode:
        raise bad("unsupported parse_mode")
    else:
        parsed = _checked(text, entities or [])
    text, parsed = _trimmed(text, parsed)
    if units(text) > limit:
        raise bad(f"{name} is too long")
    return text, [*parsed, *found(text, parsed)]


def found(text: str, taken: list[Json] | None = None) -> list[Json]:
    """Links, commands, mentions and tags that Telegram marks of itself, outside what is marked already."""
    marked: list[Json] = [one for one in taken or [] if one["type"] in ("code", "pre", "text_link")]
    result: list[Json] = []
    for kind, pattern in _FOUND.items():
        for hit in pattern.finditer(text):
            one = {"type": kind, "offset": units(text[: hit.start()]), "length": units(hit[0])}
            if not any(_overlap(one, other) for other in [*marked, *result]):
                result.append(one)
    return sorted(result, key=lambda one: int(one["offset"]))


def _overlap(one: Json, other: Json) -> bool:
    return bool(one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"])


def _checked(text: str, entities: list[Json]) -> list[Json]:
    borders = {0}
    at = 0
    for letter in text:
        at += units(letter)
        borders.add(at)
    for one in entities:
        end = one["offset"] + one["length"]
        if end > at:
            where = f"UTF-16 offset {one['offset']}"
            raise bad(f"entity beginning at {where} ends after the end of the text at UTF-16 offset {end}")
        if one["offset"] not in borders or end not in borders:
            raise bad(f"entity begins in a middle of a UTF-16 symbol at byte offset {one['offset']}")
    return entities


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    cut = units(text) - units(text.lstrip())
    text = text.strip()
    kept = []
    for one in entities:
        start = max(one["offset"] - cut, 0)
        end = min(one["offset"] - cut + one["length"], units(text))
        if end > start:
            kept.append(one | {"offset": start, "length": end - start})
    return text, kept
