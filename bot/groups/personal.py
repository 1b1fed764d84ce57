"""What is kept of one member, for the member alone to see and to have deleted.

Open cases and the strikes in force stay: the community has a legitimate interest in finishing what it has begun. Of
settled cases the decision stays, and no word (`moderation.cases.forgetting` says why). What moderators have made into
knowledge stays too, without the name of who asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import NamedTuple, cast
from urllib.parse import quote

from pydantic import ValidationError
from redis.asyncio import Redis

from bot.answering.feedback import Answered
from bot.groups.staff import parting
from bot.groups.traces import Traces
from moderation.cases import CaseBook, member_key, strikes_key
from moderation.keys import Write, key
from moderation.members import STRIKES_LAST, admin, unnaming
from moderation.types import Message

PAGE = 500
"""Entries that are read, and ids that are deleted, in one go."""
CONFIRM_S = 600
"""Seconds in which a member confirms that all is to be forgotten."""
ALL = 10_000
"""Open cases that are looked through: more than any community leaves waiting."""


class Kept(NamedTuple):
    """How much there is: messages that passed, the trust given, strikes in force, votes, archived messages, open cases,
    and settled cases that hold the member's words or report."""

    passed: int
    trust: str
    strikes: int
    votes: int
    archived: int
    cases: int
    settled: int


class Personal:
    """Reads what is kept of members, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, cases: CaseBook) -> None:
        self._redis = redis
        self._cases = cases
        self._traces = Traces(redis, cases)

    async def kept(self, message: Message) -> Kept:
        """What is kept of the message's author in its community."""
        community, member = message.place.community, message.author.id
        since = (datetime.now(UTC) - STRIKES_LAST).timestamp()
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(key(community, "member", member), "passed", "trust")
        pipe.zcount(strikes_key(community, member), since, "+inf")
        (passed, trust), strikes = await pipe.execute()
        votes = [ballot async for ballot in self._ballots(message)]
        archived = [id_ async for id_, _ in self._archived(message)]
        settled = [case async for case in self._traces.settled(message)]
        waiting = await self._open_cases(message)
        return Kept(int(passed or 0), trust or "", strikes, len(votes), len(archived), waiting, len(settled))

    async def word(self, message: Message) -> str:
        """The word by which the author was asked to confirm, or ""."""
        return cast(str | None, await self._redis.get(_word(message))) or ""

    async def forgetting(self, message: Message) -> list[Write]:
        """The writes that delete what is kept of the author: messages, questions, votes, trust, and the words in cases.

        The decisions on settled cases stay; the author can appeal against none of them any more.
        """
        community, member = message.place.community, message.author.id
        found = [one async for one in self._archived(message)]
        archived = [id_ for id_, _ in found]
        pages = [archived[start : start + PAGE] for start in range(0, len(archived), PAGE)]
        return [
            *(("XDEL", key(community, "archive"), *page) for page in pages),
            *(("LREM", key(community, "recent"), "0", row) for row in await self._recent(message)),
            *[("HDEL", ballot, member) async for ballot in self._ballots(message)],
            *[("DEL", question) async for question in self._questions(message)],
            *[("DEL", name) async for name in self._own(message)],
            ("DEL", key(community, "member", member)),
            ("DEL", key(community, "room_votes", member)),
            ("DEL", member_key(community, message.place.platform, member)),
            parting(community, admin(message.place.platform, member)),
            unnaming(community, admin(message.place.platform, member)),
            *await self._traces.erasing(message, {name for _, name in found}),
            ("DEL", _word(message)),
        ]

    async def _archived(self, message: Message) -> AsyncIterator[tuple[str, str]]:
        """The ids of the entries, with the keys of their messages."""
        start = "-"
        while rows := await self._redis.xrange(key(message.place.community, "archive"), start, "+", count=PAGE):
            entries = cast(list[tuple[str, dict[str, str]]], rows)
            for id_, fields in entries:
                if _is_by(message, fields["message"]):
                    yield id_, Message.model_validate_json(fields["message"]).key
            start = f"({entries[-1][0]}"

    async def _recent(self, message: Message) -> list[str]:
        rows = self._redis.lrange(key(message.place.community, "recent"), 0, -1)
        return [row for row in await cast(Awaitable[list[str]], rows) if _is_by(message, row)]

    async def _ballots(self, message: Message) -> AsyncIterator[str]:
        async for name in self._named(message, "ballot", "*"):
            if await self._redis.hexists(name, message.author.id):
                yield name

    async def _questions(self, message: Message) -> AsyncIterator[str]:
        """Records of answers to the member's questions."""
        async for name in self._named(message, "answered", "*"):
            row = await self._redis.get(name)
            if row and _same(message, Answered.model_validate_json(row).message):
                yield name

    async def _own(self, message: Message) -> AsyncIterator[str]:
        """What waits to become a question, and the last exchanges, in all channels."""
        platform, who = (_plain(quote(part, safe="")) for part in (message.place.platform, message.author.id))
        for kind in ("burst", "turns"):
            async for name in self._named(message, kind, platform, "*", who):
                yield name

    def _named(self, message: Message, *parts: str) -> AsyncIterator[str]:
        """Keys of the community that fit; a rare question may walk through them all."""
        name = _plain(key(message.place.community, ""))
        return self._redis.scan_iter(match=name + ":".join(parts), count=1000)

    async def _open_cases(self, message: Message) -> int:
        return sum(_same(message, case.subject) for case in await self._cases.queue(message.place.community, ALL))


def confirming(message: Message) -> tuple[str, Write]:
    """A word that the author is to send to confirm, the same whenever this message is handled again; and its write."""
    word = hashlib.blake2b(message.key.encode(), digest_size=2).hexdigest()
    return word, ("SET", _word(message), word, "EX", str(CONFIRM_S))


def _word(message: Message) -> str:
    return key(message.place.community, "forget", f"{message.place.platform}:{message.author.id}")


def _plain(text: str) -> str:
    """The text as a pattern that fits itself alone."""
    return "".join(f"\\{char}" if char in "*?[]\\^" else char for char in text)


def _is_by(message: Message, row: str) -> bool:
    try:
        return _same(message, Message.model_validate_json(row))
    except ValidationError:
        return False


def _same(message: Message, said: Message) -> bool:
    """Whether both are words of one member."""
    return (message.place.platform, message.author.id) == (said.place.platform, said.author.id)
