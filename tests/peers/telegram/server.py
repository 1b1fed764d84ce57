"""A small stateful Telegram Bot API server on a real socket, for one bot; it refuses what Telegram refuses.

    async with serving(TelegramServer()) as peer:
        owner = peer.person("Lin")
        shop = peer.group("Shop talk", creator=owner)
        peer.add_bot(shop)
        peer.say(shop, owner, "hello")          # reaches the bot by getUpdates or its webhook
        await peer.until(lambda: len(shop.shown()) == 2)

What people do is in people.py and deeds.py; the methods' refusals in sending.py, messages.py, members.py and
settings.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.peers.telegram import members as telegram_members
from tests.peers.telegram import messages as telegram_messages
from tests.peers.telegram import sending as telegram_sending
from tests.peers.telegram import settings as telegram_settings
from tests.peers.telegram.deeds import Deeds
from tests.peers.telegram.given import Given, given
from tests.peers.telegram.nouns import Chat, Json, Refusal

Method = Callable[[Any, Given], Awaitable[Any]]
METHODS: dict[str, Method] = {
    **telegram_sending.METHODS,
    **telegram_messages.METHODS,
    **telegram_members.METHODS,
    **telegram_settings.METHODS,
}
COUNTED = ("send", "edit")
"""Methods that a budget counts begin so."""


@dataclass
class Call:
    """One call of the bot: `at` is time.monotonic(); `code` is what it was answered with (0 while it is open)."""

    method: str
    params: Json
    at: float
    chat: str
    code: int = 0
    error: str = ""


@dataclass
class _Flood:
    """Answers 429 to the next `times` calls, of one chat or of all."""

    chat: str | None
    retry_after: int
    times: int


@dataclass(eq=False, repr=False)
class TelegramServer(Deeds):
    """The server. `chat_budget` and `total_budget` are (messages, seconds) of real time; `down` is a status that
    every call is answered with; the answers of the next `lost` calls are lost after they were carried out."""

    url: str = ""
    token: str = "7000001:AAtesttesttesttesttesttesttesttest0"
    calls: list[Call] = field(default_factory=list)
    chat_budget: tuple[int, float] | None = None
    total_budget: tuple[int, float] | None = None
    down: int = 0
    lost: int = 0
    _floods: list[_Flood] = field(default_factory=list)
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    # What tests do to it and read from it

    def revoke(self) -> str:
        """The token stops working; gives the new one."""
        self.token = self.token[:-1] + str((int(self.token[-1]) + 1) % 10)
        return self.token

    def flood(self, chat: Chat | None, retry_after: int = 1, times: int = 1) -> None:
        """The next `times` calls for a chat, or for any, are answered 429."""
        self._floods.append(_Flood(str(chat.id) if chat else None, retry_after, times))

    def conflict(self) -> None:
        """Another process polls with the same token: the bot's present or next poll ends with 409."""
        self.updates.intrude()

    def redeliver(self, update: Json) -> None:
        """The same update comes again, with its old update_id."""
        self.updates.again(update)

    def called(self, method: str) -> list[Call]:
        return [one for one in self.calls if one.method.lower() == method.lower()]

    async def until(self, true: Callable[[], bool], within: float = 60.0) -> None:
        """Waits for something that comes with the bot's calls. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not true():
                self._called.clear()
                await self._called.wait()

    # The protocol

    async def method(self, request: Request) -> Response:
        token, name = request.path_params["token"], request.path_params["method"]
        if not re.fullmatch(r"\d+:[\w-]{24,}", token):
            return _refused(Refusal(404, "Not Found"))
        if token != self.token:
            return _refused(Refusal(401, "Unauthorized"))
        asked = await given(request)
        call = Call(name, asked.plain(), time.monotonic(), asked.text("chat_id"))
        self.calls.append(call)
        self._called.set()
        try:
            return await _unless_gone(request, self._answer(call, asked))
        finally:
            self._called.set()

    async def _answer(self, call: Call, asked: Given) -> Response:
        try:
            self._held_back(call)
            if call.method.lower() not in METHODS:
                raise Refusal(404, "Not Found: method not found")
            result = await METHODS[call.method.lower()](self, asked)
        except Refusal as refusal:
            call.code, call.error = refusal.code, refusal.words
            return _refused(refusal)
        call.code = 200
        if self.lost > 0:
            self.lost -= 1
            return Response("Bad Gateway", status_code=502)
        return JSONResponse({"ok": True, "result": result})

    def _held_back(self, call: Call) -> None:
        """Raises when the service is down, floods are asked for, or a budget is spent."""
        if self.down:
            raise Refusal(self.down, {502: "Bad Gateway", 500: "Internal Server Error"}.get(self.down, "error"))
        for flood in self._floods:
            if flood.times and call.chat and flood.chat in (None, call.chat):
                flood.times -= 1
                raise _too_many(flood.retry_after)
        if call.method.lower().startswith(COUNTED):
            same = [one for one in self._counted() if one.chat == call.chat]
            for budget, earlier in ((self.chat_budget, same), (self.total_budget, self._counted())):
                if budget and (wait := _overdrawn(budget, [one.at for one in earlier], call.at)):
                    raise _too_many(wait)

    def _counted(self) -> list[Call]:
        return [one for one in self.calls if one.code == 200 and one.method.lower().startswith(COUNTED)]

    async def download(self, request: Request) -> Response:
        if request.path_params["token"] != self.token:
            return _refused(Refusal(401, "Unauthorized"))
        name = request.path_params["path"].removeprefix("photos/").removesuffix(".jpg")
        if name not in self.files:
            return _refused(Refusal(404, "Not Found"))
        return Response(self.files[name], media_type="application/octet-stream")


async def _unless_gone(request: Request, answer: Coroutine[Any, Any, Response]) -> Response:
    """The answer; a caller who hangs up ends what it waits for."""
    answering, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(_gone(request))
    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not answering.done():
        answering.cancel()
        return Response(status_code=408)
    leaving.cancel()
    return answering.result()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _overdrawn(budget: tuple[int, float], sent: list[float], at: float) -> int:
    """Whole seconds until the budget allows one more; 0 when it does now."""
    count, seconds = budget
    recent = [one for one in sent if at - one < seconds]
    return max(1, math.ceil(recent[-count] + seconds - at)) if len(recent) >= count else 0


def _too_many(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def _refused(refusal: Refusal) -> Response:
    body: Json = {"ok": False, "error_code": refusal.code, "description": refusal.words}
    return JSONResponse(
        body | ({"parameters": refusal.parameters} if refusal.parameters else {}), status_code=refusal.code
    )


@contextlib.asynccontextmanager
async def serving(server: TelegramServer) -> AsyncIterator[TelegramServer]:
    """Runs the server on a free port for as long as the block lasts."""
    routes = [
        Route("/bot{token}/{method}", server.method, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", server.download),
    ]
    async with listening(Starlette(routes=routes)) as server.url:
        try:
            yield server
        finally:
            await server.updates.close()


@contextlib.asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[str]:
    """Serves an application on a free port; gives its address."""
    config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1, access_log=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        running = uvicorn.Server(config)
        task = asyncio.create_task(running.serve([free]))
        try:
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        finally:
            running.should_exit = True
            await task
