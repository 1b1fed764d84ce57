"""What can happen in a channel of the web chat: the events of its stream, which the page's script shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from bot.adapters.web_picture import Picture
from moderation.types import Noun, SayKind


class Source(Noun):
    """A document behind an answer, with the passage quoted."""

    title: str
    quote: str


class Said(Noun):
    """Somebody said something. `to` is the one member who sees it; None is everybody.

    `ballot` is the name of an answer that may be voted on, empty for everything else.
    """

    event: Literal["said"] = "said"
    id: str
    author: str
    name: str
    text: str
    at: AwareDatetime
    kind: Literal["member"] | SayKind = "member"
    reply_to: str | None = None
    to: str | None = None
    sources: tuple[Source, ...] = ()
    picture: Picture | None = None
    case: str | None = None
    ballot: str = ""


class Removed(Noun):
    """A message was removed. `name` and `at` are the message's own; `reason` is a clause's name or plain words."""

    event: Literal["removed"] = "removed"
    id: str
    name: str = ""
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    reason: str = ""


class Voted(Noun):
    """The votes on an answer, as they now stand; `id` is its ballot. Who voted is not told."""

    event: Literal["voted"] = "voted"
    id: str
    up: int = 0
    down: int = 0
    person: int = 0


Event = Said | Removed | Voted
events: TypeAdapter[Said | Removed | Voted] = TypeAdapter(Annotated[Event, Field(discriminator="event")])
