"""The console over real books, as the house opens it."""

from __future__ import annotations

from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.app import classifier
from bot.bench import Bench
from bot.books import open_books
from bot.console.pages import console
from bot.console.rooms import Rooms, open_rooms
from bot.groups.communities import Communities
from bot.stream import Streams
from moderation.cases import CaseBook
from moderation.judging.judge import Judge
from moderation.policy import DEFAULT, load, read
from moderation.policy.book import PolicyBook


def rooms_of(redis: Redis, community: str = "sample", cases: CaseBook | None = None) -> Rooms:
    """The rooms of a house whose own community this is, under the packaged policy."""
    books = open_books(Streams(redis), cases or CaseBook(redis), Communities(redis, community))
    bench = Bench(Judge(load(), classifier()), PolicyBook(redis), classifier(), house=community)
    return open_rooms(books, bench, read(DEFAULT))


def open_console(redis: Redis, secret: str) -> Starlette:
    return console(rooms_of(redis), secret=secret)
