"""What Discord's refusals mean: wait, give up for good, or try again. Each tells the operator the mend."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.outbox import Later, Refused, Why

PORTAL = "https://discord.com/developers/applications"

UNKNOWN_CHANNEL, UNKNOWN_MEMBER, UNKNOWN_MESSAGE, UNKNOWN_USER = 10003, 10007, 10008, 10013
UNKNOWN_ROLE = 10011
UNKNOWN_WEBHOOK, UNKNOWN_BAN, UNKNOWN_INTERACTION = 10015, 10026, 10062
ANSWERED, DEAD_TOKEN = 40060, 50027

TOKEN_GONE = frozenset({UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, DEAD_TOKEN})
"""An interaction that cannot be answered any more."""

_FOR_GOOD: dict[int, tuple[Why, str]] = {
    UNKNOWN_CHANNEL: ("gone", "the channel was deleted"),
    10004: ("gone", "the bot is no longer in this server; invite it again"),
    UNKNOWN_MEMBER: ("gone", "the member has left the server"),
    DEAD_TOKEN: ("gone", "the interaction is older than 15 minutes"),
    UNKNOWN_USER: ("gone", "there is no such user"),
    50001: ("rights", "the bot does not see this channel; give it View Channel there"),
    50013: ("rights", "the bot lacks a permission here; `xiaoer doctor` names it"),
    50007: ("blocked", "the member takes no direct messages; speak to them in a channel"),
    50083: ("rights", "the thread is archived and locked; open it again"),
    160005: ("rights", "the thread is locked; unlock it, or give the bot Manage Threads"),
    30046: ("too_old", "an old message may not be edited so often"),
    50278: ("blocked", "the member shares no server with the bot any more"),
}


class Denied(Refused):
    """Discord's own refusal, with its `code`."""

    def __init__(self, why: Why, told: str, code: int) -> None:
        super().__init__(why, f"Discord: {told} (code {code})")
        self.code = code


UNREACHABLE = (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordServerError, discord.GatewayNotFound)
"""Faults of the way to Discord, or of Discord itself: it is tried again."""


TOKEN_MEND = (
    "Discord does not take the token; open "
    f"{PORTAL}, your application, Bot, press Reset Token, and put the new one into DISCORD_TOKEN"
)
REVOKED_S = 60.0
"""Seconds between two tries with a token that is refused: the gateway tells the operator, nothing said is lost."""


@contextmanager
def plainly() -> Iterator[None]:
    """Turns discord.py's faults into Denied or Later; what may pass by itself goes through as it is."""
    try:
        yield
    except discord.RateLimited as fault:
        raise Later(fault.retry_after) from fault
    except discord.HTTPException as fault:
        raise meaning(fault) from fault


def meaning(fault: discord.HTTPException) -> Exception:
    """What a refusal means. Any 403 or 404 is for good: ten thousand of them in ten minutes block the address."""
    if known := _FOR_GOOD.get(fault.code):
        return Denied(*known, fault.code)
    if fault.status == 401:
        return Later(REVOKED_S, everywhere=True)
    if fault.status == 429:
        return Later(_wait(fault), everywhere=True)
    if fault.status in (403, 404):
        return Denied("rights" if fault.status == 403 else "gone", fault.text, fault.code)
    return fault


def traced(fault: BaseException) -> str:
    """Where a fault came up, for the log: its own words may hold a member's, and the frames' values the token."""
    return "".join(traceback.format_tb(fault.__traceback__))


def _wait(fault: discord.HTTPException) -> float:
    """Seconds; a 429 that discord.py does not wait out itself comes from the wall before Discord."""
    told = fault.response.headers.get("Retry-After", "")
    return float(told) if told.isdigit() else 60.0
