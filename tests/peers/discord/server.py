"""A small stateful Discord: gateway and REST on one real socket, and the people who write, press and moderate there.

    async with serving(DiscordServer()) as peer:
        with pointing(peer):
            ...  # discord.py as it is, with `peer.token`

Nothing of discord.py is patched; `pointing` sets the two addresses that it keeps as class attributes.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.peers.discord import rest_app as discord_rest_app  # noqa: F401
from tests.peers.discord import rest_channels as discord_rest_channels  # noqa: F401
from tests.peers.discord import rest_guilds as discord_rest_guilds  # noqa: F401
from tests.peers.discord import rest_interactions as discord_rest_interactions  # noqa: F401
from tests.peers.discord import rest_messages as discord_rest_messages  # noqa: F401
from tests.peers.discord.clock import Clock
from tests.peers.discord.limits import Flood, Limits, Outage
from tests.peers.discord.people import People
from tests.peers.discord.rest import PREFIX, Call, add_routes, unknown


class DiscordServer(People):
    """`calls` holds every REST call in order, `rest` and `gateway.url` are its addresses while it runs.

    `shards` is the number that it recommends; `limits.budgets` sets limits that are enforced, for example
    `{"POST /channels/{channel}/messages": (5, 5.0)}`.
    """

    def __init__(self, heartbeat_s: float = 41.25, clock: Clock | None = None) -> None:
        super().__init__(heartbeat_s, clock)
        self.calls: list[Call] = []
        self.limits = Limits()
        self.shards = 1
        self.rest = ""

    def flood(self, where: str, retry_after: float, times: int, everywhere: bool = False) -> None:
        """Answers the next calls with 429: those of a route, of a channel or guild by its id, or all."""
        self.limits.floods.append(Flood(where, retry_after, times, everywhere))

    def fail(self, where: str, status: int, times: int) -> None:
        """Answers the next calls with 500, 502 or 503: those of a route, of a channel or guild, or all ("")."""
        self.limits.outages.append(Outage(where, status, times))

    def called(self, route: str) -> list[Call]:
        """The calls of a route, "POST /channels/{channel}/messages"."""
        return [call for call in self.calls if call.route == route]

    async def file(self, request: web.Request) -> web.Response:
        """An attached file."""
        kind, content = self.files[request.match_info["file"]]
        return web.Response(body=content, content_type=kind)


@contextlib.asynccontextmanager
async def serving(peer: DiscordServer) -> AsyncIterator[DiscordServer]:
    """Runs the peer on a free port for as long as the block lasts."""
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_get("/gateway", peer.gateway.serve)
    app.router.add_get("/gateway/", peer.gateway.serve)
    app.router.add_get("/files/{file}/{name}", peer.file)
    add_routes(app, peer)
    app.router.add_route("*", "/{rest:.*}", unknown)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"127.0.0.1:{runner.addresses[0][1]}"
    peer.rest, peer.cdn = f"http://{address}{PREFIX}", f"http://{address}/files"
    peer.gateway.url = f"ws://{address}/gateway"
    try:
        yield peer
    finally:
        peer.drop()
        await runner.cleanup()


@contextlib.contextmanager
def pointing(peer: DiscordServer) -> Iterator[None]:
    """discord.py talks to this peer for as long as the block lasts."""
    rest, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = peer.rest, yarl.URL(peer.gateway.url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = rest, gateway
