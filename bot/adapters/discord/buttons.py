"""The buttons under the bot's words. They hold no state: what they are about is found by the message they lie under."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

import discord

from bot.review.cards import case_and_verb
from bot.words import Words
from moderation.types import Button, Choice, Say

VOTE, PRESS = "vote", "press"
"""How a button's id begins; a press of one comes back as the client's event `vote` or `press`."""
ANSWER = "answer"
"""The client's event of a press that asks for words."""

_FACES: dict[Choice, str] = {"up": "👍", "down": "👎", "person": "🙋"}
_STYLES = {
    "plain": discord.ButtonStyle.secondary,
    "good": discord.ButtonStyle.success,
    "bad": discord.ButtonStyle.danger,
}


class VoteButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"vote:(?P<id>up|down|person)"):
    """A vote on the answer above it."""

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> VoteButton:
        """The button of a message that an earlier process may have sent."""
        return cls(cast("discord.ui.Button[discord.ui.View]", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Tell the listener."""
        interaction.client.dispatch(VOTE, interaction, self.custom_id.partition(":")[2])


class PressButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"press:(?P<id>[\x21-\x7e]+)"):
    """A button of the house's own, under a card."""

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> PressButton:
        """The button of a message that an earlier process may have sent."""
        return cls(cast("discord.ui.Button[discord.ui.View]", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Tell the listener."""
        button = self.custom_id.partition(":")[2]
        case, verb = case_and_verb(button) or ("", "")
        told = (ANSWER, case) if verb == "answer" else (PRESS, button)
        interaction.client.dispatch(told[0], interaction, told[1])


def buttons(effect: Say, words: Words) -> discord.ui.View | None:
    """The row under the words: the house's buttons, or the votes on an answer."""
    items: list[discord.ui.Item[Any]] = [_press(one) for one in effect.buttons]
    if effect.votable:
        items += [_vote(choice, words) for choice in get_args(Choice)]
    if not items:
        return None
    row = discord.ui.View(timeout=None)
    for item in items:
        row.add_item(item)
    return row


def _press(button: Button) -> discord.ui.Item[Any]:
    return PressButton(
        discord.ui.Button(label=button.label, style=_STYLES[button.style], custom_id=f"{PRESS}:{button.id}")
    )


def _vote(choice: Choice, words: Words) -> discord.ui.Item[Any]:
    label = words(f"bubble.vote_{choice}")
    return VoteButton(discord.ui.Button(label=label, emoji=_FACES[choice], custom_id=f"{VOTE}:{choice}"))
