"""The form behind a card's button "answer": what is written there is `/answer CASE WORDS`, as if it were typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import discord

from bot.adapters.discord.door import Door, home_of, language, patiently
from bot.adapters.discord.forms import ANSWER, WORDS, answer_form, filled, shown
from bot.adapters.discord.interactions import Interactions
from bot.adapters.discord.message import to_author, to_place, to_press
from bot.adapters.discord.records import Records
from bot.adapters.ears import Ears
from bot.review.cards import button_id
from moderation.types import Author

Draft = Callable[[str, Author, str], Awaitable[str | None]]
"""Of a community, for who wants to answer: a case's draft, which may be empty; None where they cannot answer it now."""
Pressed = Callable[[discord.Interaction[Any], str], Awaitable[None]]
"""What any other button of a card leads to."""


async def undrafted(_community: str, _member: Author, _case: str) -> str | None:
    """No form for anybody."""
    return None


class Answering:
    """The client's events about answers. No state: the form's id names the case, and it may be sent after a restart.

    Who cannot answer the case now is told so by the desk, which hears of their press as of any other.
    """

    def __init__(
        self, ears: Ears, records: Records, door: Door, interactions: Interactions, pressed: Pressed, draft: Draft
    ) -> None:
        self._ears = ears
        self._records = records
        self._door = door
        self._interactions = interactions
        self._pressed = pressed
        self._draft = draft

    async def on_answer(self, interaction: discord.Interaction[Any], case: str) -> None:
        """Open the form with the draft in it, and claim the case for who writes."""
        message, channel, member = interaction.message, interaction.channel, interaction.user
        name = await home_of(interaction, self._records, self._door)
        if message is None or channel is None or name is None:
            return
        draft = await patiently(lambda: self._draft(name, to_author(member), case))
        if draft is None:
            await self._pressed(interaction, button_id(case, "answer"))
        elif await shown(interaction, answer_form(case, draft, language(interaction))):
            claim = to_press(to_place(channel, name), button_id(case, "claim"), member, message.id)
            await patiently(lambda: self._ears.press(claim))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """The form was sent. All other interactions have their own way."""
        found = cast(Mapping[str, Any], interaction.data or {})
        custom = str(found.get("custom_id", ""))
        if interaction.type is not discord.InteractionType.modal_submit or not custom.startswith(ANSWER):
            return
        name = await home_of(interaction, self._records, self._door)
        if name is not None:
            text = f"/answer {custom.removeprefix(ANSWER)} {filled(found).get(WORDS, '')}"
            await self._interactions.hear(interaction, text, community=name)
