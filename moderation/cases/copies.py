"""A case with copies, taken apart: each message as if the case were about it alone, each person once.

What a decision does, and what takes it back, is said of one message at a time; here is of which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from moderation.judging.lately import identity
from moderation.types import Case, Message, Place


class Part(NamedTuple):
    """A case as if it were about one of its messages. `mark` tells a copy's part from the others, "" is the subject's.

    `first` says that it is the first of its author in this chat: what is done about a member is done there.
    """

    case: Case
    mark: str = ""
    first: bool = True


def parts(case: Case) -> list[Part]:
    """The case's message and its copies, each message once, whatever its versions; no words of who was forgotten."""
    said = _once((case.subject, *(copy for copy in case.copies if not copy.forgotten)), identity)
    people = {id(message) for message in _once(said, _person)}
    return [
        Part(_about(case, message), _mark(message) if message is not case.subject else "", id(message) in people)
        for message in said
    ]


def part_of(case: Case, message: Message) -> Case | None:
    """The case as that of the author of `message` in the chat where it was said; None where it is of others."""
    return next((part.case for part in parts(case) if _person(part.case.subject) == _person(message)), None)


def own_message(case: Case, platform: str, member: str) -> Message | None:
    """The message of this member that the case is about, its own or a copy."""
    own = ((one.place.platform, one.author.id) == (platform, member) for one in (case.subject, *case.copies))
    return next((one for one, mine in zip((case.subject, *case.copies), own, strict=True) if mine), None)


def authors(case: Case) -> list[str]:
    """The ids of all whose messages the case is about, each once, that of the case's own message first."""
    said = (case.subject, *(copy for copy in case.copies if not copy.forgotten))
    return [message.author.id for message in _once(said, lambda one: one.author.id)]


def chat(place: Place) -> tuple[str, str]:
    """The Telegram group, the Discord server or the community's page that a channel is a part of."""
    apart = place.platform in ("telegram", "discord")
    return place.platform, (place.home or place.channel.partition("/")[0]) if apart else ""


def _about(case: Case, message: Message) -> Case:
    return case.model_copy(update={"subject": message, "copies": ()})


def _person(message: Message) -> Hashable:
    return (*chat(message.place), message.author.id)


def _once(messages: Iterable[Message], by: Callable[[Message], Hashable]) -> list[Message]:
    """The messages without those that an earlier one stands for."""
    first: dict[Hashable, Message] = {}
    for message in messages:
        first.setdefault(by(message), message)
    return list(first.values())


def _mark(message: Message) -> str:
    return hashlib.blake2b("|".join(identity(message)).encode(), digest_size=5).hexdigest()
