"""The commands as Discord's slash menu: rendered from the table, with names and words in both languages."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import discord
from discord import Locale, app_commands

from bot.adapters.menu import MenuEntry, Parameter
from bot.words import LANGS, words
from moderation.types import Lang, Tier

CHOICES = 25
"""Choices that Discord shows; where there are more, what is typed picks among them."""
DESCRIPTION, NAME = 100, 32

_LOCALES: dict[Locale, Lang] = {
    Locale.chinese: "zh",
    Locale.taiwan_chinese: "zh",
    Locale.american_english: "en",
    Locale.british_english: "en",
}
_SHOWN_TO: dict[Tier, discord.Permissions | None] = {
    "member": None,
    "helper": None,  # no permission of Discord's makes a helper: the house checks
    "moderator": discord.Permissions(manage_messages=True),
    "admin": discord.Permissions(manage_guild=True),
    "owner": discord.Permissions(administrator=True),
}
"""Who sees a command in the menu as long as the server does not say otherwise; the house checks it again."""

Given = Mapping[str, object]
Called = Callable[[discord.Interaction[Any], MenuEntry, Given], Awaitable[None]]
"""A slash command with the values of its parameters by name."""
Picked = Callable[[discord.Interaction[Any], discord.Message], Awaitable[None]]
"""A command of a message's context menu."""
Offer = Callable[[discord.Interaction[Any], MenuEntry, Parameter, str], Awaitable[Sequence[str]]]
"""What may be put in for a parameter, by what is typed of it so far."""


class Translator(app_commands.Translator):
    """The words of a language, which each text carries with it."""

    async def translate(
        self, string: app_commands.locale_str, locale: Locale, _context: app_commands.TranslationContextTypes
    ) -> str | None:
        """None where the text is to stay as it is."""
        found = string.extras.get(_LOCALES.get(locale, ""))
        return str(found) if found else None


def commands(menu: Sequence[MenuEntry], called: Called, offer: Offer) -> list[app_commands.Command[Any, ..., Any]]:
    """The slash commands of the table. A name of two words makes a command within a group."""
    return [_command(entry, called, offer) for entry in menu]


def context_menus(report: Picked, ask: Picked) -> list[app_commands.ContextMenu]:
    """The commands "Report" and "Ask Xiaoer" on a message."""
    both = (("discord.report", report), ("discord.ask", ask))
    return [app_commands.ContextMenu(name=_worded(name, NAME), callback=_on_message(picked)) for name, picked in both]


def plant(tree: app_commands.CommandTree[Any], menu: Sequence[MenuEntry], called: Called, offer: Offer) -> None:
    """Put the table into the tree, commands of one first word into one group."""
    groups: dict[str, app_commands.Group] = {}
    for entry, command in zip(menu, commands(menu, called, offer), strict=True):
        first, _, second = entry.name.partition(" ")
        if not second:
            tree.add_command(command)
            continue
        if first not in groups:
            groups[first] = app_commands.Group(
                name=first, description=command.description, default_permissions=_SHOWN_TO[entry.tier]
            )
            tree.add_command(groups[first])
        groups[first].add_command(command)


def _command(entry: MenuEntry, called: Called, offer: Offer) -> app_commands.Command[Any, ..., Any]:
    async def invoked(interaction: discord.Interaction[Any], **given: object) -> None:
        await called(interaction, entry, given)

    # discord.py reads a command's parameters from its callback, and ours come from the table.
    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_ONLY, annotation=discord.Interaction)
    invoked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [first, *(_parameter(one) for one in sorted(entry.parameters, key=lambda one: not _at_once(one)))]
    )
    listed = [one for one in entry.parameters if 0 < len(one.choices) <= CHOICES]
    offered = [one for one in entry.parameters if one.kind == "case" or len(one.choices) > CHOICES]
    app_commands.describe(**{one.name: _told(one.description) for one in entry.parameters})(invoked)
    app_commands.choices(**{one.name: _choices(one) for one in listed})(invoked)
    app_commands.autocomplete(**{one.name: _offered(entry, one, offer) for one in offered})(invoked)
    called_as = {lang: name.partition(" ")[2] or name for lang, name in entry.names.items()}
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=app_commands.locale_str(entry.name.partition(" ")[2] or entry.name, **called_as),
        description=_told(entry.description),
        callback=invoked,
    )
    if " " not in entry.name:
        command.default_permissions = _SHOWN_TO[entry.tier]
    return command


def _at_once(parameter: Parameter) -> bool:
    """Whether Discord insists on it. Words that are needed may be left out: a form with room for them then opens."""
    return parameter.needed and parameter.kind != "text"


def _parameter(parameter: Parameter) -> inspect.Parameter:
    kind = discord.Member | discord.User | discord.Role if parameter.kind == "member" else str
    needed = _at_once(parameter)
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if needed else None,
        annotation=kind if needed else kind | None,
    )


def _choices(parameter: Parameter) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=one, value=one) for one in parameter.choices]


def _offered(
    entry: MenuEntry, parameter: Parameter, offer: Offer
) -> Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    async def complete(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        known = parameter.choices or await offer(interaction, entry, parameter, typed)
        fitting = [one for one in known if typed.casefold() in one.casefold()]
        return [app_commands.Choice(name=one, value=one) for one in fitting[:CHOICES]]

    return complete


def _on_message(picked: Picked) -> Callable[[discord.Interaction[Any], discord.Message], Coroutine[Any, Any, None]]:
    async def on_message(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await picked(interaction, message)

    return on_message


def _told(description: Mapping[Lang, str]) -> app_commands.locale_str:
    short = {lang: text[:DESCRIPTION] for lang, text in description.items()}
    return app_commands.locale_str(short["en"], **short)


def _worded(name: str, length: int) -> app_commands.locale_str:
    by_lang = {lang: words(lang)(name)[:length] for lang in LANGS}
    return app_commands.locale_str(by_lang["en"], **by_lang)
