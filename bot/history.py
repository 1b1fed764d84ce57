"""What was said in a community: lately, as context for the judge and for cases; and the archive, for backtests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import NamedTuple, cast

from pydantic import ValidationError
from redis.asyncio import Redis

from moderation.judging.lately import KEPT, LASTS
from moderation.keys import Write, key
from moderation.policy.shadow import keeping
from moderation.types import Message, Ruling, Verdict

PAGE = 500
"""Archived messages that are read in one go."""


class Archived(NamedTuple):
    """A message of the archive with its verdict at the time; `policy` is that verdict's, as `name@version`."""

    at: datetime
    message: Message
    ruling: Ruling
    clause: str
    policy: str


class Page(NamedTuple):
    """A piece of the archive, and how many of its entries an earlier version wrote in a form that is not read now."""

    messages: list[Archived]
    unread: int


def noting(message: Message) -> list[Write]:
    """The writes that add a message to what was lately said."""
    recent = key(message.place.community, "recent")
    return [
        ("LPUSH", recent, message.model_dump_json()),
        ("LTRIM", recent, "0", str(KEPT - 1)),
        ("EXPIRE", recent, str(int(LASTS.total_seconds()))),
    ]


def archiving(message: Message, verdict: Verdict, days: int) -> list[Write]:
    """The writes that keep a message for `days` days with its verdict. 0 keeps none, and drops what was kept."""
    archive = key(message.place.community, "archive")
    if not days:
        return [("UNLINK", archive)]
    found = ("ruling", verdict.ruling.value, "clause", verdict.clause or "", "policy", verdict.policy)
    return keeping(archive, days, "message", message.model_dump_json(), *found)


class History:
    """Reads what `noting` and `archiving` wrote (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def recent(self, community: str) -> list[Message]:
        """The community's last messages, oldest first."""
        rows = await cast(Awaitable[list[str]], self._redis.lrange(key(community, "recent"), 0, -1))
        return [Message.model_validate_json(row) for row in reversed(rows)]

    async def archived(self, community: str, since: datetime, until: datetime) -> AsyncIterator[Page]:
        """The archive from `since` to `until`, oldest first, in pages."""
        start, end = (str(max(0, int(moment.timestamp() * 1000))) for moment in (since, until))
        while rows := await self._redis.xrange(key(community, "archive"), start, end, count=PAGE):
            entries = cast(list[tuple[str, dict[str, str]]], rows)
            read = [_archived(id_, fields) for id_, fields in entries]
            found = [one for one in read if one]
            yield Page(found, len(read) - len(found))
            start = f"({entries[-1][0]}"


def _archived(id_: str, fields: dict[str, str]) -> Archived | None:
    at = datetime.fromtimestamp(int(id_.partition("-")[0]) / 1000, UTC)
    try:
        message = Message.model_validate_json(fields["message"])
    except ValidationError:
        return None
    return Archived(at, message, Ruling(fields["ruling"]), fields["clause"], fields["policy"])
