"""What Discord takes in a message's or a modal's form, and the refusals for what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.peers.discord.refusals import RefusalError, invalid, not_between, too_long

Json = dict[str, Any]

EMBED = {"title": 256, "description": 4096}
BUTTON, SELECTS, INPUT = 2, (3, 5, 6, 7, 8), 4
SHOWN_FLAGS = 1 << 2 | 1 << 6 | 1 << 12
"""Flags that a bot may set: no embeds, ephemeral, silent."""


def check_message(form: Json, files: int = 0, path: str = "") -> None:
    """Raises RefusalError 50035 for a field that is too long, 50006 if nothing is left to show."""
    content = form.get("content") or ""
    if len(content) > 2000:
        raise too_long(f"{path}content", 2000)
    check_embeds(form.get("embeds") or [], path)
    check_rows(form.get("components") or [], path)
    full = content.strip() or form.get("embeds") or form.get("components") or form.get("sticker_ids") or files
    if not full and not form.get("attachments"):
        raise RefusalError(50006)


def check_embeds(embeds: list[Json], path: str = "") -> None:
    """Ten embeds, 4096 characters of description, 6000 in all."""
    if len(embeds) > 10:
        raise too_long(f"{path}embeds", 10)
    for at, embed in enumerate(embeds):
        for field, most in EMBED.items():
            if len(embed.get(field) or "") > most:
                raise too_long(f"{path}embeds.{at}.{field}", most)
        if len((embed.get("footer") or {}).get("text", "")) > 2048:
            raise too_long(f"{path}embeds.{at}.footer.text", 2048)
        _check_fields(f"{path}embeds.{at}.fields", embed.get("fields", []))
    if sum(_letters(embed) for embed in embeds) > 6000:
        raise invalid(f"{path}embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _check_fields(path: str, fields: list[Json]) -> None:
    if len(fields) > 25:
        raise too_long(path, 25)
    for at, one in enumerate(fields):
        for name, most in (("name", 256), ("value", 1024)):
            if not 1 <= len(one[name]) <= most:
                raise not_between(f"{path}.{at}.{name}", 1, most)


def _letters(embed: Json) -> int:
    """The characters of an embed that count to the 6000."""
    plain = len(embed.get("title") or "") + len(embed.get("description") or "")
    fields = sum(len(one["name"]) + len(one["value"]) for one in embed.get("fields", []))
    rest = len((embed.get("footer") or {}).get("text", "")) + len((embed.get("author") or {}).get("name", ""))
    return plain + fields + rest


def check_rows(rows: list[Json], path: str = "") -> None:
    """Five rows of five buttons, or of one select each; custom ids of 1 to 100 characters, each only once."""
    if len(rows) > 5:
        raise not_between(f"{path}components", 1, 5)
    seen: set[str] = set()
    for at, row in enumerate(rows):
        here = f"{path}components.{at}.components"
        parts = row.get("components", [])
        selects = sum(part["type"] in SELECTS for part in parts)
        if row["type"] != 1:
            words = "Value of field 'type' must be one of (1,)."
            raise invalid(f"{path}components.{at}", "UNION_TYPE_CHOICES", words)
        if not 1 <= len(parts) <= (1 if selects else 5):
            raise invalid(here, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A row holds 5 buttons or one select.")
        for number, part in enumerate(parts):
            _check_part(f"{here}.{number}", part, seen)


def _check_part(path: str, part: Json, seen: set[str]) -> None:
    custom_id = part.get("custom_id")
    if custom_id is None and not part.get("url"):
        raise invalid(f"{path}.custom_id", "BASE_TYPE_REQUIRED", "This field is required")
    if custom_id is not None:
        if not 1 <= len(custom_id) <= 100:
            raise not_between(f"{path}.custom_id", 1, 100)
        if custom_id in seen:
            words = "Component custom id cannot be duplicated"
            raise invalid(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        seen.add(custom_id)
    if len(part.get("label") or "") > (80 if part["type"] == BUTTON else 45):
        raise too_long(f"{path}.label", 80 if part["type"] == BUTTON else 45)
    if part["type"] == BUTTON and not part.get("label") and not part.get("emoji"):
        raise invalid(path, "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji")
    if part["type"] == 3:
        _check_select(path, part)


def _check_select(path: str, part: Json) -> None:
    options = part.get("options", [])
    if not 1 <= len(options) <= 25:
        raise not_between(f"{path}.options", 1, 25)
    for at, one in enumerate(options):
        for field in ("label", "value"):
            if not 1 <= len(one[field]) <= 100:
                raise not_between(f"{path}.options.{at}.{field}", 1, 100)


def check_modal(form: Json) -> None:
    """A title of 1 to 45 characters and one to five fields."""
    if not 1 <= len(form.get("title", "")) <= 45:
        raise not_between("data.title", 1, 45)
    if not 1 <= len(form.get("custom_id", "")) <= 100:
        raise not_between("data.custom_id", 1, 100)
    rows = form.get("components", [])
    if not 1 <= len(rows) <= 5:
        raise not_between("data.components", 1, 5)
    seen: set[str] = set()
    for at, row in enumerate(rows):
        if row["type"] == 18 and not 1 <= len(row.get("label", "")) <= 45:
            raise not_between(f"data.components.{at}.label", 1, 45)
        for part in inside(row):
            _check_part(f"data.components.{at}", part, seen)
            if len(part.get("value") or "") > part.get("max_length", 4000):
                raise too_long(f"data.components.{at}.value", part.get("max_length", 4000))


def inside(row: Json) -> Iterator[Json]:
    """The fields of a row or of a label."""
    if row["type"] == 18:
        yield row["component"]
    else:
        yield from row.get("components", [])
