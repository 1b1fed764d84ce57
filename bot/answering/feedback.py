"""What members make of the bot's answers: a record of each answer with a source, its votes, and their totals.

One vote per member and answer. The totals are kept by the day of the answer, so that a vote that changes changes the
day it was counted on; they know documents and no members.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, cast

from pydantic import AwareDatetime, Field
from redis.asyncio import Redis

from moderation.keys import Write, key
from moderation.types import Choice, Message, Noun, Reply, Say, Vote

KEPT: Final = timedelta(days=30)
"""How long an answer can be voted on."""
TOTALS_KEPT: Final = timedelta(days=400)
"""How long a day's totals outlive its last vote."""
_ANSWERED: Final = "answered"


class Answered(Noun):
    """An answer that was given, with its question: `id` is that of its `Say`."""

    id: str
    message: Message
    reply: Reply
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class Tally(NamedTuple):
    """How many answers there were, and how many members now vote what on them."""

    answered: int = 0
    up: int = 0
    down: int = 0
    person: int = 0


class Day(NamedTuple):
    """The answers of a day (UTC) with the votes on them, whenever those came: all, and by the document quoted."""

    day: date
    total: Tally
    documents: dict[str, Tally]


def recording(said: Say, message: Message, reply: Reply) -> Sequence[Write]:
    """The writes that record an answer, so that it can be voted on. Nothing for what carries no buttons."""
    if not said.votable:
        return ()
    answered, community = Answered(id=said.id, message=message, reply=reply), message.place.community
    seconds = str(int(KEPT.total_seconds()))
    record: Write = ("SET", key(community, "answered", said.id), answered.model_dump_json(), "EX", seconds)
    return [record, *_adding(answered, _ANSWERED, 1)]


def counting(answered: Answered, vote: Vote, before: Choice | None) -> Sequence[Write]:
    """The writes that count a member's vote in place of the one before; nothing when it says the same."""
    if vote.choice == before:
        return ()
    ballot = key(vote.community, "ballot", answered.id)
    until = str(int((answered.at + KEPT).timestamp()))
    taken_back = _adding(answered, before, -1) if before else ()
    set_: Write = ("HSET", ballot, vote.member, vote.choice)
    return [set_, ("EXPIREAT", ballot, until), *taken_back, *_adding(answered, vote.choice, 1)]


def _adding(answered: Answered, what: str, number: int) -> Sequence[Write]:
    """The writes that add to the totals of the answer's day: the field `up` for all, `up fees.md` for a document."""
    totals = _totals(answered.message.place.community, answered.at.astimezone(UTC).date())
    documents = dict.fromkeys(passage.document for passage in answered.reply.passages)
    fields = (what, *(f"{what} {document}" for document in documents))
    added: list[Write] = [("HINCRBY", totals, field, str(number)) for field in fields]
    return [*added, ("EXPIRE", totals, str(int(TOTALS_KEPT.total_seconds())))]


class FeedbackBook:
    """Reads what `recording` and `counting` wrote (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def answered(self, community: str, answer: str) -> Answered | None:
        """The answer of this `Say`; None when there was none, or when it is too old."""
        found = await self._redis.get(key(community, "answered", answer))
        return Answered.model_validate_json(found) if found else None

    async def choice(self, community: str, answer: str, member: str) -> Choice | None:
        """What the member votes on the answer now."""
        ballot = key(community, "ballot", answer)
        return cast(Choice | None, await cast(Awaitable[str | None], self._redis.hget(ballot, member)))

    async def tally(self, community: str, answer: str) -> Tally:
        """The votes on one answer; none for one that is unknown or too old."""
        ballot = cast(Awaitable[list[str]], self._redis.hvals(key(community, "ballot", answer)))
        votes, known = await ballot, await self._redis.exists(key(community, "answered", answer))
        return Tally(int(known), *(votes.count(choice) for choice in Tally._fields[1:]))

    async def days(self, community: str, first: date, last: date) -> list[Day]:
        """The totals from `first` to `last`, both included, oldest first; a day without answers is left out."""
        wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        pipe = self._redis.pipeline(transaction=False)
        for day in wanted:
            pipe.hgetall(_totals(community, day))
        found = zip(wanted, cast(list[dict[str, str]], await pipe.execute()), strict=True)
        return [_day(day, fields) for day, fields in found if fields]


def _day(day: date, fields: dict[str, str]) -> Day:
    tallies: dict[str, dict[str, int]] = {"": {}}
    for field, number in fields.items():
        what, _, document = field.partition(" ")
        tallies.setdefault(document, {})[what] = int(number)
    total = Tally(**tallies.pop(""))
    return Day(day, total, {document: Tally(**counts) for document, counts in tallies.items()})


def _totals(community: str, day: date) -> str:
    return key(community, "feedback", day.isoformat())
