"""The nouns that travel through the house. They know no chat platform and no Redis.

Every noun is frozen and survives a trip through Redis: `noun.model_dump_json()` there, `Noun.model_validate_json()`
back. A *verdict* is always the machine's; a *decision* always settles a case, and a person's outranks any verdict.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, TypeAdapter

Profile = Literal["help", "deals", "supply", "general", "announcements"]
Trust = Literal["new", "member", "trusted"]
Lang = Literal["zh", "en"]

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
    """Where something is said. `profile` is the channel's kind, which decides what is welcome there."""

    platform: Identity
    community: Identity
    channel: Identity
    profile: Profile = "general"


class Author(Noun):
    """Who says it. `trust` is what the community knows of the member, not what the platform claims."""

    id: Identity
    name: str = Field(default="", max_length=ID_LENGTH)
    trust: Trust = "new"
    bot: bool = False


class Attachment(Noun):
    """A file that came with a message; the bytes stay on the platform.

    `kind` is its media type. What a picture says is judged like the message's own words: `codes` are the contents of
    its QR and bar codes (`moderation.pictures`), `text` is what is written in it or told of it.
    """

    name: str = Field(default="", max_length=ID_LENGTH)
    kind: str = Field(default="", max_length=ID_LENGTH)
    url: str = Field(default="", max_length=4096)
    codes: tuple[Annotated[str, Field(max_length=CODE_LENGTH)], ...] = Field(default=(), max_length=CODES)
    text: str = Field(default="", max_length=READ_LENGTH)


class Message(Noun):
    """One message of one member, the same shape on every platform.

    `edit` counts the edits (0 is the message as first sent), `addressed` says that it speaks to the bot: a mention, a
    reply to the bot, a command or a private message.
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

    @property
    def key(self) -> str:
        """The identity that deduplicates deliveries: platform, chat, message and edit."""
        return f"{self.place.platform}:{self.place.channel}:{self.id}:{self.edit}"


class Ruling(StrEnum):
    """What the machine finds: let it pass, ask a person, or act by policy."""

    ALLOW = "allow"
    REVIEW = "review"
    ACT = "act"


class Signal(Noun):
    """One finding of one check. `evidence` is the offending piece, `span` its [start, end) in `Message.text`."""

    check: str
    clause: str
    score: float = Field(ge=0, le=1)
    evidence: str = ""
    span: tuple[int, int] | None = None


class Verdict(Noun):
    """The judge's finding on one message.

    `score` is the calibrated probability of `clause`, `scores` that of every clause. `shadow` holds the ruling that a
    policy in shadow mode would have given; `ruling` is then ALLOW. `took_ms` is the judge's own time.
    """

    ruling: Ruling
    clause: str | None = None
    score: float = Field(default=0.0, ge=0, le=1)
    scores: dict[str, float] = {}
    signals: tuple[Signal, ...] = ()
    model: str = ""
    policy: str = ""
    shadow: Ruling | None = None
    took_ms: NonNegativeFloat = 0.0


class Passage(Noun):
    """A piece of a knowledge document that a search found; `score` grows with relevance and lies in [0, 1]."""

    document: str
    title: str
    text: str
    lang: Lang
    score: float = 0.0


class Reply(Noun):
    """What the answer room says: a text with the passages that prove it, or a hand-off (then `text` is a draft).

    `why` tells the reason of a hand-off: nothing_found, not_answered, unsure, model_failed, unfit for words that the
    community would not want, or asked_for_a_person by a member who had read the answer. `first_ms` is the time until
    the model's first token was there, None where none was asked or it cannot say.
    """

    text: str = ""
    passages: tuple[Passage, ...] = ()
    confidence: float = Field(default=0.0, ge=0, le=1)
    handoff: bool = False
    why: str = ""
    took_ms: NonNegativeFloat = 0.0
    first_ms: NonNegativeFloat | None = None


Action = Literal["dismiss", "remove", "timeout", "ban", "answer"]
"""How a case is settled. `timeout` and `ban` remove the message too; `answer` replies to a handed-over question."""


class Decision(Noun):
    """What settles a case. `by` is a person's id, or "policy"; `reason` a clause's name; `text` words to the member.

    `teach` says that the answer to a hand-off is to be kept as knowledge; with any other action it means nothing.
    """

    case: Identity
    action: Action
    by: Identity
    by_name: str = ""
    reason: str = ""
    text: str = Field(default="", max_length=4096)
    seconds: NonNegativeInt = 0
    strikes: NonNegativeInt = 0
    teach: bool = False
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


CaseKind = Literal["moderation", "handoff"]
CaseState = Literal["open", "settled"]


class Case(Noun):
    """A doubt laid before a person, or an enforcement on record.

    `subject` is the message it is about, `context` what was said before it, oldest first. A moderation case carries the
    verdict, a hand-off the unsent draft with the best passages. `claimed_by` holds until `claimed_until`.
    """

    id: Identity
    kind: CaseKind
    subject: Message
    context: tuple[Message, ...] = ()
    verdict: Verdict | None = None
    reply: Reply | None = None
    state: CaseState = "open"
    claimed_by: str = ""
    claimed_until: AwareDatetime | None = None
    opened_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    decision: Decision | None = None

    @property
    def community(self) -> str:
        return self.subject.place.community


def case_id(kind: CaseKind, subject: Message) -> str:
    """The case's name, fixed by what it is about, so that a retry opens no second case: 8 letters like `7KQF2M9D`."""
    alphabet = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
    digest = hashlib.blake2b(f"{kind}|{subject.place.community}|{subject.key}".encode(), digest_size=8).digest()
    return "".join(alphabet[byte & 31] for byte in digest)


SayKind = Literal["answer", "notice", "handoff", "moderator"]
Choice = Literal["up", "down", "person"]
"""A vote under an answer: it helped, it did not, or a person is to look at it."""


class Say(Noun):
    """An effect: put words into a chat. `id` is the idempotency key, `passages` the sources to show under them."""

    effect: Literal["say"] = "say"
    id: str
    place: Place
    text: str
    kind: SayKind
    reply_to: str | None = None
    to: str | None = None
    passages: tuple[Passage, ...] = ()
    case: str | None = None

    @property
    def votable(self) -> bool:
        """Whether the buttons of a `Vote` belong under it: an answer with a source, and never small talk."""
        return self.kind == "answer" and bool(self.passages)


class Vote(Noun):
    """A member's vote on an answer of the bot; `answer` is the id of its `Say`. A later one replaces an earlier one."""

    community: Identity
    answer: str = Field(min_length=1, max_length=1000)
    member: Identity
    name: str = Field(default="", max_length=ID_LENGTH)
    choice: Choice
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class Enforce(Noun):
    """An effect: act on a message or a member. `seconds` is a timeout's length."""

    effect: Literal["enforce"] = "enforce"
    id: str
    place: Place
    action: Literal["delete", "timeout", "ban"]
    message: str
    member: str
    seconds: NonNegativeInt = 0
    reason: str = ""
    case: str | None = None


Effect = Annotated[Say | Enforce, Field(discriminator="effect")]
effects: TypeAdapter[Say | Enforce] = TypeAdapter(Effect)
