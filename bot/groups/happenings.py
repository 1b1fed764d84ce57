"""What happens in a chat besides messages and votes: a card's button is pressed, the bot or a member comes or goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from moderation.types import ID_LENGTH, Author, Identity, Noun, Place


class Press(Noun):
    """A moderator's press of a button under a card: `button` is its id, `card` the platform's id of the message."""

    place: Place
    button: str = Field(min_length=1, max_length=60)
    member: Author
    card: Identity
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


Change = Literal["bot_added", "bot_removed", "rights_changed", "moved", "joined", "left"]
"""What happened to the bot or to a member in a chat; `moved` is a Telegram group that became a supergroup."""


class Membership(Noun):
    """A change of who is in a chat. `member` is who joined or left, `moved_to` the chat's new id."""

    place: Place
    change: Change
    member: Author | None = None
    moved_to: str = Field(default="", max_length=ID_LENGTH)
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
