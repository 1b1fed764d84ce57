"""REST routes of the Discord peer: guilds, members, roles, bans, the audit log, AutoMod's rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.clock import born
from tests.peers.discord.nouns import Guild, Member, Role
from tests.peers.discord.refusals import RefusalError, invalid
from tests.peers.discord.rest import Asked, route
from tests.peers.discord.rights import Right, outranks, rights, top

LONGEST_TIMEOUT = timedelta(days=28)
WEEK_S = 604_800
MOST_ROLES = 250


@route("GET", "/guilds/{guild}")
def guild(asked: Asked) -> Any:
    return payloads.guild(asked.guild())


@route("GET", "/guilds/{guild}/channels")
def channels(asked: Asked) -> Any:
    return [payloads.channel(one) for one in asked.guild().channels.values() if not one.is_thread]


@route("GET", "/guilds/{guild}/threads/active")
def active_threads(asked: Asked) -> Any:
    threads = [one for one in asked.guild().channels.values() if one.is_thread and not one.archived]
    return {"threads": [payloads.thread(one) for one in threads if asked.peer.bot_sees(one)], "members": []}


@route("GET", "/guilds/{guild}/roles")
def roles(asked: Asked) -> Any:
    return [payloads.role(one) for one in asked.guild().roles.values()]


@route("POST", "/guilds/{guild}/roles")
def make_role(asked: Asked) -> Any:
    """With no more rights than the bot has itself."""
    found = asked.guild()
    asked.need(found, Right.MANAGE_ROLES)
    if len(found.roles) >= MOST_ROLES:
        raise RefusalError(30005)
    may = Right(int(asked.form.get("permissions") or 0))
    if may & ~asked.peer.bot_rights(found):
        raise RefusalError(50013)
    return payloads.role(asked.peer.role(found, asked.form.get("name", "new role"), may))


@route("GET", "/guilds/{guild}/members")
def members(asked: Asked) -> Any:
    limit, after = int(asked.query.get("limit", 1)), int(asked.query.get("after", 0))
    known = sorted(asked.guild().members.values(), key=lambda one: int(one.person.id))
    return [payloads.member(one) for one in known if int(one.person.id) > after][:limit]


@route("GET", "/guilds/{guild}/members/{user}")
def member(asked: Asked) -> Any:
    return payloads.member(asked.member(asked.guild()))


def _above(asked: Asked, found: Guild, target: Member) -> None:
    """Raises RefusalError for a member at or above the bot."""
    if not outranks(found, found.members[asked.peer.bot.id], target):
        raise RefusalError(50013)


@route("PATCH", "/guilds/{guild}/members/{user}")
def change_member(asked: Asked) -> Any:
    """Timeout, roles and nickname; all is checked before anything is changed."""
    found = asked.guild()
    target = asked.member(found)
    until = _silence(asked, found, target) if "communication_disabled_until" in asked.form else None
    wanted = {str(one) for one in asked.form["roles"] or []} if "roles" in asked.form else None
    if wanted is not None:
        for changed in wanted ^ target.roles:
            _assignable(asked, found, changed)
        _set_roles(asked, found, target, wanted)
    if "nick" in asked.form:
        own = target.person is asked.peer.bot
        if not own:
            asked.need(found, Right.MANAGE_NICKNAMES)
            _above(asked, found, target)
        target.nick = asked.form["nick"] or None
        asked.peer.changed(found, target)
    if "communication_disabled_until" in asked.form:
        asked.peer.silence(found, asked.peer.bot, target, until, asked.reason)
    return payloads.member(target)


def _silence(asked: Asked, found: Guild, target: Member) -> datetime | None:
    """The end of the timeout that the form asks for. An administrator cannot be silenced."""
    asked.need(found, Right.MODERATE_MEMBERS)
    _above(asked, found, target)
    if asked.form["communication_disabled_until"] is None:
        return None
    if Right.ADMINISTRATOR in rights(found, target, None, asked.peer.clock.now()):
        raise RefusalError(50013)
    until = datetime.fromisoformat(asked.form["communication_disabled_until"])
    if until - asked.peer.clock.now() > LONGEST_TIMEOUT:
        words = "The time must be less than 28 days in the future."
        raise invalid("communication_disabled_until", "INVALID_COMMUNICATION_DISABLED_TIMESTAMP", words)
    return until


def _assignable(asked: Asked, found: Guild, role: str) -> Role:
    """A role that the bot may give and take: below its own, and nobody else's by nature."""
    asked.need(found, Right.MANAGE_ROLES)
    if role not in found.roles:
        raise RefusalError(10011)
    wanted = found.roles[role]
    bot = found.members[asked.peer.bot.id]
    below = found.owner is asked.peer.bot or wanted.position < top(found, bot)
    if wanted.bot or role == found.id or not below:
        raise RefusalError(50013)
    return wanted


