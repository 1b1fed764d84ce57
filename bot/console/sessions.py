"""Who is logged in: sessions in Redis, so that they end at once when they are to, on every machine.

The browser holds a random word in a signed cookie; Redis holds its digest alone.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import NamedTuple, cast

from pydantic import AwareDatetime, Field
from redis.asyncio import Redis

from bot.console.login import Person
from moderation.keys import key
from moderation.types import Noun

SESSION_S = 12 * 3600


class Session(Noun):
    """A person at a browser, since when."""

    person: Person
    since: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class Opened(NamedTuple):
    """What the cookie holds of a session."""

    community: str
    word: str


class Sessions:
    """The sessions of all communities."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def open(self, person: Person) -> Opened:
        """A fresh session, for half a day."""
        opened = Opened(person.community, secrets.token_urlsafe(24))
        name, everyone = _key(opened), key(person.community, "sessions")
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(name, Session(person=person).model_dump_json(), ex=SESSION_S)
        pipe.zremrangebyscore(everyone, "-inf", datetime.now(UTC).timestamp())
        pipe.zadd(everyone, {name: datetime.now(UTC).timestamp() + SESSION_S})
        await pipe.execute()
        return opened

    async def find(self, opened: Opened) -> Session | None:
        """The session, or None when it has ended."""
        found = cast(str | None, await self._redis.get(_key(opened)))
        return Session.model_validate_json(found) if found else None

    async def close(self, opened: Opened) -> None:
        """End one."""
        await self._redis.delete(_key(opened))

    async def listed(self, community: str) -> list[Session]:
        """Those that last, the latest first."""
        return sorted((await self._all(community)).values(), key=lambda session: session.since, reverse=True)

    async def close_all(self, community: str, person: str) -> int:
        """End every session of a person; how many there were."""
        theirs = [name for name, session in (await self._all(community)).items() if session.person.id == person]
        if theirs:
            await self._redis.delete(*theirs)
        return len(theirs)

    async def _all(self, community: str) -> dict[str, Session]:
        names = cast(list[str], await self._redis.zrange(key(community, "sessions"), 0, -1))
        rows = await self._redis.mget(names) if names else []
        return {name: Session.model_validate_json(row) for name, row in zip(names, rows, strict=True) if row}


def _key(opened: Opened) -> str:
    return key(opened.community, "session", hashlib.sha256(opened.word.encode()).hexdigest())
