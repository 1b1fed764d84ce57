"""Votes and presses: thumbs and buttons under what the bot said, found by the message they lie under."""

from __future__ import annotations

from typing import Any

import discord

from bot.adapters.discord.door import Door, Turns, acknowledged, home_of, language, patiently
from bot.adapters.discord.message import PLATFORM, reaction_choice, to_place, to_press, to_vote
from bot.adapters.discord.records import Records, Said
from bot.adapters.ears import Ears
from bot.adapters.memory import Memory, Sent
from bot.words import words
from moderation.types import Choice, Place


class Votes:
    """The client's events about what lies under a message of the bot. No state: they work after a restart."""

    def __init__(self, client: discord.Client, ears: Ears, memory: Memory, records: Records, door: Door) -> None:
        self._client = client
        self._ears = ears
        self._memory = memory
        self._records = records
        self._door = door
        self._turns = Turns()

    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        """A thumb under a votable answer is a vote."""
        choice, me = reaction_choice(reaction.emoji), self._client.user
        by_bot = reaction.member is not None and reaction.member.bot
        if choice and me and reaction.user_id != me.id and not by_bot:
            name = reaction.member.display_name if reaction.member else ""
            async with self._turns.of(reaction.message_id):
                await self._count(reaction.channel_id, reaction.message_id, reaction.user_id, name, choice)

    async def on_vote(self, interaction: discord.Interaction[Any], choice: Choice) -> None:
        """A button under an answer; the member alone is told that it counts, or that the answer is too old."""
        taken = await acknowledged(interaction)
        if taken == "by another":
            return
        member, message = interaction.user, interaction.message
        counted = message is not None and await self._count(
            message.channel.id, message.id, member.id, member.display_name, choice
        )
        if taken == "in time":
            told = "discord.noted" if counted else "error.answer_gone"
            await interaction.edit_original_response(content=words(language(interaction))(told))

    async def _count(self, channel: int, message: int, member: int, name: str, choice: Choice) -> bool:
        """Put a vote on its stream; False for what is no answer, or too old to be voted on."""
        sent = Sent(str(channel), str(message))
        said = await patiently(lambda: self._records.said(sent))
        if said is None or not said.votable:
            return False
        answer = await patiently(lambda: self._memory.effect_of(_home(said, sent), sent))
        if answer is None:
            return False
        vote = to_vote(said.community, answer, str(member), name, choice)
        await patiently(lambda: self._ears.vote(vote))
        return True

    async def on_press(self, interaction: discord.Interaction[Any], button: str) -> None:
        """A button under a card. What comes of it is shown by the card itself."""
        message, channel = interaction.message, interaction.channel
        taken = await acknowledged(interaction, thinking=False)
        if taken == "by another" or message is None or channel is None:
            return
        name = await home_of(interaction, self._records, self._door)
        if name:
            press = to_press(to_place(channel, name), button, interaction.user, message.id)
            await patiently(lambda: self._ears.press(press))


def _home(said: Said, sent: Sent) -> Place:
    """A place whose keys are the community's."""
    return Place(platform=PLATFORM, community=said.community, channel=sent.chat)
