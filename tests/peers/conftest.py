"""What the tests of the peers share: a Bot API server, a client of it, and a group with the bot in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot

from tests.peers.telegram.client import NOW, client
from tests.peers.telegram.nouns import Chat
from tests.peers.telegram.server import TelegramServer, serving


@pytest.fixture
async def tg(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramServer]:
    """Time stands still in it. The library warns unless its user chooses timedelta for spans of time."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    async with serving(TelegramServer(now=NOW.timestamp)) as server:
        yield server


@pytest.fixture
async def bot(tg: TelegramServer) -> AsyncIterator[Bot]:
    async with client(tg) as made:
        yield made


@pytest.fixture
def shop(tg: TelegramServer) -> Chat:
    """A supergroup with the bot as a moderator and Mei as a member."""
    chat = tg.group("Shop talk", creator=tg.person("Lin"))
    tg.join(chat, tg.person("Mei"))
    tg.add_bot(chat)
    return chat
