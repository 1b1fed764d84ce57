"""Slash commands, forms and context menus, as messages to the bot; the words that answer them come by their token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import discord
import structlog
from discord import app_commands

from bot.adapters.discord.door import Door, acknowledged, language, patiently
from bot.adapters.discord.faults import traced
from bot.adapters.discord.forms import FORM, filled, form, shown
from bot.adapters.discord.menu import Given, Translator, context_menus, plant
from bot.adapters.discord.message import to_author, to_message, to_place
from bot.adapters.discord.records import Asked, Records, Waiting
from bot.adapters.ears import Ears
from bot.adapters.menu import MenuEntry, Parameter
from moderation.types import TEXT_LENGTH, Author, Message

ALOUD = "ask"
"""The command whose answer everybody in the channel may read."""

log = structlog.get_logger()

Suggest = Callable[[str, Author, str, str, str], Awaitable[Sequence[str]]]
"""What may be put in: of a community, for who types, of a command's parameter, what is typed of it so far."""


async def nothing(_community: str, _member: Author, _command: str, _parameter: str, _typed: str) -> Sequence[str]:
    """No suggestions."""
    return ()


class Tree(app_commands.CommandTree[Any]):
    """Reports what goes wrong in a command without the words that were typed."""

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Such as a command that Discord still shows and the table does not have any more."""
        cause = error.__cause__ or error
        name = interaction.command.qualified_name if interaction.command else ""
        log.error("a command failed", command=name, fault=type(cause).__name__, trace=traced(cause))


class Interactions:
    """What members start by the menu. `suggest` gives the names that a parameter may have."""

    def __init__(
        self, ears: Ears, records: Records, door: Door, menu: Sequence[MenuEntry], suggest: Suggest = nothing
    ) -> None:
        self._ears = ears
        self._records = records
        self._door = door
        self._menu = {entry.name: entry for entry in menu}
        self._suggest = suggest

    async def publish(self, client: discord.Client) -> None:
        """Show the menu in Discord, when it is another than the one that was shown last."""
        tree = Tree(client)
        plant(tree, tuple(self._menu.values()), self._called, self._offer)
        for one in context_menus(self._report, self._ask):
            tree.add_command(one)
        translator = Translator()
        await tree.set_translator(translator)
        menu = [await one.get_translated_payload(tree, translator) for one in tree.get_commands()]
        digest = hashlib.sha256(json.dumps(menu, sort_keys=True).encode()).hexdigest()
        if await self._records.changed(f"menu:{client.application_id}", digest):
            await self._put(tree, digest)

    async def _put(self, tree: Tree, digest: str) -> None:
        """A bot without its menu is better than none: it is put again at the next start."""
        try:
            await tree.sync()
        except discord.HTTPException as fault:
            log.error("Discord does not take the menu", status=fault.status, code=fault.code, fault=fault.text)
        else:
            await self._records.note(f"menu:{tree.client.application_id}", digest)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A form that was sent; it may have been opened before a restart. All else has its own way."""
        found = cast(Mapping[str, Any], interaction.data or {})
        custom = str(found.get("custom_id", ""))
        if interaction.type is not discord.InteractionType.modal_submit or not custom.startswith(FORM):
            return
        kept = await patiently(lambda: self._records.form(custom.removeprefix(FORM)))
        entry = self._menu.get(kept.command) if kept else None
        if kept is None or entry is None:
            return
        given = {**kept.given, **filled(found)}
        await self.hear(interaction, _typed(entry, given), private=entry.name != ALOUD)

    async def _called(self, interaction: discord.Interaction[Any], entry: MenuEntry, given: Given) -> None:
        """A slash command. A form opens where needed words were left out: there they may have lines, too."""
        known = {name: _written(value) for name, value in given.items() if value is not None}
        if any(one.needed and one.name not in known for one in entry.parameters):
            await patiently(lambda: self._records.keep_form(str(interaction.id), entry.name, known))
            await shown(interaction, form(str(interaction.id), entry, known, language(interaction)))
            return
        await self.hear(interaction, _typed(entry, known), private=entry.name != ALOUD)

    async def _report(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self.hear(interaction, "/report", reply_to=str(message.id))

    async def _ask(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Another member's words as a question: the one who asks does not answer for them."""
        me, channel = interaction.client.user, interaction.channel
        seen = to_message(message, to_place(channel, "quoted"), me) if me and channel else None
        await self.hear(interaction, f"/ask {seen.text if seen else message.content}", quoted=True)

    async def hear(
        self,
        interaction: discord.Interaction[Any],
        text: str,
        *,
        private: bool = True,
        reply_to: str | None = None,
        quoted: bool = False,
        community: str | None = None,
    ) -> None:
        """Acknowledge at once, keep the token, and put the words on the stream.

        They belong to the guild's community, where no other is named.
        """
        taken = await acknowledged(interaction, private=private)
        channel, member = interaction.channel, interaction.user
        if taken == "by another" or channel is None:
            return
        name = community or await self._door.community(interaction.guild, member.id)
        if name is None:
            return
        id_ = str(interaction.id)
        waiting = Waiting(application=str(interaction.application_id), token=interaction.token)
        asked = Asked(member=str(member.id), private=private)
        await patiently(lambda: self._records.note_asked(id_, asked, waiting if taken == "in time" else None))
        message = Message(
            id=id_,
            place=to_place(channel, name),
            author=to_author(member),
            text=text[:TEXT_LENGTH],
            sent_at=interaction.created_at.astimezone(UTC) if interaction.created_at else datetime.now(UTC),
            reply_to=reply_to,
            addressed=True,
            quoted=quoted,
        )
        await patiently(lambda: self._ears.message(message))

    async def _offer(
        self, interaction: discord.Interaction[Any], entry: MenuEntry, parameter: Parameter, typed: str
    ) -> Sequence[str]:
        name = await self._door.community(interaction.guild, interaction.user.id)
        return await self._suggest(name, to_author(interaction.user), entry.name, parameter.name, typed) if name else ()


def _typed(entry: MenuEntry, given: dict[str, str]) -> str:
    """The command as it would be typed, its parameters in the table's order."""
    told = [given[one.name] for one in entry.parameters if given.get(one.name)]
    return " ".join([f"/{entry.name}", *told])


def _written(value: object) -> str:
    """A member or a role as a mention of it, everything else as it is."""
    return str(getattr(value, "mention", value))
