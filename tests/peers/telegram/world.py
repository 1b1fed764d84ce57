"""The world the Bot API peer holds: who may do what where, and what the bot under test hears of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.peers.telegram.nouns import (
    Chat,
    Json,
    Member,
    Post,
    Refusal,
    Status,
    Topic,
    User,
    bad,
    forbidden,
)
from tests.peers.telegram.text import found
from tests.peers.telegram.updates import Updates

TOPIC_COLOUR = 7322096
Access = Literal["read", "members", "edit", "write"]


@dataclass(eq=False, repr=False)
class World:
    """Chats and people around one bot. `now` is the clock of dates and of the 48 h rule (Unix seconds)."""

    now: Callable[[], float] = time.time
    can_join_groups: bool = True
    can_read_all_group_messages: bool = True
    bot: User = field(default_factory=lambda: User(7000001, "Xiaoer", "xiaoer_test_bot", is_bot=True))
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    queries: dict[str, Any] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)
    updates: Updates = field(init=False)
    _ids: int = 100

    def __post_init__(self) -> None:
        self.updates = Updates(now=self._time)
        self.users[self.bot.id] = self.bot

    def _time(self) -> float:
        """Asks `now` each time: a test may set another clock while the server runs."""
        return self.now()

    # Looking up

    def private(self, user: User) -> Chat:
        """The chat of a person with the bot."""
        if user.id not in self.chats:
            self.chats[user.id] = Chat(user.id, "private", person=user)
        return self.chats[user.id]

    def chat(self, address: str, access: Access) -> Chat:
        """The chat a call names. Raises what Telegram answers when the bot has no such access."""
        if not address:
            raise bad("chat_id is empty")
        chat = self._named(address)
        if chat is None:
            raise bad("chat not found")
        return self._entered(chat, access)

    def _named(self, address: str) -> Chat | None:
        if address.startswith("@"):
            return next((one for one in self.chats.values() if one.username and "@" + one.username == address), None)
        number = int(address) if address.lstrip("-").isdigit() else 0
        if number in self.users and self.met(self.users[number]):
            return self.private(self.users[number])
        chat = self.chats.get(number)
        return chat if chat and (chat.kind == "private" or chat.username or self.bot.id in chat.members) else None

    def met(self, user: User) -> bool:
        """Whether the bot can know of a user: they share a chat, or the user has written to it."""
        return user.started or any(
            user.id in (*chat.members, *chat.asking) and self.bot.id in chat.members for chat in self.chats.values()
        )

    def _entered(self, chat: Chat, access: Access) -> Chat:
        if chat.person:
            if chat.person.gone and access in ("edit", "write"):
                raise forbidden("user is deactivated")
            return chat
        if chat.kind == "group" and access in ("write", "members"):
            if chat.moved_to:
                words = "Bad Request: group chat was upgraded to a supergroup chat"
                raise Refusal(400, words, migrate_to_chat_id=chat.moved_to.id)
            if chat.deleted:
                raise forbidden("the group chat was deleted")
        elif chat.deleted:
            raise bad("chat not found")
        where = f"the {chat.kind} chat"
        changes = access in ("edit", "write")
        status = self.standing(chat, self.bot)
        if chat.kind == "channel" and access == "members" and status.inside and not status.rules:
            raise bad("member list is inaccessible")
        if status.status == "kicked" and (changes or chat.kind != "group"):
            raise forbidden(f"bot was kicked from {where}")
        if not status.inside and (changes or (chat.kind != "group" and not chat.username)):
            raise forbidden(f"bot is not a member of {where}")
        return chat

    def may_write(self, chat: Chat, permission: str = "can_send_messages") -> None:
        """Raises when the bot may not put a message into a chat that it can reach."""
        if chat.person:
            asks = any(chat.person.id in one.asking for one in self.chats.values())
            if chat.person.is_bot:
                raise forbidden("bots can't send messages to bots")
            if chat.person.blocked:
                raise forbidden("bot was blocked by the user")
            if not chat.person.started and not asks:
                raise forbidden("bot can't initiate conversation with a user")
            return
        status = self.standing(chat, self.bot)
        if chat.kind == "channel" and not status.may("can_post_messages"):
            raise bad("need administrator rights in the channel chat")
        allowed = status.permissions if status.status == "restricted" else chat.permissions
        if not status.rules and not allowed.get(permission, False):
            kind = permission.removeprefix("can_send_").replace("messages", "text messages")
            raise bad(f"not enough rights to send {kind} to the chat")

    def standing(self, chat: Chat, user: User) -> Member:
        """A user's standing now: a ban or restriction whose time is over has ended."""
        member = chat.standing(user)
        if member.until and member.until <= self.now() and member.status in ("kicked", "restricted"):
            ended: Status = "member" if member.status == "restricted" and member.inside else "left"
            chat.members[user.id] = member = Member(user, ended, inside=ended == "member")
        return member

    def user(self, number: int) -> User:
        """Raises for a user the bot has never met, as for one who does not exist."""
        found_user = self.users.get(number)
        if found_user is None or not (found_user is self.bot or self.met(found_user)):
            raise bad("PARTICIPANT_ID_INVALID")
        return found_user

    # What happens

    def next_id(self, chat: Chat) -> int:
        """Supergroups and channels count for themselves; private chats and basic groups share one count."""
        if chat.kind in ("supergroup", "channel"):
            chat.last_id += 1
            return chat.last_id
        self._ids += 1
        return self._ids

    def put(self, chat: Chat, author: User | None, content: Json, **more: Any) -> Post:
        """A new message in a chat, told to the bot when it may hear it."""
        reply_to: Post | None = more.get("reply_to")
        topic = chat.topics.get(more.get("topic") or 0)
        if topic and reply_to is None and not more.get("service"):
            more["reply_to"] = chat.posts.get(topic.id)
        elif reply_to and not topic and chat.kind == "supergroup":
            more["thread"] = reply_to.thread or reply_to.id
        post = Post(chat, self.next_id(chat), int(self.now()), content, author, **more)
        chat.posts[post.id] = post
        self.hear(post, "message")
        return post

    def open_topic(self, chat: Chat, user: User, name: str) -> Topic:
        """A forum topic, and the service message at its head, whose id is the topic's."""
        number = self.next_id(chat)
        topic = chat.topics[number] = Topic(number, name)
        content = {"forum_topic_created": {"name": name, "icon_color": TOPIC_COLOUR}}
        head = Post(chat, number, int(self.now()), content, user, topic=number, service=True)
        chat.posts[number] = head
        self.hear(head, "message")
        return topic

    def hear(self, post: Post, kind: Literal["message", "edited_message"]) -> Json | None:
        """The update of a message, if privacy mode and membership let the bot see it."""
        channel = post.chat.kind == "channel"
        if not self._hears(post):
            return None
        return self.updates.add(kind.replace("message", "channel_post") if channel else kind, post.json())

    def _hears(self, post: Post) -> bool:
        chat = post.chat
        by_bot = post.author and post.author.is_bot and post.author.id in self.users
        if post.own or post.author is self.bot or (by_bot and not post.service):
            return False
        if chat.person:
            return not chat.person.blocked
        bot = self.standing(chat, self.bot)
        if not bot.inside:
            return False
        if chat.kind == "channel" or post.service or bot.rules or self.can_read_all_group_messages:
            return True
        return self._means_bot(post)

    def _means_bot(self, post: Post) -> bool:
        if post.reply_to and post.reply_to.author is self.bot:
            return True
        words = post.text
        for one in found(words):
            piece = words.encode("utf-16-le")[2 * one["offset"] :][: 2 * one["length"]].decode("utf-16-le").lower()
            name = "@" + self.bot.username.lower()
            if one["type"] == "mention" and piece == name:
                return True
            if one["type"] == "bot_command" and (piece.endswith(name) or "@" not in piece):
                return True
        return False

    def change(self, chat: Chat, new: Member, by: User, **more: Any) -> None:
        """A user's standing changes: chat_member to an administrating bot, my_chat_member about itself."""
        old = replace(self.standing(chat, new.user))
        if old == new:
            return
        watches = self.standing(chat, self.bot).rules
        chat.members[new.user.id] = new
        body = {
            "chat": chat.json(),
            "from": by.json(),
            "date": int(self.now()),
            "old_chat_member": old.json(chat),
            "new_chat_member": new.json(chat),
        } | more
        if new.user is self.bot:
            self.updates.add("my_chat_member", body)
        elif watches:
            self.updates.add("chat_member", body)

    def keep_file(self, content: bytes) -> Json:
        """Stores a picture's bytes and gives its PhotoSize."""
        number = len(self.files) + 1
        self.files[f"photo-{number}"] = content
        sized = {"width": 320, "height": 240, "file_size": len(content)}
        return {"file_id": f"photo-{number}", "file_unique_id": f"u{number}"} | sized
