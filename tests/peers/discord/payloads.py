"""The peer's nouns as Discord writes them in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.peers.discord.nouns import Channel, Guild, Kind, Member, Message, Overwrite, Person, Role

Json = dict[str, Any]


def stamp(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def user(person: Person) -> Json:
    return {
        "id": person.id,
        "username": person.name,
        "discriminator": "0",
        "global_name": None if person.bot else person.name,
        "avatar": None,
        "bot": person.bot,
        "public_flags": 0,
    }


def role(role: Role) -> Json:
    return {
        "id": role.id,
        "name": role.name,
        "permissions": str(int(role.rights)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": bool(role.bot),
        "mentionable": role.mentionable,
        "flags": 0,
        **({"tags": {"bot_id": role.bot}} if role.bot else {}),
    }


def member(member: Member, with_user: bool = True) -> Json:
    """A message's author is told without the user inside."""
    told: Json = {
        "nick": member.nick,
        "avatar": None,
        "roles": sorted(member.roles, key=int),
        "joined_at": stamp(member.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": stamp(member.silent_until),
    }
    return {**told, "user": user(member.person)} if with_user else told


def overwrite(over: Overwrite) -> Json:
    return {"id": over.id, "type": over.kind, "allow": str(int(over.allow)), "deny": str(int(over.deny))}


def channel(channel: Channel) -> Json:
    if channel.recipient is not None:
        return {"id": channel.id, "type": int(Kind.DM), "recipients": [user(channel.recipient)], **_last(channel)}
    if channel.is_thread:
        return thread(channel)
    assert channel.guild is not None
    return {
        "id": channel.id,
        "type": int(channel.kind),
        "guild_id": channel.guild.id,
        "name": channel.name,
        "position": channel.position,
        "topic": channel.topic or None,
        "nsfw": False,
        "parent_id": channel.parent.id if channel.parent else None,
        "permission_overwrites": [overwrite(over) for over in channel.overwrites.values()],
        "rate_limit_per_user": 0,
        "available_tags": [],
        "bitrate": 64000,
        "user_limit": 0,
        "flags": 0,
        **_last(channel),
    }


def thread(channel: Channel) -> Json:
    assert channel.guild is not None
    assert channel.parent is not None
    return {
        "id": channel.id,
        "type": int(channel.kind),
        "guild_id": channel.guild.id,
        "parent_id": channel.parent.id,
        "owner_id": channel.owner,
        "name": channel.name,
        "message_count": len(channel.messages),
        "total_message_sent": len(channel.messages),
        "member_count": len(channel.joined),
        "rate_limit_per_user": 0,
        "flags": 0,
        "applied_tags": [],
        "thread_metadata": {
            "archived": channel.archived,
            "locked": channel.locked,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
        **_last(channel),
    }


def _last(channel: Channel) -> Json:
    return {"last_message_id": max(channel.messages, key=int, default=None)}


def guild(guild: Guild) -> Json:
    return {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner.id,
        "roles": [role(one) for one in guild.roles.values()],
        "member_count": len(guild.members),
        "approximate_member_count": len(guild.members),
        "features": ["COMMUNITY"],
        "emojis": [],
        "stickers": [],
        "icon": None,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": guild.lang,
        "system_channel_id": guild.greetings.id if guild.greetings else None,
        "afk_timeout": 300,
    }


def whole_guild(whole: Guild, bot: Person, members: list[Member], large: bool, threads: list[Channel]) -> Json:
    """A guild as GUILD_CREATE tells it, with the members and threads that the session may know."""
    plain = [one for one in whole.channels.values() if not one.is_thread]
    return {
        **guild(whole),
        "joined_at": stamp(whole.members[bot.id].joined_at),
        "large": large,
        "channels": [channel(one) for one in plain],
        "threads": [thread(one) for one in threads],
        "members": [member(one) for one in members],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def emoji(text: str) -> Json:
    """A letter of Unicode, or "name:id" of a guild's own."""
    name, _, own = text.partition(":")
    return {"id": own or None, "name": name}


def _reaction(text: str, people: list[str], bot: str) -> Json:
    return {
        "emoji": emoji(text),
        "count": len(people),
        "me": bot in people,
        "me_burst": False,
        "count_details": {"burst": 0, "normal": len(people)},
        "burst_colors": [],
    }


def message(message: Message, bot: str, people: dict[str, Person], deep: bool = True) -> Json:
    """`people` by id, for the mentions; `deep` tells the message that it answers too."""
    told: Json = {
        "id": message.id,
        "channel_id": message.channel.id,
        "type": message.kind,
        "author": user(message.author),
        "content": message.content,
        "timestamp": stamp(message.sent_at),
        "edited_timestamp": stamp(message.edited_at),
        "tts": False,
        "mention_everyone": bool(message.pinged & {"everyone", "here"}),
        "mentions": [user(people[one]) for one in message.mentioned if one in people],
        "mention_roles": [one for one in message.mentioned if one not in people],
        "attachments": message.attachments,
        "embeds": message.embeds,
        "components": message.components,
        "pinned": message.pinned,
        "flags": message.flags,
    }
    if message.reactions:
        told["reactions"] = [_reaction(emoji, who, bot) for emoji, who in message.reactions.items()]
    if message.nonce is not None:
        told["nonce"] = message.nonce
    if message.interaction is not None:
        told |= {"interaction_metadata": message.interaction, "webhook_id": message.interaction["application_id"]}
        told |= {"application_id": message.interaction["application_id"]}
    elif message.author.hook:
        told["webhook_id"] = message.author.id
    if message.thread is not None:
        told["thread"] = thread(message.thread)
    return told | _forward(message, people) | _reply(message, bot, people, deep)


def _forward(shown: Message, people: dict[str, Person]) -> Json:
    """A forwarded message has no words of its own: it carries a picture of the other."""
    first = shown.forwarded
    if first is None:
        return {}
    kept = ("type", "content", "timestamp", "edited_timestamp", "mentions", "mention_roles", "attachments", "embeds")
    whole = message(first, "", people, deep=False)
    reference = {"type": 1, "channel_id": first.channel.id, "message_id": first.id}
    snapshot = {"message": {**{name: whole[name] for name in kept}, "flags": 0, "components": []}}
    return {"message_reference": reference, "message_snapshots": [snapshot]}


def _reply(answer: Message, bot: str, people: dict[str, Person], deep: bool) -> Json:
    place = answer.reply_in or answer.channel
    if answer.reply_to is None and answer.reply_in is None:
        return {}
    reference = {"type": 0, "channel_id": place.id}
    if answer.reply_to is not None:
        reference["message_id"] = answer.reply_to
    if place.guild:
        reference["guild_id"] = place.guild.id
    if not deep or answer.reply_to is None:
        return {"message_reference": reference}
    head = place.messages.get(answer.reply_to)
    return {"message_reference": reference, "referenced_message": head and message(head, bot, people, deep=False)}
