"""What was lately said, as the judge is to see it, and the versions of one message.

A member may edit a message; every version is judged, and has a case of its own if it needs one. What counts once per
message (its place in a flood, its strikes) goes by the message and not by the version.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta

from moderation.types import Message, case_id

KEPT = 100
"""Messages kept per community, over all its channels: enough to see a flood or an advertisement posted everywhere."""
LASTS = timedelta(days=1)
"""How long a quiet community's last messages are kept."""


def identity(message: Message) -> tuple[str, str, str]:
    """What all versions of a message share within a community."""
    return message.place.platform, message.place.channel, message.id


def unchanged(message: Message, recent: Sequence[Message]) -> bool:
    """Whether an edit says what the latest known version said: chats report an edit when they unfold a link."""
    if not message.edit:
        return False
    known = [said for said in recent if identity(said) == identity(message)]
    return bool(known) and _content(known[-1]) == _content(message)


def _content(message: Message) -> tuple[str, list[tuple[str, str, str]]]:
    """What a member put into a message. A file's address counts without its query, in which chats sign and date it."""
    return message.text, [(file.name, file.kind, file.url.partition("?")[0]) for file in message.attachments]


def surroundings(message: Message, recent: Iterable[Message]) -> list[Message]:
    """What others and the author said besides this message, oldest first, each message once and as it now stands."""
    latest: dict[tuple[str, str, str], Message] = {}
    for said in recent:
        latest[identity(said)] = said
    latest.pop(identity(message), None)
    return list(latest.values())


def moderation_case(message: Message) -> str:
    """The name of the case about this version: the message's own, such as `7KQF2M9D`; `7KQF2M9D-2` for edit 2."""
    name = case_id("moderation", message.model_copy(update={"edit": 0}))
    return f"{name}-{message.edit}" if message.edit else name


def same_message(case: str) -> str:
    """What the names of the cases about all versions of one message share."""
    return case.partition("-")[0]


class Lately:
    """The last messages of one community, for a replay: what `bot.history` keeps in Redis for the live judge."""

    def __init__(self, kept: int = KEPT) -> None:
        self._said: deque[Message] = deque(maxlen=kept)

    def before(self, message: Message) -> Sequence[Message]:
        """What was lately said when this message came, oldest first."""
        if self._said and message.sent_at - self._said[-1].sent_at > LASTS:
            self._said.clear()
        return self._said

    def note(self, message: Message) -> None:
        """Remember a message."""
        self._said.append(message)
