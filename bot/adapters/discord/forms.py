"""Forms for what a slash command was not given. Their state is in Redis: one may be sent after a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bot.adapters.menu import MenuEntry
from moderation.types import Lang

FORM = "form:"
"""How a form's id begins; the id of the interaction that opened it follows."""
LABEL, TEXT = 45, 4000


def form(id_: str, entry: MenuEntry, given: Mapping[str, str], lang: Lang) -> discord.ui.Modal:
    """A field for each parameter that is missing, at most five, as Discord has it."""
    shown = discord.ui.Modal(title=f"/{entry.name}"[:LABEL], custom_id=f"{FORM}{id_}", timeout=None)
    for one in [one for one in entry.parameters if one.name not in given and one.kind == "text"][:5]:
        field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
            custom_id=one.name,
            style=discord.TextStyle.paragraph,
            required=one.needed,
            max_length=TEXT,
        )
        shown.add_item(discord.ui.Label(text=one.description[lang][:LABEL], component=field))
    return shown


def filled(sent: Mapping[str, Any]) -> dict[str, str]:
    """What was written into a form, by the name of the parameter."""
    return {
        str(one["custom_id"]): str(one["value"]).strip() for one in _fields(sent.get("components", [])) if one["value"]
    }


def _fields(parts: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for part in parts:
        if "value" in part:
            yield part
        inner = part.get("components", [part["component"]] if "component" in part else [])
        yield from _fields(inner)
