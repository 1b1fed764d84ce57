"""The people's side of the Bot API peer: what a test has members, administrators and passers-by do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.peers.telegram.nouns import (
    ADMIN_RIGHTS,
    ANONYMOUS_ADMIN,
    AS_CHANNEL,
    LINKED_CHANNEL,
    Chat,
    Json,
    Kind,
    Member,
    User,
)
from tests.peers.telegram.text import found
from tests.peers.telegram.world import World

MODERATOR = frozenset({"can_manage_chat", "can_delete_messages", "can_restrict_members", "can_invite_users"})
"""The rights a moderating bot is usually given."""


@dataclass(frozen=True)
class Answer:
    """What answerCallbackQuery showed to the one who pressed."""

    text: str
    alert: bool


class NotAllowed(Exception):  # noqa: N818 - what an app says
    """Telegram's own apps would not let this person do that."""


@dataclass(eq=False, repr=False)
class People(World):
    """Everything here happens as in Telegram's apps, and reaches the bot as updates where it may."""

    _numbers: int = 0

    def person(self, name: str, username: str = "", language: str = "en", is_bot: bool = False) -> User:
        self._numbers += 1
        user = User(5_000_000_000 + self._numbers, name, username, language, is_bot)
        self.users[user.id] = user
        return user

    def group(self, title: str, kind: Kind = "supergroup", creator: User | None = None, forum: bool = False) -> Chat:
        """A group or channel; a creator is made when none is given."""
        self._numbers += 1
        number = -(4_000_000 + self._numbers) if kind == "group" else -(1_002_000_000_000 + self._numbers)
        chat = Chat(number, kind, title, is_forum=forum)
        owner = creator or self.person(f"{title}'s owner")
        chat.members[owner.id] = Member(owner, "creator")
        self.chats[chat.id] = chat
        return chat

    def channel(self, title: str, creator: User | None = None, group: Chat | None = None) -> Chat:
        """A channel, linked to a group when one is given."""
        channel = self.group(title, "channel", creator)
        if group:
            channel.linked, group.linked = group, channel
        return channel

    def owner(self, chat: Chat) -> User:
        return next(one.user for one in chat.members.values() if one.status == "creator")

    # Coming and going

    def join(self, chat: Chat, *users: User) -> None:
        for user in users:
            self.change(chat, Member(user), user)
            if chat.kind != "channel":
                self.put(chat, user, {"new_chat_members": [user.json()]}, service=True)

    def leave(self, chat: Chat, user: User) -> None:
        self.change(chat, Member(user, "left", inside=False), user)
        if chat.kind != "channel":
            self.put(chat, user, {"left_chat_member": user.json()}, service=True)

    def kick(self, chat: Chat, user: User, by: User | None = None) -> None:
        """An administrator bans someone, by default the owner."""
        if self.standing(chat, user).inside and chat.kind != "channel":
            self.put(chat, by or self.owner(chat), {"left_chat_member": user.json()}, service=True)
        self.change(chat, Member(user, "kicked", inside=False), by or self.owner(chat))

    def unban(self, chat: Chat, user: User, by: User | None = None) -> None:
        self.change(chat, Member(user, "left", inside=False), by or self.owner(chat))

    def add_bot(self, chat: Chat, rights: Iterable[str] | None = MODERATOR, by: User | None = None) -> None:
        """The bot is put into a chat: as an administrator with `rights`, or as a member when that is None."""
        adder = by or self.owner(chat)
        self.promote(chat, self.bot, rights, adder)
        if chat.kind != "channel":
            self.put(chat, adder, {"new_chat_members": [self.bot.json()]}, service=True)

    def promote(
        self,
        chat: Chat,
        user: User,
        rights: Iterable[str] | None = None,
        by: User | None = None,
        anonymous: bool = False,
    ) -> None:
        """`rights` None makes a plain member of an administrator again."""
        new = Member(user) if rights is None else Member(user, "administrator", frozenset(rights), anonymous=anonymous)
        self.change(chat, new, by or self.owner(chat))

    def demote_bot(self, chat: Chat, rights: Iterable[str] | None = None) -> None:
        self.promote(chat, self.bot, rights)

    def kick_bot(self, chat: Chat) -> None:
        self.kick(chat, self.bot)

    def hand_over(self, chat: Chat, user: User) -> None:
        """The chat gets a new owner."""
        old = self.owner(chat)
        self.change(chat, Member(old, "administrator", frozenset(ADMIN_RIGHTS)), old)
        self.change(chat, Member(user, "creator"), old)

    def request_to_join(self, chat: Chat, user: User, bio: str = "") -> None:
        chat.asking[user.id] = user
        if self.standing(chat, self.bot).may("can_invite_users"):
            body = {"chat": chat.json(), "from": user.json(), "user_chat_id": user.id, "date": int(self.now())}
            self.updates.add("chat_join_request", body | ({"bio": bio} if bio else {}))

    def block(self, user: User) -> None:
        self._toggle(user, True)

    def unblock(self, user: User) -> None:
        self._toggle(user, False)

    def _toggle(self, user: User, blocked: bool) -> None:
        """In a private chat the bot's own standing says whether the person has blocked it."""
        old, new = (Member(self.bot, "kicked" if one else "member") for one in (user.blocked, blocked))
        user.blocked = blocked
        chat = self.private(user)
        body: Json = {"chat": chat.json(), "from": user.json(), "date": int(self.now())}
        self.updates.add(
            "my_chat_member", body | {"old_chat_member": old.json(chat), "new_chat_member": new.json(chat)}
        )

    # Speaking

    def start(self, user: User, payload: str = "") -> int:
        """Presses Start, or a link t.me/bot?start=PAYLOAD."""
        if user.blocked:
            self.unblock(user)
        return self.say(self.private(user), user, f"/start {payload}".strip())

    def say(self, chat: Chat | User, user: User, text: str = "", **more: Any) -> int:
        """Writes a message and gives its id.

        `reply_to` is a message id, `topic` a topic's id, `photo` a picture's bytes (`text` is its caption then),
        `album` the media_group_id; `as_chat` writes as a channel, `anonymous` as an anonymous administrator,
        `content` gives other fields of the Message (a forward_origin, a sticker).
        """
        where = self.private(chat) if isinstance(chat, User) else chat
        if where.person and not user.is_bot:
            user.started = True
        self._may_say(where, user, more)
        content = self._content(where, user, text, more)
        author, sender = self._face(where, user, more)
        reply = where.posts.get(more.get("reply_to") or 0)
        topic = more.get("topic") or (reply.topic if reply else None)
        return self.put(
            where, author, content, sender_chat=sender, reply_to=reply, topic=topic, picture=more.get("photo")
        ).id

    def _may_say(self, chat: Chat, user: User, more: Json) -> None:
        if chat.person:
            if user.blocked:
                raise NotAllowed(f"{user.first_name} has blocked the bot")
            return
        sender: Chat | None = more.get("as_chat")
        member = self.standing(chat, user)
        kind = "can_send_photos" if more.get("photo") else "can_send_messages"
        if not member.inside or (chat.kind == "channel" and not member.rules):
            raise NotAllowed(f"{user.first_name} is not in {chat.title}")
        if not member.rules and not (member.permissions or chat.permissions).get(kind, False):
            raise NotAllowed(f"{user.first_name} may not write in {chat.title}")
        if sender and sender.id in chat.banned_chats:
            raise NotAllowed(f"{sender.title} may not write in {chat.title}")

    def _content(self, chat: Chat, user: User, text: str, more: Json) -> Json:
        name = "caption" if more.get("photo") else "text"
        content: Json = {name: text} if text else {}
        if marked := found(text):
            content["caption_entities" if more.get("photo") else "entities"] = marked
        content |= {"photo": [self.keep_file(more["photo"])]} if more.get("photo") else {}
        content |= {"media_group_id": more["album"]} if more.get("album") else {}
        content |= more.get("content", {})
        return content

    def _face(self, chat: Chat, user: User, more: Json) -> tuple[User | None, Chat | None]:
        if chat.kind == "channel":
            return None, chat
        if more.get("as_chat"):
            return AS_CHANNEL, more["as_chat"]
        if more.get("anonymous") or self.standing(chat, user).anonymous:
            return ANONYMOUS_ADMIN, chat
        return user, None

    def publish(self, channel: Chat, text: str, photo: bytes | None = None) -> int:
        """A channel's owner posts; a linked group gets it from 777000. Gives the channel post's id."""
        number = self.say(channel, self.owner(channel), text, photo=photo)
        post = channel.posts[number]
        if channel.linked:
            origin = {"type": "channel", "chat": channel.json(), "message_id": number, "date": post.date}
            content = post.content | {"is_automatic_forward": True, "forward_origin": origin}
            self.put(channel.linked, LINKED_CHANNEL, content, sender_chat=channel, picture=photo)
        return number
