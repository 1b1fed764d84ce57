"""The menu of commands in Telegram's apps: each person sees those that they may use, in their language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)

from bot.adapters.menu import MenuEntry
from bot.adapters.telegram.line import Mouth
from bot.outbox import Priority
from bot.words import LANGS
from moderation.types import Lang

DESCRIPTION_LENGTH = 256
MEMBERS: Final = (BotCommandScopeDefault(), BotCommandScopeAllGroupChats(), BotCommandScopeAllPrivateChats())
"""Where members' commands are shown; a moderator's direct messages are a private chat like any other."""
STAFF: Final = BotCommandScopeAllChatAdministrators()
REST: Final[Lang] = "en"
"""What everybody reads whose app speaks no language of ours."""


async def show(mouth: Mouth, menu: Sequence[MenuEntry]) -> None:
    """Set the menu for every scope and language. Raises TelegramError for a menu that Telegram refuses."""
    members = [entry for entry in menu if entry.tier == "member"]
    for scope in (*MEMBERS, STAFF):
        entries = menu if scope is STAFF else members
        for lang in LANGS:
            await _set(mouth, scope, entries, lang, lang)
        await _set(mouth, scope, entries, REST, "")


async def _set(mouth: Mouth, scope: BotCommandScope, entries: Sequence[MenuEntry], lang: Lang, code: str) -> None:
    commands = [BotCommand(entry.name, entry.description[lang][:DESCRIPTION_LENGTH]) for entry in entries]
    line = mouth.line
    await mouth.call(
        f"menu {scope.type} {code}",
        Priority.PUSH,
        lambda: line.set_my_commands(commands, scope=scope, language_code=code or None),
    )
