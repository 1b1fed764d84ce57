"""What the tests of the Bot API peer call it with: python-telegram-bot's own client."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from tests.peers.telegram.nouns import Chat
from tests.peers.telegram.server import TelegramServer

NOW = datetime(2026, 5, 1, tzinfo=UTC)
"""When the tests begin."""


def client(tg: TelegramServer, token: str = "") -> Bot:
    return Bot(token or tg.token, base_url=f"{tg.url}/bot", base_file_url=f"{tg.url}/file/bot")


def member(chat: Chat, name: str = "Mei") -> Any:
    return next(one.user for one in chat.members.values() if one.user.first_name == name)


def later(tg: TelegramServer, **by: float) -> None:
    now = tg.now() + timedelta(**by).total_seconds()
    tg.now = lambda: now


async def refused(tg: TelegramServer, call: Awaitable[object]) -> str:
    """Telegram's words for a call that fails."""
    with pytest.raises(TelegramError):
        await call
    return tg.calls[-1].error


async def heard(bot: Bot, *allowed: str) -> list[Any]:
    """What waits for the bot now, acknowledged."""
    updates = await bot.get_updates(timeout=0, allowed_updates=allowed or None)
    await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0) if updates else None
    return list(updates)


def button(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Claim", callback_data=data)]])
