"""REST routes of the Discord peer: messages, reactions, pins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from tests.peers.discord import payloads as payloads
from tests.peers.discord.clock import born
from tests.peers.discord.forms import SHOWN_FLAGS, check_message
from tests.peers.discord.mentions import reached
from tests.peers.discord.nouns import Channel, Message
from tests.peers.discord.refusals import RefusalError, invalid
from tests.peers.discord.rest import WRITABLE, Asked, route
from tests.peers.discord.rights import Right
from tests.peers.discord.session import Intent, without_content

BULK_AGE = timedelta(days=14)
NONCE_AGE = timedelta(minutes=5)
SUPPRESSED = 1 << 2


def told(asked: Asked, message: Message) -> dict[str, Any]:
    """Without its content for an application that may not read it, in guilds."""
    whole = asked.peer.told(message)
    if Intent.CONTENT in asked.peer.application.privileged or message.channel.guild is None:
        return whole
    guild = {"guild_id": message.channel.guild.id}
    seen = without_content({**whole, **guild}, asked.peer.bot.id)
    return {name: value for name, value in seen.items() if name != "guild_id"}


@route("GET", "/channels/{channel}/messages")
def history(asked: Asked) -> Any:
    """The newest first; nothing without the right to read the history."""
    channel = asked.channel()
    if Right.READ_MESSAGE_HISTORY not in asked.peer.rights_of(asked.peer.bot, channel):
        return []
    limit = int(asked.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    messages = channel.shown()
    if "before" in asked.query:
        messages = [one for one in messages if int(one.id) < int(asked.query["before"])]
    if "after" in asked.query:
        messages = [one for one in messages if int(one.id) > int(asked.query["after"])][:limit]
    if "around" in asked.query:
        messages = sorted(messages, key=lambda one: abs(int(one.id) - int(asked.query["around"])))[:limit]
        messages.sort(key=lambda one: int(one.id))
    return [told(asked, one) for one in reversed(messages[-limit:])]


@route("GET", "/channels/{channel}/messages/pins")
def pins(asked: Asked) -> Any:
    pinned = [one for one in asked.channel().shown() if one.pinned]
    items = [{"pinned_at": payloads.stamp(one.sent_at), "message": asked.peer.told(one)} for one in pinned]
    return {"items": items[::-1], "has_more": False}


@route("GET", "/channels/{channel}/messages/{message}")
def one_message(asked: Asked) -> Any:
    return told(asked, asked.message(asked.channel(Right.READ_MESSAGE_HISTORY)))


def attached(asked: Asked, form: dict[str, Any]) -> list[dict[str, Any]]:
    """The files of a form, those that came with it and those it keeps."""
    kept = [one for one in form.get("attachments") or [] if "filename" not in one and "size" in one]
    return kept + [asked.peer.picture(name, content, kind) for name, content, kind in asked.files]


@route("POST", "/channels/{channel}/messages")
def send(asked: Asked) -> Any:
    channel = asked.channel()
    may = asked.peer.rights_of(asked.peer.bot, channel)
    if channel.recipient is not None:
        _may_whisper(asked, channel)
    if channel.kind not in WRITABLE:
        raise RefusalError(50008)
    needed = Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES
    if needed not in may or (asked.files and Right.ATTACH_FILES not in may):
        raise RefusalError(50013)
    if channel.locked and Right.MANAGE_THREADS not in may:
        raise RefusalError(50083)
    check_message(asked.form, len(asked.files))
    twin = _sent_before(asked, channel)
    return asked.peer.told(twin or create(asked, channel, asked.form, _answered(asked, channel, may)))


def _sent_before(asked: Asked, channel: Channel) -> Message | None:
    """The bot's message of the last minutes with the same enforced nonce."""
    nonce, since = asked.form.get("nonce"), asked.peer.clock.now() - NONCE_AGE
    if nonce is None or not asked.form.get("enforce_nonce"):
        return None
    own = [one for one in channel.messages.values() if one.author is asked.peer.bot and one.sent_at > since]
    return next((one for one in own if one.nonce == str(nonce)), None)


def _may_whisper(asked: Asked, channel: Channel) -> None:
    """Only to people who allow it and share a guild with the bot."""
    person = channel.recipient
    assert person is not None
    if person.dms_closed or not any(person.id in guild.members for guild in asked.peer.bot_guilds()):
        raise RefusalError(50007)


def _answered(asked: Asked, channel: Channel, may: Right) -> Message | None:
    """The message that the form replies to."""
    reference = asked.form.get("message_reference")
    if reference is None:
        return None
    if Right.READ_MESSAGE_HISTORY not in may:
        raise RefusalError(160002)
    head = channel.messages.get(str(reference["message_id"]))
    if head is None and reference.get("fail_if_not_exists", True):
        raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return head


