"""The nouns that travel through the house. They know no chat platform and no Redis.

Every noun is frozen and survives a trip through Redis: `noun.model_dump_json()` there, `Noun.model_validate_json()`
back. A *verdict* is always the machine's; a *decision* always settles a case, and a person's outranks any verdict.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, NonNegativeFloat, NonNegativeInt, TypeAdapter

from moderation.messages import CODE_LENGTH as CODE_LENGTH
from moderation.messages import CODES as CODES
from moderation.messages import ID_LENGTH as ID_LENGTH
from moderation.messages import READ_LENGTH as READ_LENGTH
from moderation.messages import TEXT_LENGTH as TEXT_LENGTH
from moderation.messages import TIERS as TIERS
from moderation.messages import Attachment as Attachment
from moderation.messages import Author as Author
from moderation.messages import Identity as Identity
from moderation.messages import Lang as Lang
from moderation.messages import Message as Message
from moderation.messages import Noun as Noun
from moderation.messages import Place as Place
from moderation.messages import Profile as Profile
from moderation.messages import Tier as Tier
from moderation.messages import Trust as Trust


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
    scores: dict[str, float] = Field(default_factory=dict)
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
    community would not want, training, over_budget, or asked_for_a_person by a member who had read the answer.
    `first_ms` is the time until the model's first token was there, None where none was asked or it cannot say.
    """

    text: str = ""
    passages: tuple[Passage, ...] = ()
    confidence: float = Field(default=0.0, ge=0, le=1)
    handoff: bool = False
    why: str = ""
    took_ms: NonNegativeFloat = 0.0
    first_ms: NonNegativeFloat | None = None


Action = Literal["dismiss", "warn", "remove", "timeout", "mute", "kick", "ban", "answer", "uphold", "overturn"]
"""How a case is settled; `answer` replies to a handed-over question.

`warn` leaves the message where it is and tells the member the reason. All that is harder removes the message too:
`timeout` silences for a time, `mute` until it is undone, a `kick` lets the member come back and a `ban` does not. An
appeal is upheld, which means that the first decision stands, or overturns it.
"""
ENFORCING: tuple[Action, ...] = ("warn", "remove", "timeout", "mute", "kick", "ban")
"""What is done about a message or its author, the mildest first: it adds strikes, and may be appealed and undone."""


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

    @property
    def enforces(self) -> bool:
        """Whether it does something about a message or its author, which may be undone."""
        return self.action in ENFORCING


class Remark(Noun):
    """What a moderator notes on a case for the others; members never see it."""

    by: Identity
    by_name: str = Field(default="", max_length=ID_LENGTH)
    text: str = Field(min_length=1, max_length=2000)
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


CaseKind = Literal["moderation", "handoff", "appeal"]
CaseState = Literal["open", "settled"]


class Case(Noun):
    """A doubt laid before a person, or an enforcement on record.

    `subject` is the message it is about, `context` what was said before it, oldest first. A moderation case carries the
    verdict, a hand-off the unsent draft with the best passages. `claimed_by` holds until `claimed_until`.

    An appeal is `of` the settled case that it disputes. `proposed` is what the policy would have done where people
    decide everything. `reversal` is the decision that took the case's own back; `reporters` are the members, as
    `platform:member`, who reported the message.

    `severity` runs from 1 to 5 (most urgent), `strikes` are those that the member had when it opened. `copies` are
    near copies of the subject, by whomever, decided with it; `further` is what the author of a hand-off asked after it.
    A decision is due at `due_at`; `late` counts how often people were told that it is. It may be given to a person
    (`assigned_to`) or a tier (`asked`), and sleep until `wake_at`; `skipped` are the moderators who passed it by.
    `opinions` are decisions that did not settle it: the first of two that are needed, or one that was asked for;
    `after` are those of a blind second look at a settled case.
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
    of: str = Field(default="", max_length=ID_LENGTH)
    proposed: Decision | None = None
    reversal: Decision | None = None
    reporters: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    severity: int = Field(default=2, ge=1, le=5)
    strikes: NonNegativeInt = 0
    copies: tuple[Message, ...] = ()
    further: tuple[Message, ...] = ()
    due_at: AwareDatetime | None = None
    late: NonNegativeInt = 0
    assigned_to: str = ""
    asked: Tier | None = None
    wake_at: AwareDatetime | None = None
    skipped: tuple[str, ...] = ()
    first_claimed_at: AwareDatetime | None = None
    opinions: tuple[Decision, ...] = ()
    after: tuple[Decision, ...] = ()

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


class Button(Noun):
    """A button under what the bot says. Its `id` names what it is about and what it does; the house keeps all state."""

    id: str = Field(pattern=r"^[\x21-\x7e]{1,60}$")
    label: str = Field(min_length=1, max_length=80)
    style: Literal["plain", "good", "bad"] = "plain"


class Say(Noun):
    """An effect: put words into a chat. `id` is the idempotency key, `passages` the sources to show under them.

    `to` is the one member whom they concern. `edits` names an earlier `Say` whose words these take the place of. No
    device rings for `quiet` ones; where it `rings` the platform notifies `to`, and nobody else.
    """

    effect: Literal["say"] = "say"
    id: str
    place: Place
    text: str
    kind: SayKind
    reply_to: str | None = None
    to: str | None = None
    passages: tuple[Passage, ...] = ()
    case: str | None = None
    edits: str | None = None
    buttons: tuple[Button, ...] = ()
    quiet: bool = False
    rings: bool = False

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


Enforcement = Literal["delete", "timeout", "mute", "kick", "ban", "untimeout", "unmute", "unban"]
UNDO: dict[Enforcement, Enforcement] = {"timeout": "untimeout", "mute": "unmute", "ban": "unban"}
"""What takes an enforcement back. A deletion and a kick cannot be: the member is told that it may come again."""


class Enforce(Noun):
    """An effect: act on a message or a member. `seconds` is a timeout's length."""

    effect: Literal["enforce"] = "enforce"
    id: str
    place: Place
    action: Enforcement
    message: str
    member: str
    seconds: NonNegativeInt = 0
    reason: str = ""
    case: str | None = None


Effect = Annotated[Say | Enforce, Field(discriminator="effect")]
effects: TypeAdapter[Say | Enforce] = TypeAdapter(Effect)
