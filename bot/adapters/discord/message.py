"""What is heard on Discord, as the house's nouns. Nothing here asks the network or remembers anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import discord

from bot.groups.happenings import Change, Membership, Press
from moderation.types import (
    ID_LENGTH,
    READ_LENGTH,
    TEXT_LENGTH,
    Attachment,
    Author,
    Choice,
    Message,
    Place,
    Tier,
    Vote,
)

PLATFORM = "discord"
CALLED = "@Xiaoer"
"""What a mention of the bot reads in the house."""
BLOCKED = "automod:"
"""How the id of a message begins that Discord's own AutoMod blocked: there is no such message in the chat."""

Channel = discord.abc.GuildChannel | discord.Thread | discord.abc.PrivateChannel | discord.PartialMessageable
Person = discord.User | discord.Member | discord.abc.User

_SAID = (discord.MessageType.default, discord.MessageType.reply)
"""The kinds that people write; the others are notes of Discord's own, such as a join or AutoMod's alert."""
_COMMAND = re.compile(r"/([a-z]+)\b")
_HANDS: dict[str, Choice] = {"👍": "up", "👎": "down"}


def to_author(person: Person) -> Author:
    """Who it is, with the tier and the roles that the guild gives; a plain user has neither."""
    told = Author(id=str(person.id), name=person.display_name[:ID_LENGTH], bot=person.bot)
    if not isinstance(person, discord.Member):
        return told
    roles = tuple(str(role.id) for role in person.roles if not role.is_default())
    return told.model_copy(update={"tier": tier(person), "roles": roles})


def tier(member: discord.Member) -> Tier:
    """What the guild lets a member do, whatever one channel says."""
    may = member.guild_permissions
    if member.guild.owner_id == member.id:
        return "owner"
    if may.administrator or may.manage_guild:
        return "admin"
    if may.manage_messages or may.moderate_members or may.kick_members or may.ban_members:
        return "moderator"
    return "member"


def to_place(channel: Channel, community: str) -> Place:
    """The channel; a thread or a forum's post names its parent, a direct message is private."""
    guild = None if isinstance(channel, discord.abc.PrivateChannel) else channel.guild
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Place(
        platform=PLATFORM,
        community=community,
        channel=str(channel.id),
        title=str(getattr(channel, "name", ""))[:ID_LENGTH] if guild else "",
        parent=str(parent) if parent else "",
        private=guild is None,
        home=str(guild.id) if guild else "",
    )


def to_message(
    message: discord.Message, place: Place, me: discord.abc.User, commands: frozenset[str] = frozenset()
) -> Message | None:
    """The message, or None for a note of Discord's own and for what the bot said itself.

    `commands` are the names that make a typed `/name` a word to the bot. The time of the last edit in milliseconds is
    the number of the edit: it grows with each, and an update that only unfolds a link repeats it.
    """
    if message.type not in _SAID or message.author.id == me.id:
        return None
    text = _called(message, me, "\n".join(_texts(message)))[:TEXT_LENGTH]
    author = to_author(message.author)
    reference = message.reference if message.type is discord.MessageType.reply else None
    typed = _COMMAND.match(text)
    return Message(
        id=str(message.id),
        place=place,
        author=author.model_copy(update={"bot": author.bot or message.webhook_id is not None}),
        text=text,
        sent_at=message.created_at,
        reply_to=str(reference.message_id) if reference and reference.message_id else None,
        addressed=place.private or _speaks_to(message, me) or bool(typed and typed[1] in commands),
        attachments=tuple(to_attachment(one) for one in files(message)),
        edit=int(message.edited_at.timestamp() * 1000) if message.edited_at else 0,
    )


def files(message: discord.Message) -> list[discord.Attachment]:
    """What is attached, to the messages that this one forwards too."""
    return [*message.attachments, *(one for snapshot in message.message_snapshots for one in snapshot.attachments)]


def to_attachment(file: discord.Attachment) -> Attachment:
    """A file as it is named, unread."""
    return Attachment(
        name=file.filename[:ID_LENGTH],
        kind=(file.content_type or "")[:ID_LENGTH],
        url=file.url[:4096],
        text=(file.description or "")[:READ_LENGTH],
    )


def is_edit(update: discord.RawMessageUpdateEvent) -> bool:
    """Whether a member changed the words: a link that unfolds in a message never edited leaves no time of an edit."""
    return bool(update.data.get("edited_timestamp")) and "content" in update.data


def is_blind(message: discord.Message) -> bool:
    """Whether Discord kept a message's content back: nobody can send one with nothing in it."""
    seen = (message.content, message.attachments, message.embeds, message.stickers, message.components)
    hidden = not any(seen) and message.poll is None and not message.message_snapshots
    return hidden and message.type in _SAID and message.guild is not None and not message.author.bot


def blocked(action: discord.AutoModAction, place: Place, member: Person, id_: str) -> Message:
    """What AutoMod blocked, as a message that never came to be; its `id_` is the adapter's own."""
    text = (action.content or action.matched_content or "")[:TEXT_LENGTH]
    id_, now = f"{BLOCKED}{id_}", datetime.now(UTC)
    return Message(id=id_, place=place, author=to_author(member), text=text, sent_at=now, blocked=True)


def reaction_choice(emoji: discord.PartialEmoji) -> Choice | None:
    """The vote that a thumb is, in any colour of skin."""
    return _HANDS.get(str(emoji)[:1])


def to_vote(community: str, answer: str, member: str, name: str, choice: Choice) -> Vote:
    """A vote on the answer that the message led back to."""
    return Vote(community=community, answer=answer, member=member, name=name[:ID_LENGTH], choice=choice)


def to_press(place: Place, button: str, member: Person, card: int) -> Press:
    """A moderator's press of a button under a card."""
    return Press(place=place, button=button, member=to_author(member), card=str(card))


def to_membership(place: Place, change: Change, member: Person | None = None) -> Membership:
    """A change of who is in a guild, told in the channel where the bot would speak of it."""
    return Membership(place=place, change=change, member=to_author(member) if member else None)


def _texts(message: discord.Message) -> Iterator[str]:
    """All that can be read in it: a forum post's title, the words, what it forwards, a poll."""
    if isinstance(message.channel, discord.Thread) and message.channel.id == message.id:
        yield message.channel.name
    if message.content:
        yield message.content
    yield from (snapshot.content for snapshot in message.message_snapshots if snapshot.content)
    if message.poll:
        yield str(message.poll.question)
        yield from (answer.text for answer in message.poll.answers)


def _called(message: discord.Message, me: discord.abc.User, text: str) -> str:
    """The text with the bot's mentions written out. People pick its role as often as its name."""
    role = message.guild.self_role if message.guild else None
    known = [rf"<@!?{me.id}>", *([rf"<@&{role.id}>"] if role else [])]
    return re.sub("|".join(known), CALLED, text)


def _speaks_to(message: discord.Message, me: discord.abc.User) -> bool:
    role = message.guild.self_role if message.guild else None
    if me.id in message.raw_mentions or (role and role.id in message.raw_role_mentions):
        return True
    answered = message.reference.resolved if message.reference else None
    return (
        message.type is discord.MessageType.reply
        and isinstance(answered, discord.Message)
        and answered.author.id == me.id
    )