def create(asked: Asked, channel: Channel, form: dict[str, Any], head: Message | None, **more: Any) -> Message:
    """Puts the bot's message of a form into a channel, `more` of its fields as they are."""
    peer, content = asked.peer, form.get("content") or ""
    may = peer.rights_of(peer.bot, channel)
    pinged = reached(
        content, form.get("allowed_mentions"), channel, Right.MENTION_EVERYONE in may, head.author if head else None
    )
    return peer.put(
        channel,
        peer.bot,
        content,
        kind=19 if head else 0,
        reply_to=head.id if head else None,
        embeds=(form.get("embeds") or []) if Right.EMBED_LINKS in may or more else [],
        components=form.get("components") or [],
        nonce=str(form["nonce"]) if form.get("nonce") is not None else None,
        attachments=attached(asked, form),
        flags=form.get("flags", 0) & SHOWN_FLAGS,
        pinged=pinged,
        mentioned=sorted(pinged - {"everyone", "here"}),
        **more,
    )


@route("PATCH", "/channels/{channel}/messages/{message}")
def edit(asked: Asked) -> Any:
    channel = asked.channel()
    message = asked.message(channel)
    if message.author is not asked.peer.bot:
        return _fold(asked, message)
    if channel.archived:
        raise RefusalError(50083)
    rewrite(asked, message, asked.form)
    return asked.peer.told(message)


def _fold(asked: Asked, message: Message) -> dict[str, Any]:
    """All that a bot may change in another's message: whether its links are unfolded."""
    if set(asked.form) != {"flags"}:
        raise RefusalError(50005)
    asked.channel(Right.MANAGE_MESSAGES)
    embeds = [] if asked.form["flags"] & SUPPRESSED else message.embeds
    asked.peer.change(message, edited=False, flags=asked.form["flags"], embeds=embeds)
    return asked.peer.told(message)


def rewrite(asked: Asked, message: Message, form: dict[str, Any], **more: Any) -> None:
    """Changes what the form names. Raises RefusalError. An edit pings nobody."""
    fields: dict[str, Any] = {one: form[one] or [] for one in ("embeds", "components") if one in form}
    if "content" in form:
        fields["content"] = form["content"] or ""
    if "attachments" in form or asked.files:
        fields["attachments"] = attached(asked, form)
    after = {"content": message.content, "embeds": message.embeds, "components": message.components, **fields}
    check_message(after, len(asked.files) + len(fields.get("attachments", message.attachments)))
    asked.peer.change(message, **fields, **more)


@route("DELETE", "/channels/{channel}/messages/{message}")
def delete(asked: Asked) -> Any:
    channel = asked.channel()
    message = asked.message(channel)
    if message.author is not asked.peer.bot:
        if channel.guild is None:
            raise RefusalError(50003)
        asked.channel(Right.MANAGE_MESSAGES)
        options = {"channel_id": channel.id, "count": "1"}
        asked.peer.record(channel.guild, asked.peer.bot, 72, message.author.id, asked.reason, options=options)
    asked.peer.remove(message)


@route("POST", "/channels/{channel}/messages/bulk-delete")
def bulk_delete(asked: Asked) -> Any:
    channel = asked.channel(Right.MANAGE_MESSAGES)
    if channel.guild is None:
        raise RefusalError(50003)
    ids = [str(one) for one in asked.form["messages"]]
    if not 2 <= len(ids) <= 100:
        raise RefusalError(50016)
    if any(asked.peer.clock.now() - born(one) > BULK_AGE for one in ids):
        raise RefusalError(50034)
    options = {"count": str(len(ids))}
    asked.peer.record(channel.guild, asked.peer.bot, 73, channel.id, asked.reason, options=options)
    asked.peer.remove_all(channel, ids)


@route("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me")
def react(asked: Asked) -> Any:
    """A reaction that is there already may be joined without the right to add one."""
    channel = asked.channel(Right.READ_MESSAGE_HISTORY)
    message, emoji = asked.message(channel), unquote(asked.at["emoji"])
    if emoji.isascii() and ":" not in emoji:
        raise RefusalError(10014)
    if emoji not in message.reactions:
        asked.channel(Right.ADD_REACTIONS)
    asked.peer.add_reaction(message, asked.peer.bot, emoji)


@route("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/{user}")
def unreact(asked: Asked) -> Any:
    channel = asked.channel()
    message, user = asked.message(channel), asked.at["user"]
    if user != "@me":
        asked.channel(Right.MANAGE_MESSAGES)
    person = asked.peer.bot if user == "@me" else asked.peer.people[user]
    asked.peer.remove_reaction(message, person, unquote(asked.at["emoji"]))


@route("GET", "/channels/{channel}/messages/{message}/reactions/{emoji}")
def reactors(asked: Asked) -> Any:
    message = asked.message(asked.channel(Right.READ_MESSAGE_HISTORY))
    who = message.reactions.get(unquote(asked.at["emoji"]), [])
    return [payloads.user(asked.peer.people[one]) for one in who]


@route("PUT", "/channels/{channel}/messages/pins/{message}")
def pin(asked: Asked) -> Any:
    _pin(asked, True)


@route("DELETE", "/channels/{channel}/messages/pins/{message}")
def unpin(asked: Asked) -> Any:
    _pin(asked, False)


def _pin(asked: Asked, pinned: bool) -> None:
    channel = asked.channel(Right.PIN_MESSAGES)
    asked.peer.change(asked.message(channel), edited=False, pinned=pinned)
