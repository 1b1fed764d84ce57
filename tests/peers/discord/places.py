"""The people side of the Discord peer, one half: guilds, channels, roles, members, and what their owners do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.happenings import Happenings
from tests.peers.discord.nouns import Channel, Guild, Kind, Member, Overwrite, Person, Role
from tests.peers.discord.rights import MEMBERS, NOTHING, Right

JOINED = 7
"""The type of the message in which Discord greets a new member."""


class Places(Happenings):
    """What tests set up and change; everything is told to the gateway at once."""

    def person(self, name: str, *, dms_closed: bool = False, lang: str = "zh-CN", bot: bool = False) -> Person:
        person = Person(self.ids.next(), name, bot=bot, dms_closed=dms_closed, lang=lang)
        self.people[person.id] = person
        return person

    def guild(self, name: str, owner: Person, *, lang: str = "zh-CN") -> Guild:
        guild = Guild(self.ids.apart(), name, owner, lang)
        guild.roles[guild.id] = Role(guild.id, "@everyone", MEMBERS)
        guild.members[owner.id] = Member(owner, self.clock.now())
        self.guilds[guild.id] = guild
        return guild

    def channel(
        self,
        guild: Guild,
        name: str,
        kind: Kind = Kind.TEXT,
        overwrites: dict[Role | Person | Guild, tuple[Right, Right]] | None = None,
        parent: Channel | None = None,
    ) -> Channel:
        """`overwrites` gives (allowed, denied) for a role, a person, or the guild for everybody."""
        made = Channel(self.ids.next(), name, kind, guild, parent, position=len(guild.channels))
        for whom, (allow, deny) in (overwrites or {}).items():
            made.overwrites[whom.id] = Overwrite(whom.id, int(isinstance(whom, Person)), allow, deny)
        guild.channels[made.id] = made
        self.announce_in("CHANNEL_CREATE", payloads.channel(made), guild)
        return made

    def overwrite(self, channel: Channel, whom: Role | Person | Guild, allow: Right, deny: Right) -> None:
        """Changes who may do what in a channel."""
        channel.overwrites[whom.id] = Overwrite(whom.id, int(isinstance(whom, Person)), allow, deny)
        assert channel.guild is not None
        self.announce_in("CHANNEL_UPDATE", payloads.channel(channel), channel.guild)

    def rename(self, guild: Guild, name: str) -> None:
        guild.name = name
        self.announce_in("GUILD_UPDATE", payloads.guild(guild), guild)

    def delete_channel(self, channel: Channel) -> None:
        self.close_channel(channel)

    def thread(
        self, parent: Channel, owner: Person, name: str, text: str | None = None, private: bool = False
    ) -> Channel:
        """A thread, or in a forum a post whose first message is `text`."""
        kind = Kind.PRIVATE_THREAD if private else Kind.THREAD
        thread = self.open_thread(parent, owner, name, kind, None)
        if text is not None:
            self.put(thread, owner, text, id=thread.id if parent.kind is Kind.FORUM else None)
        return thread

    def archive(self, thread: Channel, locked: bool = False) -> None:
        thread.archived, thread.locked = True, locked
        self.announce("THREAD_UPDATE", payloads.thread(thread), thread)

    def role(self, guild: Guild, name: str, may: Right = NOTHING, *, top: bool = False) -> Role:
        """A new role lies at the bottom and lifts the others, or on `top` of them."""
        role = Role(self.ids.next(), name, may)
        self._place(guild, role, top)
        self.announce_in("GUILD_ROLE_CREATE", {"role": payloads.role(role)}, guild)
        return role

    def _place(self, guild: Guild, role: Role, top: bool) -> None:
        others = [one for one in guild.roles.values() if one.id != guild.id]
        role.position = len(others) + 1 if top else 1
        guild.roles[role.id] = role
        for one in others if not top else ():
            one.position += 1
            self.announce_in("GUILD_ROLE_UPDATE", {"role": payloads.role(one)}, guild)

    def change_role(self, guild: Guild, role: Role, **fields: Any) -> None:
        """New `rights`, `position`, `mentionable` or `name`."""
        for name, value in fields.items():
            setattr(role, name, value)
        self.announce_in("GUILD_ROLE_UPDATE", {"role": payloads.role(role)}, guild)

    def delete_role(self, guild: Guild, role: Role) -> None:
        del guild.roles[role.id]
        for member in guild.members.values():
            if role.id in member.roles:
                member.roles.remove(role.id)
        self.announce_in("GUILD_ROLE_DELETE", {"role_id": role.id}, guild)

    def join(self, guild: Guild, person: Person, *roles: Role) -> Member:
        """Raises PermissionError if the person is banned."""
        if person.id in guild.bans:
            raise PermissionError(f"{person.name} is banned")
        member = Member(person, self.clock.now(), {role.id for role in roles})
        guild.members[person.id] = member
        self.announce_in("GUILD_MEMBER_ADD", payloads.member(member), guild)
        if guild.greetings is not None:
            self.put(guild.greetings, person, "", kind=JOINED)
        return member

    def leave(self, guild: Guild, person: Person) -> None:
        self.gone(guild, person)

    def give(self, guild: Guild, person: Person, role: Role) -> None:
        """A role, by hand."""
        guild.members[person.id].roles.add(role.id)
        self.changed(guild, guild.members[person.id])

    def take(self, guild: Guild, person: Person, role: Role) -> None:
        guild.members[person.id].roles.remove(role.id)
        self.changed(guild, guild.members[person.id])

    def add_bot(self, guild: Guild, may: Right = MEMBERS) -> Role:
        """By its invite link: it gets a role of its own with these rights, at the bottom. Returns that role."""
        role = Role(self.ids.next(), self.bot.name, may, bot=self.bot.id)
        self._place(guild, role, top=False)
        guild.members[self.bot.id] = Member(self.bot, self.clock.now(), {role.id})
        self.gateway.bot_joined(guild)
        return role

    def kick_bot(self, guild: Guild) -> None:
        self.gone(guild, self.bot)

    def bot_role(self, guild: Guild) -> Role:
        """The role that the bot got when it was added."""
        return next(guild.roles[one] for one in guild.members[self.bot.id].roles if guild.roles[one].bot)

    def time_out(self, guild: Guild, by: Person, person: Person, seconds: float, reason: str | None = None) -> None:
        """A moderator's own timeout; 0 seconds ends one."""
        member = guild.members[person.id]
        until = self.clock.now() + timedelta(seconds=seconds) if seconds else None
        self.silence(guild, by, member, until, reason)

    def silence(self, guild: Guild, by: Person, member: Member, until: datetime | None, reason: str | None) -> None:
        """Sets the end of a timeout, and writes it into the audit log."""
        key = "communication_disabled_until"
        change = {"key": key, "old_value": payloads.stamp(member.silent_until), "new_value": payloads.stamp(until)}
        member.silent_until = until
        self.changed(guild, member)
        changes = [{name: value for name, value in change.items() if value is not None}]
        self.record(guild, by, 24, member.person.id, reason, changes=changes)

    def throw_out(self, guild: Guild, by: Person, person: Person, *, ban: bool, reason: str | None = None) -> None:
        """A moderator's own kick or ban."""
        self.record(guild, by, 22 if ban else 20, person.id, reason)
        if ban:
            self.ban(guild, person, reason)
        else:
            self.gone(guild, person)

    def forgive(self, guild: Guild, by: Person, person: Person) -> None:
        """A moderator lifts a ban."""
        self.record(guild, by, 23, person.id, None)
        self.unban(guild, person)
