"""REST routes of the Discord peer: the bot itself, its application, its commands, the gateway's address."""

from __future__ import annotations

from typing import Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.commands import check_commands
from tests.peers.discord.refusals import RefusalError
from tests.peers.discord.rest import Asked, route
from tests.peers.discord.world import Command


@route("GET", "/users/@me")
def me(asked: Asked) -> Any:
    return payloads.user(asked.peer.bot)


@route("GET", "/users/@me/guilds")
def my_guilds(asked: Asked) -> Any:
    """Each with what the bot's roles add up to there."""
    mine = asked.peer.bot_guilds()
    return [payloads.guild(guild) | {"permissions": str(int(asked.peer.bot_rights(guild)))} for guild in mine]


@route("DELETE", "/users/@me/guilds/{guild}")
def leave(asked: Asked) -> Any:
    asked.peer.kick_bot(asked.guild())


@route("GET", "/users/{user}")
def user(asked: Asked) -> Any:
    found = asked.peer.people.get(asked.at["user"])
    if found is None:
        raise RefusalError(10013)
    return payloads.user(found)


@route("POST", "/users/@me/channels")
def open_dm(asked: Asked) -> Any:
    """Opening works even where sending is refused."""
    person = asked.peer.people.get(str(asked.form["recipient_id"]))
    if person is None:
        raise RefusalError(10013)
    if person.bot:
        raise RefusalError(50007)
    return payloads.channel(asked.peer.dm(person))


@route("GET", "/oauth2/applications/@me")
@route("GET", "/applications/@me")
def application(asked: Asked) -> Any:
    app = asked.peer.application
    return {
        "id": app.id,
        "name": app.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": app.public,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": payloads.user(next((guild.owner for guild in asked.peer.guilds.values()), asked.peer.bot)),
        "team": None,
        "flags": app.flags,
        "approximate_guild_count": len(asked.peer.bot_guilds()),
        "interactions_endpoint_url": None,
    }


@route("GET", "/gateway")
def gateway(asked: Asked) -> Any:
    return {"url": asked.peer.gateway.url}


@route("GET", "/gateway/bot")
def gateway_bot(asked: Asked) -> Any:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
    return {"url": asked.peer.gateway.url, "shards": asked.peer.shards, "session_start_limit": limit}


def _shown(command: Command, app: str) -> dict[str, Any]:
    """A command as Discord keeps it, with what the form left out."""
    defaults = {"type": 1, "description": "", "default_member_permissions": None, "nsfw": False, "contexts": None}
    guild = {"guild_id": command.guild} if command.guild else {}
    return {**defaults, **command.body, "id": command.id, "application_id": app, "version": command.id, **guild}


def _mine(asked: Asked) -> str | None:
    """The guild of the path, None for global commands."""
    if asked.at["app"] != asked.peer.application.id:
        raise RefusalError(10002)
    return asked.guild().id if "guild" in asked.at else None


@route("GET", "/applications/{app}/guilds/{guild}/commands")
@route("GET", "/applications/{app}/commands")
def commands(asked: Asked) -> Any:
    guild = _mine(asked)
    return [_shown(one, asked.at["app"]) for one in asked.peer.commands if one.guild == guild]


@route("PUT", "/applications/{app}/guilds/{guild}/commands")
@route("PUT", "/applications/{app}/commands")
def put_commands(asked: Asked) -> Any:
    """Replaces all of them; one that keeps its name and kind keeps its id."""
    peer, guild = asked.peer, _mine(asked)
    check_commands(asked.form)
    old = {(one.kind, one.name): one.id for one in peer.commands if one.guild == guild}
    new = [Command(old.get((b.get("type", 1), b["name"])) or peer.ids.next(), guild, b) for b in asked.form]
    peer.commands = [one for one in peer.commands if one.guild != guild] + new
    return [_shown(one, asked.at["app"]) for one in new]


@route("DELETE", "/applications/{app}/guilds/{guild}/commands/{command}")
@route("DELETE", "/applications/{app}/commands/{command}")
def delete_command(asked: Asked) -> Any:
    guild = _mine(asked)
    found = next((c for c in asked.peer.commands if c.id == asked.at["command"] and c.guild == guild), None)
    if found is None:
        raise RefusalError(10063)
    asked.peer.commands.remove(found)
