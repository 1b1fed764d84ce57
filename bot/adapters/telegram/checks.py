"""What `xiaoer doctor` asks Telegram: the token, privacy mode, the webhook, and the bot's rights in each chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pydantic import SecretStr
from telegram import ChatMemberAdministrator, ChatMemberOwner, User
from telegram.error import TelegramError

from bot.adapters.telegram.admins import MALFORMED
from bot.adapters.telegram.line import Line
from moderation.errors import XiaoerError

PRIVACY_MEND: Final = "talk to @BotFather, /setprivacy, Disable, then remove the bot from its groups and add it again"
RIGHTS: Final = {"can_delete_messages": "Delete messages", "can_restrict_members": "Ban users"}


class Checked(NamedTuple):
    """One thing examined: `told` says how it stands, with the mend when it is not good."""

    what: str
    good: bool
    told: str


def invite_link(username: str) -> str:
    """The address that adds the bot to a group as an administrator with the rights it needs."""
    return f"https://t.me/{username}?startgroup=hello&admin=delete_messages+restrict_members+invite_users"


async def check(token: SecretStr, api: str, *, webhook: str = "", chats: Sequence[int] = ()) -> list[Checked]:
    """How the bot stands with Telegram. `webhook` is the address it is to be heard at, empty for polling.

    A refused token, or a Telegram that is away, is the one finding: nothing else can be told without it.
    """
    async with Line(token, api) as line:
        try:
            me = await line.whoami()
        except XiaoerError as fault:
            return [Checked("telegram token", False, str(fault))]
        except TelegramError as fault:
            told = f"{api} does not answer ({type(fault).__name__}); check the network and TELEGRAM_API"
            return [Checked("telegram", False, told)]
        found = [Checked("telegram token", True, f"@{me.username}; invite: {invite_link(me.username or '')}")]
        found += [_privacy(me), _joining(me), await _webhook(line, webhook)]
        return found + [await _rights(line, me, chat) for chat in chats]


def _privacy(me: User) -> Checked:
    if me.can_read_all_group_messages:
        return Checked("telegram privacy", True, "the bot hears all messages of its groups")
    return Checked("telegram privacy", False, f"the bot hears only commands and replies; {PRIVACY_MEND}")


def _joining(me: User) -> Checked:
    if me.can_join_groups:
        return Checked("telegram groups", True, "the bot can be added to groups")
    return Checked("telegram groups", False, "the bot cannot be added to groups; talk to @BotFather, /setjoingroups")


async def _webhook(line: Line, wanted: str) -> Checked:
    what = "telegram webhook"
    try:
        found = await line.get_webhook_info()
    except (TelegramError, *MALFORMED) as fault:
        return Checked(what, False, f"could not be asked for ({type(fault).__name__}); try again")
    if found.url and found.url != wanted:
        told = "set to another address: another program may use this token; stop it, `xiaoer run` takes over"
        return Checked(what, False, told)
    if found.last_error_message and found.url:
        told = f"Telegram cannot reach it: {found.last_error_message}; check TELEGRAM_WEBHOOK and what leads to it"
        return Checked(what, False, told)
    return Checked(what, True, f"{'webhook' if found.url else 'polling'}, {found.pending_update_count} updates wait")


async def _rights(line: Line, me: User, chat: int) -> Checked:
    what = f"telegram chat {chat}"
    try:
        mine = await line.get_chat_member(chat, me.id)
    except (TelegramError, *MALFORMED):
        return Checked(what, False, f"the bot is not in it; add it: {invite_link(me.username or '')}")
    if isinstance(mine, ChatMemberOwner):
        return Checked(what, True, "the bot owns it")
    lacking = list(RIGHTS.values())
    if isinstance(mine, ChatMemberAdministrator):
        lacking = [words for right, words in RIGHTS.items() if not getattr(mine, right)]
    if lacking:
        told = f"the bot lacks {', '.join(lacking)}; open the group's settings, Administrators, the bot, and allow them"
        return Checked(what, False, told)
    return Checked(what, True, "the bot may delete messages and ban users")
