"""The line to the Bot API: python-telegram-bot's client, with what the house needs changed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from pydantic import SecretStr
from telegram import Bot, User
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.adapters.telegram.faults import REFUSED_TOKEN_S, TOKEN_MEND, TooMany, meaning
from bot.outbox import Budget, Later, Outbox, Priority
from moderation.errors import XiaoerError

T = TypeVar("T")
Json = dict[str, Any]

READ_S = 20.0
"""Seconds to wait for an answer: giving up early would mean to say the same twice."""
UPDATES: Final = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "message_reaction",
)
"""The kinds of updates that we hear; Telegram keeps back what is not named."""


def outbox() -> Outbox:
    """Telegram's budgets: 30 calls a second in all, a message a second in a chat, 20 a minute in a group."""
    return Outbox(Budget(30, 1), lambda chat: [Budget(1, 1), *([Budget(20, 60)] if chat.startswith("-") else [])])


class _Wire(HTTPXRequest):
    """Raises TooMany for a 429, with the seconds that Telegram names: the library's own fault warns of its future."""

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **options)
        if code == 429:
            raise TooMany(_retry_after(payload))
        return code, payload


def _retry_after(payload: bytes) -> float:
    try:
        return float(json.loads(payload)["parameters"]["retry_after"])
    except (ValueError, TypeError, KeyError):
        return 1.0


class Line(Bot):
    """A bot's connection. It is opened and closed as a context, and asks nothing when it is opened."""

    def __init__(self, token: SecretStr, api: str) -> None:
        base = api.rstrip("/")
        super().__init__(
            token.get_secret_value(),
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=_Wire(read_timeout=READ_S, pool_timeout=READ_S),
            get_updates_request=_Wire(connection_pool_size=1, read_timeout=READ_S),
        )

    async def __aenter__(self) -> Line:
        for request in self._request:
            await request.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        for request in self._request:
            await request.shutdown()

    async def raw_updates(self, offset: int | None, wait_s: int) -> list[Json]:
        """The updates from `offset` on as JSON, so that one of an unknown shape cannot hide the others."""
        asked = {"offset": offset, "timeout": wait_s, "limit": 100, "allowed_updates": list(UPDATES)}
        return cast(list[Json], await self._post("getUpdates", asked, read_timeout=READ_S + wait_s))

    async def whoami(self) -> User:
        """The bot itself, asked once. Raises XiaoerError for a refused token, TelegramError when nobody answers."""
        try:
            return self._bot_user or await self.get_me()
        except InvalidToken:  # its text holds the token
            raise XiaoerError(TOKEN_MEND) from None


async def performed(call: Callable[[], Awaitable[T]]) -> T:
    """What a call returns, with the Bot API's faults told in the house's terms.

    A refused token is waited out: the listener tells the operator, and nothing to be said may be lost meanwhile.
    """
    try:
        return await call()
    except TelegramError as fault:
        meant = meaning(fault)
        if isinstance(meant, XiaoerError) and isinstance(fault, InvalidToken):
            raise Later(REFUSED_TOKEN_S, everywhere=True) from None
        if meant is fault:
            raise
        raise meant from fault


class Mouth:
    """The line behind the outbox: every call that changes something in a chat goes through here."""

    def __init__(self, line: Line, outbox: Outbox) -> None:
        self.line = line
        self._outbox = outbox

    async def call(self, chat: int | str, priority: Priority, call: Callable[[], Awaitable[T]]) -> T:
        """What the call returns when its turn has come. Raises Refused, and TelegramError for what nobody foresaw."""
        return await self._outbox.send(str(chat), priority, lambda: performed(call))
