"""What the Bot API peer keeps: people, chats, members and posts, each with the JSON that Telegram makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

GENERAL = 1
"""The General topic's id: known to Telegram, refused as a message_thread_id."""
ADMIN_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_pin_messages", "can_manage_topics", "can_post_messages", "can_edit_messages",
)  # fmt: skip
PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_edit_tag", "can_react_to_messages",
)  # fmt: skip
MEMBERS_MAY = dict.fromkeys(PERMISSIONS, True) | dict.fromkeys(
    ("can_change_info", "can_pin_messages", "can_manage_topics"), False
)
"""What a new group's plain members may do."""


class Refusal(Exception):  # noqa: N818 - an answer, and no fault of the server
    """Telegram's answer to a call it does not carry out."""

    def __init__(self, code: int, words: str, **parameters: int) -> None:
        super().__init__(words)
        self.code, self.words, self.parameters = code, words, parameters


def bad(words: str) -> Refusal:
    return Refusal(400, f"Bad Request: {words}")


def forbidden(words: str) -> Refusal:
    return Refusal(403, f"Forbidden: {words}")


@dataclass(eq=False)
class User:
    """A person or a bot. `started`: has pressed Start with the bot under test; `gone`: has deleted the account."""

    id: int
    first_name: str
    username: str = ""
    language_code: str = ""
    is_bot: bool = False
    started: bool = False
    blocked: bool = False
    gone: bool = False

    def json(self) -> Json:
        shown: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": "" if self.gone else self.first_name}
        shown |= {"username": self.username} if self.username else {}
        return shown | ({"language_code": self.language_code} if self.language_code else {})


ANONYMOUS_ADMIN = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
AS_CHANNEL = User(136817688, "Channel", "Channel_Bot", is_bot=True)
LINKED_CHANNEL = User(777000, "Telegram")


@dataclass
class Member:
    """A user's standing in a chat. `until` is Unix time, 0 for ever."""

    user: User
    status: Status = "member"
    rights: frozenset[str] = frozenset()
    permissions: dict[str, bool] = field(default_factory=dict)
    until: int = 0
    anonymous: bool = False
    inside: bool = True
    by_bot: bool = False
    """The bot under test made this administrator, and so may change them."""

    @property
    def rules(self) -> bool:
        return self.status in ("creator", "administrator")

    def may(self, right: str) -> bool:
        return self.status == "creator" or (self.status == "administrator" and right in self.rights)

    def json(self, chat: Chat) -> Json:
        shown: Json = {"user": self.user.json(), "status": self.status}
        if self.status == "creator":
            return shown | {"is_anonymous": self.anonymous}
        if self.status == "administrator":
            only = {"channel": ("can_pin_messages", "can_manage_topics")}.get(
                chat.kind, ("can_post_messages", "can_edit_messages")
            )
            rights = {right: right in self.rights for right in ADMIN_RIGHTS if right not in only}
            return shown | rights | {"can_be_edited": self.by_bot, "is_anonymous": self.anonymous}
        if self.status == "restricted":
            return shown | self.permissions | {"is_member": self.inside, "until_date": self.until}
        return shown | ({"until_date": self.until} if self.status == "kicked" else {})


@dataclass
class Topic:
    """A forum topic; its id is the id of the service message that opened it."""

    id: int
    name: str
    closed: bool = False


@dataclass(frozen=True)
class Shown:
    """A message as people see it now. `author` is the name over it; `buttons` are (label, data) in rows."""

    id: int
    author: str
    text: str
    reply_to: int | None
    topic: int | None
    buttons: tuple[tuple[tuple[str, str], ...], ...]
    photo: bytes | None
    edited: bool
    reactions: tuple[str, ...]
    entities: tuple[Json, ...]
    preview: bool


@dataclass(eq=False, repr=False)
class Post:
    """A message. `author` stands in `from`; `sender_chat` speaks in its place (an anonymous admin, a channel)."""

    chat: Chat
    id: int
    date: int
    content: Json
    author: User | None
    sender_chat: Chat | None = None
    reply_to: Post | None = None
    topic: int | None = None
    thread: int | None = None
    markup: Json | None = None
    edited: int = 0
    service: bool = False
    own: bool = False
    """The bot under test has sent it, in a channel too, where it has no author."""
    picture: bytes | None = None
    preview: bool = True
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Post {self.id} in {self.chat.title or self.chat.id}: {self.content}>"

    @property
    def text(self) -> str:
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def there(self) -> bool:
        """Not deleted."""
        return self.chat.posts.get(self.id) is self

    @property
    def thread_id(self) -> int | None:
        return self.topic or self.thread

    def json(self, nested: bool = True) -> Json:
        """The Message object; the message replied to comes without its own reply."""
        shown: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.json()}
        shown |= {"from": self.author.json()} if self.author else {}
        shown |= {"sender_chat": self.sender_chat.json()} if self.sender_chat else {}
        shown |= {"message_thread_id": self.thread_id} if self.thread_id else {}
        shown |= {"is_topic_message": True} if self.topic else {}
        shown |= {"edit_date": self.edited} if self.edited else {}
        shown |= {"reply_markup": self.markup} if self.markup else {}
        if nested and self.reply_to and self.reply_to.there:
            shown["reply_to_message"] = self.reply_to.json(nested=False)
        return shown | self.content

    def shown(self) -> Shown:
        name = self.sender_chat.title if self.sender_chat else (self.author.first_name if self.author else "")
        rows = (self.markup or {}).get("inline_keyboard", [])
        return Shown(
            id=self.id,
            author=name,
            text=self.text,
            reply_to=self.reply_to.id if self.reply_to and self.reply_to.there else None,
            topic=self.topic,
            buttons=tuple(tuple((one["text"], one.get("callback_data", "")) for one in row) for row in rows),
            photo=self.picture,
            edited=bool(self.edited),
            reactions=tuple(emoji for each in self.reactions.values() for emoji in each),
            entities=tuple(self.content.get("entities") or self.content.get("caption_entities") or ()),
            preview=self.preview,
        )


@dataclass(eq=False, repr=False)
class Chat:
    """A chat with everything in it. `person` is the other side of a private chat; `asking` wait to be let in."""

    id: int
    kind: Kind
    title: str = ""
    username: str = ""
    person: User | None = None
    is_forum: bool = False
    members: dict[int, Member] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    permissions: dict[str, bool] = field(default_factory=lambda: dict(MEMBERS_MAY))
    banned_chats: set[int] = field(default_factory=set)
    asking: dict[int, User] = field(default_factory=dict)
    linked: Chat | None = None
    moved_to: Chat | None = None
    deleted: bool = False
    last_id: int = 1
    """A supergroup's first message tells of its making, and cannot be deleted."""

    def json(self) -> Json:
        shown: Json = {"id": self.id, "type": self.kind}
        if self.person:
            shown |= {"first_name": self.person.first_name}
            return shown | ({"username": self.person.username} if self.person.username else {})
        shown |= {"title": self.title}
        shown |= {"username": self.username} if self.username else {}
        return shown | ({"is_forum": True} if self.is_forum else {})

    def __repr__(self) -> str:
        return f"<Chat {self.id}, {self.kind} {self.title}>"

    def shown(self) -> list[Shown]:
        """What people see now, oldest first; service messages are left out, deleted ones are gone."""
        return [post.shown() for post in self.posts.values() if not post.service]

    def standing(self, user: User) -> Member:
        return self.members.get(user.id) or Member(user, "left", inside=False)
