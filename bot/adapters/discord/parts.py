"""An effect's words as Discord's messages: pieces that fit, buttons under the last, at most one member pinged."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import discord
from discord.http import handle_message_parameters

from bot.adapters.discord.buttons import buttons
from bot.formatting import discord as formatted
from bot.knowledge.documents import guess_lang
from bot.outbox import Priority
from bot.words import words
from moderation.types import Say, SayKind

_BLANK = "\ue000"
"""A character that means nothing and that nobody types."""
PRIORITY: dict[SayKind, Priority] = {
    "moderator": Priority.PERSON,
    "notice": Priority.PERSON,
    "handoff": Priority.ANSWER,
    "answer": Priority.ANSWER,
}


class Part(NamedTuple):
    """One message to send; `nonce` has Discord itself drop a second one of the same within minutes.

    No device rings for a `quiet` one. `pinged` is the one member whom its mention notifies, "" for nobody.
    """

    content: str
    nonce: str
    view: discord.ui.View | None = None
    quiet: bool = False
    pinged: str = ""

    def payload(self, *, private: bool = False) -> dict[str, Any]:
        """The JSON of it; a `private` one is seen only by the member whose interaction it answers."""
        flags = discord.MessageFlags(ephemeral=True) if private else discord.utils.MISSING
        view, calls = self.view or discord.utils.MISSING, discord.AllowedMentions.none()
        if self.pinged:
            calls.users = [discord.Object(int(self.pinged))]
        form = handle_message_parameters(self.content, view=view, flags=flags, allowed_mentions=calls)
        return dict(form.payload or {})

    def fresh(self) -> dict[str, Any]:
        """The JSON of a new message in a channel."""
        flags = {"flags": discord.MessageFlags(suppress_notifications=True).value} if self.quiet else {}
        return {**self.payload(), **flags, "nonce": self.nonce, "enforce_nonce": True}

    def instead(self) -> dict[str, Any]:
        """The JSON that takes the place of a message with its buttons."""
        return {"components": [], **self.payload()}


def written(effect: Say, naming: str = "") -> list[Part]:
    """The messages of an effect. `naming` is a member whom they are to name."""
    speech, mention = words(guess_lang(effect.text)), f"<@{naming}>"
    blank = _BLANK * len(mention)  # escaping would break the mention, and splitting has to leave room for it
    spoken = effect.model_copy(update={"text": f"{blank} {effect.text}"}) if naming else effect
    texts = [text.replace(blank, mention, 1) if naming else text for text in formatted(spoken, speech)]
    row, last = buttons(effect, speech), len(texts) - 1
    pinged = naming if effect.rings and naming.isdigit() else ""
    return [
        Part(text, _nonce(effect, at), row if at == last else None, effect.quiet, "" if at else pinged)
        for at, text in enumerate(texts)
    ]


def _nonce(effect: Say, part: int) -> str:
    return hashlib.blake2b(f"{effect.id}:{part}".encode(), digest_size=12).hexdigest()
