"""Forms: for what a slash command was not given, and for an answer. One may be sent after a restart.

What belongs to the first lies in Redis, and the id of the second names its case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import discord
import structlog

from bot.adapters.discord.faults import ANSWERED, UNKNOWN_INTERACTION
from bot.adapters.menu import MenuEntry
from bot.words import words
from moderation.types import Lang

FORM, ANSWER = "form:", "answer:"
"""How a form's id begins; the id of the interaction that opened it follows, or the case that is answered."""
WORDS = "words"
"""The field of an answer."""
LABEL, TEXT = 45, 4000

log = structlog.get_logger()


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


def answer_form(case: str, draft: str, lang: Lang) -> discord.ui.Modal:
    """One field with the draft in it."""
    say = words(lang)
    opened = discord.ui.Modal(title=say("discord.answer", case=case)[:LABEL], custom_id=f"{ANSWER}{case}", timeout=None)
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        custom_id=WORDS, style=discord.TextStyle.paragraph, default=draft[:TEXT] or None, max_length=TEXT
    )
    opened.add_item(discord.ui.Label(text=say("discord.answer_words")[:LABEL], component=field))
    return opened


async def shown(interaction: discord.Interaction[Any], opened: discord.ui.Modal) -> bool:
    """Open a form, which must be the first answer to an interaction; False when it came too late."""
    try:
        await interaction.response.send_modal(opened)
    except discord.HTTPException as fault:
        if fault.code not in (ANSWERED, UNKNOWN_INTERACTION):
            raise
        log.warning("a form was opened too late or by another process", code=fault.code)
        return False
    return True


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
