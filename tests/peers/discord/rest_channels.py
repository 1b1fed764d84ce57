"""REST routes of the Discord peer: channels and threads."""

from __future__ import annotations

from typing import Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.forms import check_message
from tests.peers.discord.nouns import Channel, Kind, Message, Overwrite
from tests.peers.discord.refusals import RefusalError, invalid, not_between
from tests.peers.discord.rest import Asked, route
from tests.peers.discord.rest_messages import create
from tests.peers.discord.rights import Right


@route("GET", "/channels/{channel}")
def channel(asked: Asked) -> Any:
    return payloads.channel(asked.channel())


@route("POST", "/guilds/{guild}/channels")
def make(asked: Asked) -> Any:
    """With the overwrites of the form, and no more rights than the bot has itself."""
    guild, form = asked.guild(), asked.form
    asked.need(guild, Right.MANAGE_CHANNELS)
    made = asked.peer.channel(guild, form["name"], Kind(form.get("type", 0)))
    for over in form.get("permission_overwrites") or []:
        allow, deny = Right(int(over.get("allow") or 0)), Right(int(over.get("deny") or 0))
        if (allow | deny) & ~asked.peer.bot_rights(guild):
            raise RefusalError(50013)
        made.overwrites[str(over["id"])] = Overwrite(str(over["id"]), int(over["type"]), allow, deny)
    asked.peer.announce_in("CHANNEL_UPDATE", payloads.channel(made), guild)
    return payloads.channel(made)


@route("PATCH", "/channels/{channel}")
def change(asked: Asked) -> Any:
    """Name and topic of a channel; name, archived and locked of a thread."""
    found = asked.channel()
    if found.guild is None:
        raise RefusalError(50003)
    own = found.is_thread and found.owner == asked.peer.bot.id and "locked" not in asked.form
    if not own:
        asked.channel(Right.MANAGE_THREADS if found.is_thread else Right.MANAGE_CHANNELS)
    for name in ("name", "topic", "archived", "locked"):
        if name in asked.form:
            setattr(found, name, asked.form[name])
    event = "THREAD_UPDATE" if found.is_thread else "CHANNEL_UPDATE"
    asked.peer.announce_in(event, payloads.channel(found), found.guild)
    return payloads.channel(found)


@route("DELETE", "/channels/{channel}")
def delete(asked: Asked) -> Any:
    found = asked.channel()
    if found.guild is not None:
        asked.channel(Right.MANAGE_THREADS if found.is_thread else Right.MANAGE_CHANNELS)
        asked.peer.close_channel(found)
    return payloads.channel(found)


@route("PUT", "/channels/{channel}/permissions/{target}")
def overwrite(asked: Asked) -> Any:
    found = asked.channel(Right.MANAGE_ROLES)
    if found.guild is None:
        raise RefusalError(50003)
    target, form = asked.at["target"], asked.form
    allow, deny = Right(int(form.get("allow") or 0)), Right(int(form.get("deny") or 0))
    if (allow | deny) & ~asked.peer.bot_rights(found.guild):
        raise RefusalError(50013)
    synced = [one for one in found.guild.channels.values() if one.parent is found and _synced(one)]
    for one in (found, *synced):
        one.overwrites[target] = Overwrite(target, form["type"], allow, deny)
        asked.peer.announce_in("CHANNEL_UPDATE", payloads.channel(one), found.guild)


def _synced(channel: Channel) -> bool:
    """Whether a channel has its category's overwrites: then it takes their changes, too."""
    return channel.parent is not None and not channel.is_thread and channel.overwrites == channel.parent.overwrites


@route("POST", "/channels/{channel}/typing")
def typing(asked: Asked) -> Any:
    asked.channel(Right.SEND_MESSAGES)


def _thread_name(asked: Asked) -> str:
    name = asked.form.get("name", "")
    if not 1 <= len(name) <= 100:
        raise not_between("name", 1, 100)
    return str(name)


@route("POST", "/channels/{channel}/messages/{message}/threads")
def thread_from_message(asked: Asked) -> Any:
    parent = asked.channel(Right.CREATE_PUBLIC_THREADS)
    head = asked.message(parent)
    if head.thread is not None:
        raise RefusalError(160004)
    return payloads.thread(asked.peer.open_thread(parent, asked.peer.bot, _thread_name(asked), Kind.THREAD, head))


@route("POST", "/channels/{channel}/threads")
def thread(asked: Asked) -> Any:
    """In a forum a post with its first message."""
    parent = asked.channel()
    if parent.kind is Kind.FORUM:
        return _post(asked, asked.channel(Right.SEND_MESSAGES))
    if parent.kind not in (Kind.TEXT, Kind.NEWS):
        raise RefusalError(50024)
    kind = Kind(asked.form.get("type", Kind.PRIVATE_THREAD))
    asked.channel(Right.CREATE_PRIVATE_THREADS if kind is Kind.PRIVATE_THREAD else Right.CREATE_PUBLIC_THREADS)
    return payloads.thread(asked.peer.open_thread(parent, asked.peer.bot, _thread_name(asked), kind, None))


def _post(asked: Asked, forum: Channel) -> dict[str, Any]:
    form = asked.form.get("message")
    if form is None:
        raise invalid("message", "BASE_TYPE_REQUIRED", "This field is required")
    name = _thread_name(asked)
    check_message(form, len(asked.files), "message.")
    made = asked.peer.open_thread(forum, asked.peer.bot, name, Kind.THREAD, None)
    head: Message = create(asked, made, form, None, id=made.id)
    return {**payloads.thread(made), "message": asked.peer.told(head)}


@route("PUT", "/channels/{channel}/thread-members/{user}")
def join(asked: Asked) -> Any:
    _joined(asked, True)


@route("DELETE", "/channels/{channel}/thread-members/{user}")
def leave(asked: Asked) -> Any:
    _joined(asked, False)


def _joined(asked: Asked, there: bool) -> None:
    found = asked.channel()
    if not found.is_thread or found.guild is None:
        raise RefusalError(50024)
    if found.archived:
        raise RefusalError(50083)
    user = asked.peer.bot.id if asked.at["user"] == "@me" else asked.at["user"]
    others = [one for one in found.joined if one != user]
    found.joined = [*others, user] if there else others
    told: dict[str, Any] = {"id": found.id, "member_count": len(found.joined)}
    if there:
        joined_at = payloads.stamp(asked.peer.clock.now())
        told["added_members"] = [{"id": found.id, "user_id": user, "join_timestamp": joined_at, "flags": 0}]
    else:
        told["removed_member_ids"] = [user]
    asked.peer.announce_in("THREAD_MEMBERS_UPDATE", told, found.guild)
