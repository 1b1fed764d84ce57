"""The people side of the Discord peer, the other half: what people write, press and call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.peers.discord.interaction import Interaction
from tests.peers.discord.interactions import Interactions
from tests.peers.discord.mentions import reached
from tests.peers.discord.nouns import Channel, Guild, Kind, Message, Person
from tests.peers.discord.places import Places
from tests.peers.discord.rights import Right


class People(Places):
    """What people do in their own Discord. PermissionError is raised for what it would not let them do."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.interactions = Interactions(self)

    def say(
        self,
        channel: Channel,
        person: Person,
        text: str,
        *,
        reply_to: str | None = None,
        attachments: Sequence[dict[str, Any]] = (),
        sent_at: datetime | None = None,
    ) -> str:
        """Returns the message's id. `attachments` as `picture()` makes them; `sent_at` for an old message."""
        right = Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES
        self._may(person, channel, right)
        head = channel.messages[reply_to] if reply_to else None
        may_all = Right.MENTION_EVERYONE in self.rights_of(person, channel)
        pinged = reached(text, None, channel, may_all, head.author if head else None)
        message = self.put(
            channel,
            person,
            text,
            kind=19 if reply_to else 0,
            reply_to=reply_to,
            attachments=list(attachments),
            sent_at=sent_at,
            pinged=pinged,
            mentioned=sorted(pinged - {"everyone", "here"}),
        )
        return message.id

    def _may(self, person: Person, channel: Channel, right: Right) -> None:
        if Right.VIEW_CHANNEL | right not in self.rights_of(person, channel):
            raise PermissionError(f"{person.name} lacks {right!r} in {channel.name}")

    def picture(self, name: str, content: bytes, kind: str = "image/png") -> dict[str, Any]:
        """A file to attach; its address on this peer serves the content."""
        file = self.ids.next()
        self.files[file] = (kind, content)
        url = f"{self.cdn}/{file}/{name}"
        return {"id": file, "filename": name, "size": len(content), "url": url, "proxy_url": url, "content_type": kind}

    def whisper(self, person: Person, text: str) -> str:
        """A private message to the bot."""
        return self.say(self.dm(person), person, text)

    def edit(self, message: str, text: str) -> None:
        self.change(self.message(message), content=text)

    def unfold(self, message: str, title: str = "A shop") -> None:
        """Discord shows the link's page under the message: an update, but no edit."""
        self.change(self.message(message), edited=False, embeds=[{"type": "link", "title": title}])

    def forward(self, message: str, channel: Channel, person: Person) -> str:
        """Shows a message once more in another channel, without words of one's own."""
        self._may(person, channel, Right.SEND_MESSAGES)
        return self.put(channel, person, "", forwarded=self.message(message), flags=1 << 14).id

    def hook(self, channel: Channel, name: str, text: str) -> str:
        """A message of a channel's webhook, whose author is no member."""
        return self.put(channel, Person(self.ids.next(), name, bot=True, hook=True), text).id

    def delete(self, *messages: str, by: Person | None = None) -> None:
        """By its author or by a moderator (`by`), or many in one stroke as another bot does it."""
        first = self.message(messages[0])
        guild = first.channel.guild
        if by is not None and guild is not None:
            self.record(guild, by, 72, first.author.id, None, options={"channel_id": first.channel.id, "count": "1"})
        if len(messages) == 1:
            self.remove(first)
        else:
            self.remove_all(first.channel, list(messages))

    def react(self, message: str, person: Person, emoji: str) -> None:
        self.add_reaction(self.message(message), person, emoji)

    def unreact(self, message: str, person: Person, emoji: str) -> None:
        self.remove_reaction(self.message(message), person, emoji)

    def automod(
        self,
        channel: Channel,
        person: Person,
        text: str,
        keyword: str,
        *,
        alert: Channel | None = None,
        timeout_s: int = 0,
    ) -> str:
        """The guild's own AutoMod blocks a message: one event for each of its actions. Returns the rule's id."""
        guild = channel.guild
        assert guild is not None
        actions: list[dict[str, Any]] = [{"type": 1, "metadata": {}}]
        actions += [{"type": 2, "metadata": {"channel_id": alert.id}}] if alert else []
        actions += [{"type": 3, "metadata": {"duration_seconds": timeout_s}}] if timeout_s else []
        rule = self._rule(guild, keyword, actions)
        told = {"rule_id": rule, "rule_trigger_type": 1, "user_id": person.id, "channel_id": channel.id}
        told |= {"content": text, "matched_keyword": keyword, "matched_content": keyword}
        for action in actions:
            more: dict[str, Any] = {"action": action}
            if action["type"] == 2 and alert:
                embed = {"type": "auto_moderation_message", "description": text}
                more["alert_system_message_id"] = self.put(alert, person, "", kind=24, embeds=[embed]).id
            if self.gateway.needs(guild, Right.MANAGE_GUILD):
                self.announce_in("AUTO_MODERATION_ACTION_EXECUTION", {**told, **more}, guild)
        if timeout_s:
            self.time_out(guild, guild.owner, person, timeout_s)
        return rule

    def _rule(self, guild: Guild, keyword: str, actions: list[dict[str, Any]]) -> str:
        """The rule against that word, made if there is none."""
        for rule in guild.rules.values():
            if keyword in rule["trigger_metadata"]["keyword_filter"]:
                return str(rule["id"])
        rule = {"id": self.ids.next(), "guild_id": guild.id, "name": f"no {keyword}", "creator_id": guild.owner.id}
        rule |= {"event_type": 1, "trigger_type": 1, "trigger_metadata": {"keyword_filter": [keyword]}}
        rule |= {"actions": actions, "enabled": True, "exempt_roles": [], "exempt_channels": []}
        guild.rules[rule["id"]] = rule
        return str(rule["id"])

    # interactions

    def slash(
        self, channel: Channel, person: Person, command: str, options: dict[str, Any] | None = None, lang: str = ""
    ) -> Interaction:
        """`command` with its groups, "case show"; option values may be people, channels and roles."""
        return self.interactions.slash(channel, person, command, options or {}, lang)

    def autocomplete(
        self, channel: Channel, person: Person, command: str, option: str, typed: str, lang: str = "", **others: Any
    ) -> Interaction:
        """What an option offers while somebody types; `await .choices()` waits for it."""
        return self.interactions.autocomplete(channel, person, command, option, typed, others, lang)

    def menu(self, target: str | Person, channel: Channel, person: Person, command: str, lang: str = "") -> Interaction:
        """A command of the context menu, on a message's id or on a person."""
        return self.interactions.menu(target, channel, person, command, lang)

    def press(self, message: str | Message, person: Person, custom_id: str, values: Sequence[str] = ()) -> Interaction:
        """A button, or a select with the chosen `values`. Raises PermissionError if it is not there to be pressed."""
        found = message if isinstance(message, Message) else self.message(message)
        return self.interactions.press(found, person, custom_id, list(values))

    def submit(self, opened: Interaction, fields: dict[str, str]) -> Interaction:
        """Sends the modal that an interaction opened, its `fields` by custom id."""
        return self.interactions.submit(opened, fields)

    # the network

    def drop(self) -> None:
        """Cuts every socket of the gateway; the sessions may be resumed."""
        for line in list(self.gateway.lines):
            line.cut()

    def stop_acknowledging(self) -> None:
        """The open sockets turn into zombies: they take everything and say nothing more."""
        for line in self.gateway.lines:
            line.silent = True

    def invalidate(self, resumable: bool = False) -> None:
        """Tells every client that its session is invalid."""
        for session in list(self.gateway.sessions.values()):
            if not resumable:
                del self.gateway.sessions[session.id]
            if session.line is not None:
                session.line.say(9, resumable)

    def forget_sessions(self) -> None:
        """What clients resume from now on is no longer known."""
        for session in list(self.gateway.sessions.values()):
            session.line = None
        self.gateway.sessions.clear()

    def ask_reconnect(self) -> None:
        """Tells every client to come back on a new socket."""
        for line in self.gateway.lines:
            line.say(7)

    def replay(self, count: int = 1) -> None:
        """Delivers the last events once more, as happens after a resume."""
        for session in self.gateway.sessions.values():
            for seq, event, payload in session.told[-count:]:
                if session.line is not None:
                    session.line.say(0, payload, event, seq)

    def revoke(self) -> None:
        """The token is changed at Discord: REST answers 401, the sockets are closed with 4004."""
        self.token = f"{self.token}-changed"
        for line in self.gateway.lines:
            line.close(4004)

    def outage(self, guild: Guild) -> None:
        """A guild is unavailable for a while."""
        self.gateway.bot_left(guild, unavailable=True)

    def forum(self, guild: Guild, name: str) -> Channel:
        return self.channel(guild, name, Kind.FORUM)
