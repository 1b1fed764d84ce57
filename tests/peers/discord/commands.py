"""The commands that a bot has put at Discord: what is accepted, who sees them, and how people fill them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.nouns import Channel, Kind, Person, Role
from tests.peers.discord.refusals import RefusalError, invalid, not_between, too_long
from tests.peers.discord.rights import Right

if TYPE_CHECKING:
    from tests.peers.discord.world import Command

NAME = re.compile(r"[-_'\w]{1,32}")
LANGS = re.compile(
    r"id|da|de|en-(GB|US)|es-(ES|419)|fr|hr|it|lt|hu|nl|no|pl|pt-BR|ro|fi|sv-SE|vi|tr|cs|el|bg|ru|uk|hi|th"
    r"|zh-(CN|TW)|ja|ko"
)
"""The languages that names may be given in."""
MOST = {1: 100, 2: 15, 3: 15}
"""Commands of one kind: slash, on a person, on a message."""
PERSON, PLACE, ROLE, MENTIONABLE = 6, 7, 8, 9


def check_commands(bodies: list[dict[str, Any]]) -> None:
    """Raises RefusalError for what Discord does not take."""
    for kind, most in MOST.items():
        if sum(body.get("type", 1) == kind for body in bodies) > most:
            raise RefusalError(30032)
    names = [(body.get("type", 1), body["name"]) for body in bodies]
    if len(set(names)) < len(names):
        raise invalid("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    for at, body in enumerate(bodies):
        _check(str(at), body, slash=body.get("type", 1) == 1)


def _check(path: str, body: dict[str, Any], slash: bool = True) -> None:
    for name in [body["name"], *_localised(path, body, "name_localizations")]:
        if not 1 <= len(name) <= 32:
            raise not_between(f"{path}.name", 1, 32)
        if slash and (not NAME.fullmatch(name) or name != name.lower()):
            raise invalid(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if slash:
        for told in [body.get("description", ""), *_localised(path, body, "description_localizations")]:
            if not 1 <= len(told) <= 100:
                raise not_between(f"{path}.description", 1, 100)
    _check_options(path, body.get("options", []))


def _localised(path: str, body: dict[str, Any], field: str) -> list[str]:
    told: dict[str, str] = body.get(field) or {}
    unknown = [lang for lang in told if not LANGS.fullmatch(lang)]
    if unknown:
        raise invalid(f"{path}.{field}", "DICT_INVALID_KEYS", f"Unknown locale {unknown}")
    return list(told.values())


def _check_options(path: str, options: list[dict[str, Any]]) -> None:
    if len(options) > 25:
        raise too_long(f"{path}.options", 25)
    optional = False
    for at, one in enumerate(options):
        _check(f"{path}.options.{at}", one)
        if one.get("required") and optional:
            words = "Required options must be placed before non-required options"
            raise invalid(f"{path}.options.{at}", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional = optional or not one.get("required")
        check_choices(f"{path}.options.{at}.choices", one.get("choices") or [])


def check_choices(path: str, choices: list[dict[str, Any]]) -> None:
    """At most 25, each of 1 to 100 characters."""
    if len(choices) > 25:
        raise too_long(path, 25)
    for at, one in enumerate(choices):
        for field in ("name", "value"):
            if isinstance(one[field], str) and not 1 <= len(one[field]) <= 100:
                raise not_between(f"{path}.{at}.{field}", 1, 100)


def find(commands: list[Command], channel: Channel, name: str, kind: int, lang: str) -> Command:
    """The command as the person calls it, by its own name or the one in their language; a guild's own first."""
    here = channel.guild.id if channel.guild else None
    reachable = [one for one in commands if one.kind == kind and one.guild in (here, None)]
    for one in sorted(reachable, key=lambda one: one.guild is None):
        if name in (one.name, shown(one.body, lang)):
            return one
    raise LookupError(f"no command {name} of type {kind}")


def shown(body: dict[str, Any], lang: str) -> str:
    """The name of a command, group or option that people of that language see."""
    return str((body.get("name_localizations") or {}).get(lang, body["name"]))


def may_use(command: Command, channel: Channel, rights: Right) -> bool:
    """Whether Discord shows it to a person with these rights."""
    contexts = command.body.get("contexts")
    if channel.kind is Kind.DM:
        return command.guild is None and (contexts is None or 1 in contexts) and command.body.get("dm_permission", True)
    if contexts is not None and 0 not in contexts:
        return False
    needed = command.body.get("default_member_permissions")
    wanted = Right.USE_APPLICATION_COMMANDS | Right.VIEW_CHANNEL
    if needed is not None:
        wanted |= Right(int(needed)) or Right.ADMINISTRATOR
    return wanted in rights


def leaf(body: dict[str, Any], words: list[str], lang: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The groups and the subcommand on the way (name and type), and the options that the last one declares."""
    way: list[dict[str, Any]] = []
    for word in words:
        parts = [one for one in body.get("options", []) if one["type"] in (1, 2)]
        body = next((one for one in parts if word in (one["name"], shown(one, lang))), {})
        if not body:
            raise LookupError(f"no subcommand {word}")
        way.append({"name": body["name"], "type": body["type"]})
    options = body.get("options", [])
    if any(one["type"] in (1, 2) for one in options):
        raise LookupError("a group is no command")
    return way, options


def chosen(way: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options as an interaction carries them: the values inside the subcommand, inside its group."""
    for step in reversed(way):
        given = [{**step, "options": given}]
    return given


def typed_value(declared: dict[str, Any], value: Any, resolved: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """An option with its value; what it names is added to `resolved`. Raises ValueError where Discord stops one."""
    told = {"name": declared["name"], "type": declared["type"]}
    if isinstance(value, Person):
        resolved.setdefault("users", {})[value.id] = payloads.user(value)
        if channel.guild and value.id in channel.guild.members:
            member = payloads.member(channel.guild.members[value.id], with_user=False)
            resolved.setdefault("members", {})[value.id] = {**member, "permissions": "0"}
        return {**told, "value": value.id}
    if isinstance(value, Channel):
        resolved.setdefault("channels", {})[value.id] = {**payloads.channel(value), "permissions": "0"}
        return {**told, "value": value.id}
    if isinstance(value, Role):
        resolved.setdefault("roles", {})[value.id] = payloads.role(value)
        return {**told, "value": value.id}
    return {**told, "value": _plain(declared, value)}


def _plain(declared: dict[str, Any], value: Any) -> Any:
    offered = {one["name"]: one["value"] for one in declared.get("choices") or []}
    if offered:
        if value not in offered and value not in offered.values():
            raise ValueError(f"{declared['name']} offers no {value}")
        return offered.get(value, value)
    if declared["type"] == 3 and not declared.get("min_length", 0) <= len(value) <= declared.get("max_length", 6000):
        raise ValueError(f"{declared['name']} does not take {len(value)} characters")
    if declared["type"] in (4, 10) and not (
        declared.get("min_value", value) <= value <= declared.get("max_value", value)
    ):
        raise ValueError(f"{declared['name']} does not take {value}")
    return value
