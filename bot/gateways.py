"""The gateways of a process: the community page, and each chat platform whose token is set.

A platform that refuses its token ends its own gateway and no other: what waits for it stays in Redis, and the operator
is told the mend.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Mapping
from typing import Any

from bot.adapters import Adapter
from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.refusals import Refusals
from bot.adapters.web_chat import WebChat
from bot.adapters.web_room import Room
from bot.app import Base, open_communities
from bot.books import open_books
from bot.commands import menu
from bot.commands.suggesting import drafting, suggesting
from bot.gateway import Gateway
from bot.report import Report
from bot.web.serving import address
from moderation.errors import XiaoerError
from moderation.policy import Policy

Listeners = Mapping[str, socket.socket]
"""The bound sockets: `gateway` for the community page, `telegram` where a webhook is set."""


def open_gateways(
    parts: Base, policy: Policy, secret: str, listeners: Listeners, report: Report
) -> Coroutine[Any, Any, None]:
    """All gateways that the settings name, as one task."""
    page = _web(parts, policy, secret, listeners["gateway"])
    report.address("Community page", address(listeners["gateway"]))
    chats: dict[str, Adapter] = {}
    if parts.settings.telegram_token.get_secret_value():
        chats["Telegram"] = _telegram(parts, secret, listeners.get("telegram"))
    if parts.settings.discord_token.get_secret_value():
        chats["Discord"] = _discord(parts)
    gateways = {name: Gateway(parts.streams, adapter, report.performed) for name, adapter in chats.items()}
    return _all(Gateway(parts.streams, page, report.performed), gateways, report)


async def _all(page: Gateway, chats: Mapping[str, Gateway], report: Report) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(page.run())
        for name, gateway in chats.items():
            group.create_task(_attended(name, gateway, report))


async def _attended(name: str, gateway: Gateway, report: Report) -> None:
    """Run a gateway. When the platform refuses it for good, say so, and let the others go on."""
    try:
        await gateway.run()
    except* XiaoerError as faults:
        for fault in faults.exceptions:
            report.fault(f"{name} is off: {fault}")


def _web(parts: Base, policy: Policy, secret: str, listener: socket.socket) -> WebChat:
    settings = parts.settings
    names = [name.strip() for name in settings.web_channels.split(",") if name.strip()]
    channels = {name: policy.profile(name) for name in names}
    room = Room(parts.redis, parts.streams.put_on, settings.community, channels)
    return WebChat(room, policy, listener=listener, secret=secret, https=settings.public_url.startswith("https:"))


def _telegram(parts: Base, secret: str, listener: socket.socket | None) -> Adapter:
    from bot.adapters.telegram.chat import TelegramChat  # the platforms' libraries take a second of every start
    from bot.adapters.telegram.line import outbox

    settings, communities = parts.settings, open_communities(parts)
    return TelegramChat(
        Ears(parts.streams, communities),
        Memory(parts.redis, "telegram"),
        outbox(),
        Refusals(parts.redis, communities),
        parts.redis,
        token=settings.telegram_token,
        api=settings.telegram_api,
        listener=listener,
        webhook=settings.telegram_webhook,
        secret=secret,
        menu=menu(),
    )


def _discord(parts: Base) -> Adapter:
    from bot.adapters.discord.chat import DiscordChat

    settings, communities = parts.settings, open_communities(parts)
    books = open_books(parts.streams, parts.cases, communities)
    return DiscordChat(
        Ears(parts.streams, communities),
        Memory(parts.redis, "discord"),
        token=settings.discord_token,
        api=settings.discord_api,
        menu=menu(),
        redis=parts.redis,
        refusals=Refusals(parts.redis, communities),
        suggest=suggesting(books, "discord"),
        draft=drafting(books, "discord"),
    )