def _set_roles(asked: Asked, found: Guild, target: Member, wanted: set[str]) -> None:
    change: list[dict[str, Any]] = []
    for key, ids in (("$add", wanted - target.roles), ("$remove", target.roles - wanted)):
        change += [{"key": key, "new_value": [{"id": i, "name": found.roles[i].name} for i in ids]}] if ids else []
    target.roles = wanted
    asked.peer.changed(found, target)
    asked.peer.record(found, asked.peer.bot, 25, target.person.id, asked.reason, changes=change)


@route("PUT", "/guilds/{guild}/members/{user}/roles/{role}")
def give_role(asked: Asked) -> Any:
    found = asked.guild()
    target = asked.member(found)
    role = _assignable(asked, found, asked.at["role"])
    _set_roles(asked, found, target, target.roles | {role.id})


@route("DELETE", "/guilds/{guild}/members/{user}/roles/{role}")
def take_role(asked: Asked) -> Any:
    found = asked.guild()
    target = asked.member(found)
    role = _assignable(asked, found, asked.at["role"])
    _set_roles(asked, found, target, target.roles - {role.id})


@route("DELETE", "/guilds/{guild}/members/{user}")
def kick(asked: Asked) -> Any:
    found = asked.guild()
    asked.need(found, Right.KICK_MEMBERS)
    target = asked.member(found)
    _above(asked, found, target)
    asked.peer.throw_out(found, asked.peer.bot, target.person, ban=False, reason=asked.reason)


@route("GET", "/guilds/{guild}/bans")
def bans(asked: Asked) -> Any:
    found = asked.guild()
    asked.need(found, Right.BAN_MEMBERS)
    return [_ban(asked, found, one) for one in found.bans]


def _ban(asked: Asked, found: Guild, user: str) -> dict[str, Any]:
    return {"reason": found.bans[user], "user": payloads.user(asked.peer.people[user])}


@route("GET", "/guilds/{guild}/bans/{user}")
def ban(asked: Asked) -> Any:
    found = asked.guild()
    asked.need(found, Right.BAN_MEMBERS)
    if asked.at["user"] not in found.bans:
        raise RefusalError(10026)
    return _ban(asked, found, asked.at["user"])


@route("PUT", "/guilds/{guild}/bans/{user}")
def make_ban(asked: Asked) -> Any:
    """Somebody who has left may be banned too; the form may have the last messages deleted."""
    found = asked.guild()
    asked.need(found, Right.BAN_MEMBERS)
    person = asked.peer.people.get(asked.at["user"])
    if person is None:
        raise RefusalError(10013)
    if person.id in found.members:
        _above(asked, found, found.members[person.id])
    seconds = int((asked.form or {}).get("delete_message_seconds") or 0)
    if not 0 <= seconds <= WEEK_S:
        words = f"int value should be less than or equal to {WEEK_S}."
        raise invalid("delete_message_seconds", "NUMBER_TYPE_MAX", words)
    asked.peer.throw_out(found, asked.peer.bot, person, ban=True, reason=asked.reason)
    since = asked.peer.clock.now() - timedelta(seconds=seconds)
    for channel in found.channels.values():
        own = [one.id for one in channel.messages.values() if one.author is person and born(one.id) >= since]
        asked.peer.remove_all(channel, own if seconds else [])


@route("DELETE", "/guilds/{guild}/bans/{user}")
def lift_ban(asked: Asked) -> Any:
    found = asked.guild()
    asked.need(found, Right.BAN_MEMBERS)
    if asked.at["user"] not in found.bans:
        raise RefusalError(10026)
    asked.peer.forgive(found, asked.peer.bot, asked.peer.people[asked.at["user"]])


@route("GET", "/guilds/{guild}/audit-logs")
def audit_log(asked: Asked) -> Any:
    """The newest first."""
    found = asked.guild()
    asked.need(found, Right.VIEW_AUDIT_LOG)
    kind, limit = int(asked.query.get("action_type", 0)), int(asked.query.get("limit", 50))
    entries = [one for one in reversed(found.log) if not kind or one["action_type"] == kind][:limit]
    users = {one[key] for one in entries for key in ("user_id", "target_id")} & set(asked.peer.people)
    told: dict[str, Any] = {name: [] for name in ("threads", "webhooks", "integrations", "guild_scheduled_events")}
    told |= {"application_commands": [], "auto_moderation_rules": list(found.rules.values())}
    return {**told, "audit_log_entries": entries, "users": [payloads.user(asked.peer.people[one]) for one in users]}


@route("GET", "/guilds/{guild}/auto-moderation/rules")
def automod_rules(asked: Asked) -> Any:
    found = asked.guild()
    asked.need(found, Right.MANAGE_GUILD)
    return list(found.rules.values())


@route("GET", "/guilds/{guild}/auto-moderation/rules/{rule}")
def automod_rule(asked: Asked) -> Any:
    found = asked.guild()
    asked.need(found, Right.MANAGE_GUILD)
    if asked.at["rule"] not in found.rules:
        raise RefusalError(10015)
    return found.rules[asked.at["rule"]]
