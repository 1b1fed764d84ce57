"""How updates come from Telegram: by long polling, or to a webhook. Each is acknowledged once it lies on its stream."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram.error import Conflict, EndPointNotFound, InvalidToken, TelegramError

from bot.adapters.telegram.faults import TOKEN_MEND, TooMany
from bot.adapters.telegram.hearing import Hearing
from bot.adapters.telegram.line import UPDATES, Line
from bot.web.serving import serve
from moderation.errors import XiaoerError

POLL_S = 25
"""Seconds that Telegram may wait for news before it answers a poll."""
BUSY_S = 0.5
"""Seconds between polls while updates are under way: Telegram answers at once then, with those and with new ones."""
SLOWEST_S = 30.0
NETWORK_MEND = "check the network and TELEGRAM_API"
UPDATE_BYTES = 1024 * 1024

log = structlog.get_logger()


class Polling:
    """Long polling. A poll acknowledges what lies before its offset: that is the oldest update still under way."""

    def __init__(self, line: Line, hearing: Hearing) -> None:
        self._line = line
        self._hearing = hearing
        self._heard: dict[int, asyncio.Future[None]] = {}  # in Telegram's order, as long as Telegram repeats them
        self._next: int | None = None  # what a poll must name to acknowledge all that was heard
        self._unhook = False
        self._pause_s = 1.0

    async def run(self) -> None:
        """Poll until cancelled. Raises XiaoerError when the token is refused."""
        while True:
            try:
                await self._poll()
                self._pause_s = 1.0
            except (InvalidToken, EndPointNotFound):
                raise XiaoerError(TOKEN_MEND) from None
            except TelegramError as fault:
                await self._hold(fault)

    async def _poll(self) -> None:
        """One poll. Update numbers begin anew after a quiet week, so that none is kept once it is acknowledged."""
        if self._unhook:
            await self._line.delete_webhook(drop_pending_updates=False)
            self._unhook = False
        busy = bool(self._heard)
        offset = next(iter(self._heard), self._next)
        updates = await self._line.raw_updates(offset, 0 if busy else POLL_S)
        fresh = [raw for raw in updates if int(raw["update_id"]) not in self._heard]
        for raw in fresh:
            self._heard[int(raw["update_id"])] = self._hearing.take(raw)
        if not updates:
            self._next = None
        if under_way := [done for done in self._heard.values() if not done.done()]:
            until = asyncio.ALL_COMPLETED if fresh else asyncio.FIRST_COMPLETED
            await asyncio.wait(under_way, timeout=BUSY_S, return_when=until)
        self._forget()

    def _forget(self) -> None:
        """Let go of what lies on its stream, up to the oldest update that does not."""
        for number, done in list(self._heard.items()):
            if not done.done() or done.cancelled():
                return
            del self._heard[number]
            self._next = number + 1

    async def _hold(self, fault: TelegramError) -> None:
        """Wait, longer each time, and go on."""
        if isinstance(fault, Conflict):
            self._conflicting(fault)
        else:
            log.warning("telegram is away, holding", fault=type(fault).__name__, mend=NETWORK_MEND)
        await asyncio.sleep(fault.after_s if isinstance(fault, TooMany) else self._pause_s)
        self._pause_s = min(self._pause_s * 2, SLOWEST_S)

    def _conflicting(self, fault: Conflict) -> None:
        if "webhook" in fault.message.lower():
            log.warning("a webhook is set, removing it", mend="set TELEGRAM_WEBHOOK to hear by a webhook")
            self._unhook = True
            return
        mend = "stop the other program that uses TELEGRAM_TOKEN, or get a new token from @BotFather"
        log.error("another program hears this bot, and Telegram serves one", mend=mend)


class Webhook:
    """A web server that Telegram posts updates to, proven by a secret in a header.

    `address` is the public https address that leads to `listener`; `secret` is the house's own, from which the
    header's is made.
    """

    def __init__(self, line: Line, hearing: Hearing, listener: socket.socket, address: str, secret: str) -> None:
        self._line = line
        self._hearing = hearing
        self._listener = listener
        self._address = address
        self._secret = hashlib.sha256(f"telegram webhook {secret}".encode()).hexdigest()
        self.app = Starlette(
            routes=[Route("/{path:path}", self._post, methods=["POST"])],
            middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=UPDATE_BYTES)],
        )

    async def run(self) -> None:
        """Serve until cancelled. Raises XiaoerError when the token or the address is refused."""
        serving = asyncio.ensure_future(serve(self.app, self._listener))
        try:
            await self._announce()
            await serving
        finally:
            serving.cancel()
            await asyncio.wait([serving])

    async def _announce(self) -> None:
        """Have Telegram post here. What waits for the bot is kept, and comes."""
        pause_s = 1.0
        while True:
            try:
                await self._line.set_webhook(
                    self._address, allowed_updates=UPDATES, secret_token=self._secret, drop_pending_updates=False
                )
            except InvalidToken:
                raise XiaoerError(TOKEN_MEND) from None
            except TelegramError as fault:
                if "webhook" in fault.message.lower():
                    told = f"TELEGRAM_WEBHOOK is refused: {fault.message}; give a public https address"
                    raise XiaoerError(told) from None
                log.warning("telegram is away, holding", fault=type(fault).__name__, mend=NETWORK_MEND)
                await asyncio.sleep(fault.after_s if isinstance(fault, TooMany) else pause_s)
                pause_s = min(pause_s * 2, SLOWEST_S)
            else:
                return

    async def _post(self, request: Request) -> Response:
        """One update: acknowledged once it is on its stream, which Telegram waits for; after that it comes again."""
        told = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(told.encode(), self._secret.encode()):
            return Response(status_code=403)
        try:
            raw = json.loads(await request.body())
            number = int(raw["update_id"])
        except (ValueError, TypeError, KeyError):
            return Response(status_code=400)
        await asyncio.shield(self._hearing.take(raw | {"update_id": number}))
        return Response(status_code=200)
