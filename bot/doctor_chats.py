"""Examines the chat platforms: tokens, what the bot may hear and do in each known chat, and the clocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx

from bot.adapters.discord import checks as discord_checks
from bot.adapters.telegram import checks as telegram_checks
from bot.config import Settings
from moderation.errors import XiaoerError

SKEW_S = 30.0
"""Seconds that two clocks may differ: more confuses the order of messages, SLA times and short restrictions."""
PLATFORMS = ("telegram", "discord")
GET_ONE = {
    "telegram": "no token; for Telegram talk to @BotFather, /newbot, and set TELEGRAM_TOKEN (docs/chats.md)",
    "discord": "no token; for Discord make an application at discord.com/developers/applications, Bot, Reset Token,"
    " and set DISCORD_TOKEN (docs/chats.md)",
}


class Finding(NamedTuple):
    """One thing examined: `told` says how it stands, with the mend when it is not good."""

    what: str
    good: bool
    told: str


async def examine_chats(given: Settings, known: Mapping[str, Sequence[str]]) -> list[Finding]:
    """What the platforms say; `known` are the ids of the chats that the bot is in, by platform."""
    found = [Finding("chats", False, fault) for fault in _faults(given.chats)]
    for platform in PLATFORMS:
        wanted = [chat.partition(":")[2] for chat in _named(given.chats) if chat.startswith(f"{platform}:")]
        chats = [chat for chat in [*known.get(platform, ()), *wanted] if chat.lstrip("-").isdecimal()]
        found += await _platform(given, platform, sorted(set(map(int, chats))))
    return found


async def _platform(given: Settings, platform: str, chats: Sequence[int]) -> list[Finding]:
    if platform == "telegram" and given.telegram_token.get_secret_value():
        webhook = given.telegram_webhook
        checked = await telegram_checks.check(given.telegram_token, given.telegram_api, webhook=webhook, chats=chats)
        return [Finding(*one) for one in checked]
    if platform == "discord" and given.discord_token.get_secret_value():
        try:
            lines = await discord_checks.check(given.discord_token, given.discord_api)
        except XiaoerError as fault:
            return [Finding("discord", False, str(fault))]
        return [Finding("discord", *line) for line in lines]
    return [Finding(platform, True, GET_ONE[platform])]


def _named(chats: str) -> list[str]:
    return [name.strip() for name in chats.split(",") if name.strip()]


def _faults(chats: str) -> list[str]:
    """What is wrong with the setting CHATS: a name that no chat has would keep the bot out of it."""
    mend = "write telegram:-1001234567890 or discord:123456789012345678"
    parts = [(name, *name.partition(":")) for name in _named(chats)]
    return [
        f"CHATS: {name} names no chat; {mend}"
        for name, platform, _, chat in parts
        if platform not in PLATFORMS or not chat.lstrip("-").isdecimal()
    ]


async def examine_clock(given: Settings, redis_s: float | None) -> Finding:
    """This machine's clock beside Redis', in seconds since 1970 and read just now, and the platforms'."""
    ours = {} if redis_s is None else {"Redis": redis_s - datetime.now(UTC).timestamp()}
    compared = ours | {name: ahead async for name, ahead in _platform_clocks(given)}
    wrong = [
        f"{abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} {name}"
        for name, ahead in compared.items()
        if abs(ahead) > SKEW_S
    ]
    if wrong:
        mend = "run `timedatectl set-ntp true` there, or set the clock that is wrong"
        return Finding("clock", False, f"this machine is {', '.join(wrong)}; {mend}")
    return Finding("clock", True, f"within {SKEW_S:.0f} s of {', '.join(compared) or 'nothing to compare with'}")


async def _platform_clocks(given: Settings) -> AsyncIterator[tuple[str, float]]:
    """How far each platform with a token is ahead of us, by the Date of an answer; one that is away is left out."""
    servers = {
        "Telegram": given.telegram_api if given.telegram_token.get_secret_value() else "",
        "Discord": given.discord_api if given.discord_token.get_secret_value() else "",
    }
    async with httpx.AsyncClient(timeout=10) as client:
        for name, address in servers.items():
            if not address:
                continue
            try:
                answer = await client.head(address)
                date = parsedate_to_datetime(answer.headers["date"]).replace(tzinfo=UTC)  # HTTP dates are GMT
            except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError):
                continue
            yield name, (date - datetime.now(UTC)).total_seconds()
