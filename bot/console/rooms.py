"""What the console's pages may reach."""

from __future__ import annotations

from typing import NamedTuple

from redis.asyncio import Redis
from starlette.exceptions import HTTPException

from bot.books import Books
from bot.console.login import Logins
from bot.console.sessions import Sessions
from bot.outcome import Bench
from moderation.keys import Write
from moderation.policy import Policy
from moderation.types import Case


class Rooms(NamedTuple):
    """The books, who judges, and who is logged in. `file` is the text of the settings' policy file."""

    books: Books
    bench: Bench
    logins: Logins
    sessions: Sessions
    file: str

    @property
    def redis(self) -> Redis:
        return self.books.streams.redis

    async def policy(self, community: str) -> Policy:
        """The policy in force."""
        return (await self.bench.sitting(community)).judge.policy

    async def case(self, community: str, id_: str) -> Case:
        """A case of the community; where there is none of this name, that is what the page says."""
        found = await self.books.cases.get(community, id_)
        if found is None:
            raise HTTPException(404, "missing")
        return found

    async def perform(self, *writes: Write) -> None:
        """Perform writes, all or none."""
        pipe = self.redis.pipeline(transaction=True)
        for write in writes:
            pipe.execute_command(*write)
        await pipe.execute()


def open_rooms(books: Books, bench: Bench, file: str) -> Rooms:
    """The rooms over the books' own client."""
    redis = books.streams.redis
    return Rooms(books, bench, Logins(redis), Sessions(redis), file)
