"""Serves an app inside the event loop that already runs, and ends cleanly with it, open streams included."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderation.errors import XiaoerError

GRACE_S = 1
"""Seconds that a request under way may still take when the house closes."""


def bind(host: str, port: int, setting: str) -> socket.socket:
    """The socket to serve on; port 0 picks a free one. `setting` names the port's setting in an error.

    Raises XiaoerError when the port is in use, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as fault:
        listener.close()
        raise XiaoerError(_explain(fault, host, port, setting)) from None
    listener.setblocking(False)
    return listener


def address(listener: socket.socket) -> str:
    """The address to open in a browser, for example `http://127.0.0.1:8080`."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until cancelled. Requests under way have GRACE_S seconds; open streams end at once."""
    door = _Door(app)
    server = _Server(
        uvicorn.Config(
            door,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(running)
    finally:
        door.closing.set()
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """Leaves signals to the house: `bot.app` decides what Ctrl-C means."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _Door:
    """To an open stream the closing of the house looks like a visitor who leaves: it ends by itself, without error."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        under_way = False

        async def told(message: Message) -> None:
            nonlocal under_way
            under_way = bool(message.get("more_body", message["type"] == "http.response.start"))
            await send(message)

        async def heard() -> Message:
            return await self._next(receive)

        if scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        await self.app(scope, heard, told)
        if under_way and self.closing.is_set():
            await send({"type": "http.response.body", "body": b""})

    async def _next(self, receive: Receive) -> Message:
        """What the client sends next, or its leave when the house closes first."""
        message = asyncio.ensure_future(receive())
        closing = asyncio.ensure_future(self.closing.wait())
        try:
            await asyncio.wait({message, closing}, return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            message.cancel()
            closing.cancel()


def _explain(fault: OSError, host: str, port: int, setting: str) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"port {port} is in use on {host}; stop the other program, or set {setting} to another port"
    if fault.errno == errno.EACCES:
        return f"port {port} on {host} is not ours to use; set {setting} to a port above 1023"
    return f"address {host}: {fault.strerror or fault}; set BIND to an address of this machine, such as 127.0.0.1"
