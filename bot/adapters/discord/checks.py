"""What the doctor asks Discord: the token, the intents, the link that invites the bot, its rights in each server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import discord
from pydantic import SecretStr

from bot.adapters.discord.client import aim
from bot.adapters.discord.faults import PORTAL, TOKEN_MEND, UNREACHABLE
from bot.adapters.discord.rights import NEEDED, lacking, names
from moderation.errors import XiaoerError

GUILDS = 200
"""Servers that are looked at, as many as Discord tells at once."""
UNVERIFIED = 100
"""Servers that a bot may be in before Discord wants to verify it for its privileged intents."""


class Line(NamedTuple):
    """One thing examined: `told` says how it stands, with the mend when it is not good."""

    good: bool
    told: str


async def check(token: SecretStr, api: str, *, only: Collection[int] | None = None) -> list[Line]:
    """How the bot stands at Discord, in all its servers or in these `only`.

    Raises XiaoerError when the token is refused or nobody answers.
    """
    aim(api)
    client = discord.Client(intents=discord.Intents.none())
    try:
        async with client:
            await client.login(token.get_secret_value())
            application = await client.application_info()
            guilds = await client.http.get_guilds(GUILDS)
    except discord.LoginFailure:  # its cause holds the request
        raise XiaoerError(TOKEN_MEND) from None
    except UNREACHABLE as fault:
        mend = "correct DISCORD_API, or let this machine reach it"
        raise XiaoerError(f"Discord at {api}: {type(fault).__name__}; {mend}") from None
    return [
        Line(True, f"the token is {application.name}'s"),
        *_intents(application),
        Line(True, f"invite it with {invite(application.id)}"),
        *(_guild(row) for row in guilds if only is None or int(row["id"]) in only),
        *_verification(len(guilds)),
    ]


def invite(application: int) -> str:
    """The link that adds the bot to a server, with the rights it needs and its commands."""
    return discord.utils.oauth_url(application, permissions=NEEDED, scopes=("bot", "applications.commands"))


def _intents(application: discord.AppInfo) -> list[Line]:
    flags = application.flags
    given = {
        "Message Content Intent": flags.gateway_message_content or flags.gateway_message_content_limited,
        "Server Members Intent": flags.gateway_guild_members or flags.gateway_guild_members_limited,
    }
    page = f"{PORTAL}/{application.id}/bot"
    lines = [Line(on, f"{name} is {'on' if on else f'off: switch it on at {page}'}") for name, on in given.items()]
    if application.interactions_endpoint_url:
        mend = f"empty Interactions Endpoint URL at {PORTAL}/{application.id}/information"
        lines.append(Line(False, f"commands and buttons go to another address: {mend}"))
    return lines


def _guild(row: Mapping[str, Any]) -> Line:
    """One server with the permissions that the bot's roles add up to there."""
    missing = lacking(discord.Permissions(int(row["permissions"])), *names(NEEDED))
    if not missing:
        return Line(True, f"server {row['name']}: all permissions are there")
    mend = "allow it in Server Settings > Roles > the bot's role, or use the invite link again"
    return Line(False, f"server {row['name']}: the bot lacks {', '.join(missing)}; {mend}")


def _verification(guilds: int) -> list[Line]:
    if guilds < UNVERIFIED:
        return []
    return [Line(False, f"in {guilds} servers Discord wants the bot verified for its intents: see {PORTAL}")]
