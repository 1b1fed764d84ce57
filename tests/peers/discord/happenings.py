"""The changes that people and the bot make in the Discord peer's state, each told to the gateway."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.nouns import Channel, Guild, Kind, Member, Message, Person
from tests.peers.discord.rights import Right
from tests.peers.discord.world import World

THREAD_MADE, THREAD_HEAD = 18, 21
"""Types of the messages that Discord itself writes when a thread is opened."""


class Happenings(World):
    """One verb for each thing that can happen, whoever does it; rights are checked before."""

    # messages

    def put(self, channel: Channel, author: Person, content: str, **more: Any) -> Message:
        """A new message, with `more` of its fields; an ephemeral one (`only_for`) is not told."""
        if channel.archived:
            channel.archived = False
            self.announce("THREAD_UPDATE", payloads.thread(channel), channel)
        sent_at: datetime | None = more.pop("sent_at", None)
        snowflake = more.pop("id", None) or (self.ids.at(sent_at) if sent_at else self.ids.next())
        message = Message(snowflake, channel, author, content, sent_at or self.clock.now())
        for name, value in more.items():
            setattr(message, name, value)
        channel.messages[message.id] = message
        if message.only_for is None:
            self.announce("MESSAGE_CREATE", self.told_live(message), channel)
        return message

    def change(self, message: Message, edited: bool = True, **fields: Any) -> None:
        """Gives fields of a message new values; `edited` is False where Discord itself unfolds a link."""
        for name, value in fields.items():
            setattr(message, name, value)
        if edited:
            message.edited_at = self.clock.now()
        if message.only_for is None:
            self.announce("MESSAGE_UPDATE", self.told_live(message), message.channel)

    def remove(self, message: Message) -> None:
        del message.channel.messages[message.id]
        if message.only_for is None:
            self.announce("MESSAGE_DELETE", {"id": message.id, **self.where(message.channel)}, message.channel)

    def remove_all(self, channel: Channel, ids: list[str]) -> None:
        """Those that are there, in one stroke."""
        gone = [one for one in ids if channel.messages.pop(one, None)]
        if gone:
            self.announce("MESSAGE_DELETE_BULK", {"ids": gone, **self.where(channel)}, channel)

    def add_reaction(self, message: Message, person: Person, emoji: str) -> None:
        who = message.reactions.setdefault(emoji, [])
        if person.id not in who:
            who.append(person.id)
            self._reacted("MESSAGE_REACTION_ADD", message, person, emoji)

    def remove_reaction(self, message: Message, person: Person, emoji: str) -> None:
        who = message.reactions.get(emoji, [])
        if person.id in who:
            who.remove(person.id)
            message.reactions = {one: people for one, people in message.reactions.items() if people}
            self._reacted("MESSAGE_REACTION_REMOVE", message, person, emoji)

    def _reacted(self, event: str, message: Message, person: Person, emoji: str) -> None:
        told = {"user_id": person.id, "message_id": message.id, "emoji": payloads.emoji(emoji), "burst": False}
        told |= {"type": 0, "message_author_id": message.author.id, **self.where(message.channel)}
        guild = message.channel.guild
        if event.endswith("ADD") and guild and person.id in guild.members:
            told["member"] = payloads.member(guild.members[person.id])
        self.announce(event, told, message.channel)

    # private chats and threads

    def dm(self, person: Person) -> Channel:
        """The private chat of the bot and a person."""
        for channel in self.dms.values():
            if channel.recipient is person:
                return channel
        channel = Channel(self.ids.next(), "", Kind.DM, recipient=person)
        self.dms[channel.id] = channel
        return channel

    def open_thread(self, parent: Channel, owner: Person, name: str, kind: Kind, head: Message | None) -> Channel:
        """A thread, or a forum's post; from a message it takes that message's id.

        Discord writes a message of its own: in the parent with the thread's name, or in the thread about its head.
        """
        assert parent.guild is not None
        thread = Channel(head.id if head else self.ids.next(), name, kind, parent.guild, parent, owner=owner.id)
        thread.joined.append(owner.id)
        parent.guild.channels[thread.id] = thread
        self.announce("THREAD_CREATE", {**payloads.thread(thread), "newly_created": True}, thread)
        if head is not None:
            self.put(thread, owner, "", kind=THREAD_HEAD, reply_to=head.id, reply_in=parent)
            self.change(head, edited=False, thread=thread, flags=head.flags | 1 << 5)
        elif parent.kind is Kind.TEXT and kind is Kind.THREAD:
            self.put(parent, owner, name, kind=THREAD_MADE, reply_in=thread)
        return thread

    def close_channel(self, channel: Channel) -> None:
        """Deletes it, with its threads."""
        assert channel.guild is not None
        told = payloads.channel(channel)
        seen = self.bot_sees(channel) or not channel.is_thread
        for thread in [one for one in channel.guild.channels.values() if one.is_thread and one.parent is channel]:
            del channel.guild.channels[thread.id]
        del channel.guild.channels[channel.id]
        if seen:
            event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
            self.announce_in(event, told, channel.guild)

    # members

    def changed(self, guild: Guild, member: Member) -> None:
        """Tells the new state of a member."""
        self.announce_in("GUILD_MEMBER_UPDATE", payloads.member(member), guild)

    def gone(self, guild: Guild, person: Person) -> None:
        """Somebody is no longer a member; if it is the bot, it hears of it last."""
        if person is self.bot:
            del guild.members[person.id]
            self.gateway.bot_left(guild)
        elif guild.members.pop(person.id, None):
            self.announce_in("GUILD_MEMBER_REMOVE", {"user": payloads.user(person)}, guild)

    def ban(self, guild: Guild, person: Person, reason: str | None) -> None:
        guild.bans[person.id] = reason
        self.announce_in("GUILD_BAN_ADD", {"user": payloads.user(person)}, guild)
        self.gone(guild, person)

    def unban(self, guild: Guild, person: Person) -> None:
        del guild.bans[person.id]
        self.announce_in("GUILD_BAN_REMOVE", {"user": payloads.user(person)}, guild)

    def record(self, guild: Guild, by: Person, action: int, target: str, reason: str | None, **more: Any) -> None:
        """An entry of the guild's audit log, told to a bot that may read it."""
        entry = {"id": self.ids.next(), "user_id": by.id, "target_id": target, "action_type": action, **more}
        guild.log.append({**entry, "reason": reason} if reason else entry)
        if self.gateway.needs(guild, Right.VIEW_AUDIT_LOG):
            self.announce_in("GUILD_AUDIT_LOG_ENTRY_CREATE", guild.log[-1], guild)
