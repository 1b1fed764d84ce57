"""What is said, where and by whom: the nouns that all others are made of. `moderation.types` has them all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt

Profile = Literal["help", "deals", "supply", "general", "announcements"]
Trust = Literal["new", "member", "trusted"]
Lang = Literal["zh", "en"]
Tier = Literal["member", "helper", "moderator", "admin", "owner"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""What a person may do in a community, from the least to the most."""

ID_LENGTH = 200
"""Characters an identity may have: more than any platform's own, few enough to be part of a Redis key."""
TEXT_LENGTH = 16_384
"""Characters of one message: four times the longest that Telegram or Discord let a member send."""

CODES = 8
"""Codes of one picture that are kept."""
CODE_LENGTH = 2048
"""Characters of one code's content: more than a link needs, fewer than the 4,296 that a QR code can hold."""
READ_LENGTH = 2000
"""Characters read in a picture or told of it."""

Identity = Annotated[str, Field(min_length=1, max_length=ID_LENGTH)]


class Noun(BaseModel):
    """Frozen, and strict about unknown fields: a misspelt field is an error and never a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Noun):
    """Where something is said. `profile` is the channel's kind, which decides what is welcome there.

    `title` is the channel's name as people know it. A thread or topic has a `parent`, the channel whose rules it
    takes. `private` is a member's direct line to the bot. `home` is the id of the Discord guild or the Telegram chat
    that the channel belongs to, of which a community may have several; empty elsewhere, and in old rows.
    """

    platform: Identity
    community: Identity
    channel: Identity
    profile: Profile = "general"
    title: str = Field(default="", max_length=ID_LENGTH)
    parent: str = Field(default="", max_length=ID_LENGTH)
    private: bool = False
    home: str = Field(default="", max_length=ID_LENGTH)

    @property
    def address(self) -> str:
        """The channel among those of all platforms, `platform:channel`."""
        return f"{self.platform}:{self.channel}"


class Author(Noun):
    """Who says it. `trust` is what the community knows of the member, not what the platform claims.

    `tier` is the platform's word: its owner, its administrators, who may delete or ban there. `roles` are the ids of
    the platform's roles, which a community may map to tiers of its own.
    """

    id: Identity
    name: str = Field(default="", max_length=ID_LENGTH)
    trust: Trust = "new"
    bot: bool = False
    tier: Tier = "member"
    roles: tuple[Identity, ...] = Field(default=(), max_length=250)


class Attachment(Noun):
    """A file that came with a message; the bytes stay on the platform.

    `kind` is its media type. What a picture says is judged like the message's own words: `codes` are the contents of
    its QR and bar codes (`moderation.judging.pictures`), `text` is what is written in it or told of it.
    """

    name: str = Field(default="", max_length=ID_LENGTH)
    kind: str = Field(default="", max_length=ID_LENGTH)
    url: str = Field(default="", max_length=4096)
    codes: tuple[Annotated[str, Field(max_length=CODE_LENGTH)], ...] = Field(default=(), max_length=CODES)
    text: str = Field(default="", max_length=READ_LENGTH)


class Message(Noun):
    """One message of one member, the same shape on every platform.

    `edit` counts the edits (0 is the message as first sent), `addressed` says that it speaks to the bot: a mention, a
    reply to the bot, a command or a private message. `blocked` says that the platform's own filter kept it back: nobody
    saw it, and a person is to know. `quoted` says that the author only shows the bot another member's words: nobody is
    to answer for them. `forgotten` says that its author had it erased: only its time and place are left.
    """

    id: Identity
    place: Place
    author: Author
    text: str = Field(default="", max_length=TEXT_LENGTH)
    sent_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    reply_to: Identity | None = None
    addressed: bool = False
    attachments: tuple[Attachment, ...] = ()
    edit: NonNegativeInt = 0
    blocked: bool = False
    quoted: bool = False
    forgotten: bool = False

    @property
    def key(self) -> str:
        """The identity that deduplicates deliveries: platform, chat, message and edit."""
        return f"{self.place.platform}:{self.place.channel}:{self.id}:{self.edit}"
