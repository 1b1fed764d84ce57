"""The wiring: the only room that knows the adapters and the router both. Nothing here decides anything.

`xiaoer run` starts every part in one process over the same streams that `gateway`, `worker` and `console` use as
separate processes on many machines.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.answering.answer import AnswerRoom
from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.answering.readers import Readers
from bot.bench import Bench
from bot.books import open_books
from bot.commands import Commands, Reach
from bot.config import Settings
from bot.groups.communities import Communities
from bot.groups.rights import ChatRights
from bot.knowledge.meaning import Models
from bot.knowledge.shelves import Shelves
from bot.lm.cache import prepare
from bot.lm.opening import open_lm
from bot.lm.types import Progress
from bot.lm.vectors import TokenVectors
from bot.redis_server import EmbeddedRedis, open_client
from bot.router import Router
from bot.sample import KNOWLEDGE, POLICY
from bot.stream import Streams
from bot.witness.convert import PLAIN, WITNESS
from bot.witness.encoder import TextEncoder
from bot.witness.witness import Witness
from bot.worker import Told, Worker
from moderation.cases import CaseBook
from moderation.errors import XiaoerError
from moderation.judging.classifier import Classifier, load_classifier
from moderation.judging.judge import Judge
from moderation.policy import DEFAULT, Policy, load, read
from moderation.policy.book import PolicyBook

SAMPLE = "sample"
"""The name of the community that comes with the package."""


class Base(NamedTuple):
    """What every process needs."""

    settings: Settings
    redis: Redis
    streams: Streams
    cases: CaseBook


@asynccontextmanager
async def base(settings: Settings) -> AsyncIterator[Base]:
    """A live connection to Redis, the embedded server's when no REDIS_URL is set. Raises XiaoerError when dead."""
    async with connect(settings) as redis:
        streams = Streams(redis, lease_s=settings.lease_s)
        await streams.register(settings.community)
        yield Base(settings, redis, streams, CaseBook(redis))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Redis]:
    """The client that all rooms share; the embedded server lives as long as the process that started it."""
    url = settings.redis_url.get_secret_value()
    if url:
        async with _client(url) as redis:
            yield redis
        return
    server = EmbeddedRedis(settings.data_dir)
    await asyncio.to_thread(server.start)
    keeper = asyncio.create_task(server.keep(), name="embedded redis")
    try:
        async with _client(server.url) as redis:
            yield redis
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[Redis]:
    try:
        redis = open_client(url)
    except ValueError as fault:
        raise XiaoerError(f"REDIS_URL: {fault}; write redis://host:6379/0, rediss://… or unix:///path") from fault
    async with redis:
        try:
            await redis.ping()
        except RedisError as fault:
            where = url.rpartition("@")[2]
            mend = "start it, correct REDIS_URL, or leave REDIS_URL empty for the embedded server"
            raise XiaoerError(f"Redis at {where}: {type(fault).__name__}; {mend}") from fault
        yield redis


def secret(settings: Settings) -> str:
    """The key that signs sessions and links: the setting, or one kept in the data folder for this user alone."""
    if given := settings.secret_key.get_secret_value():
        return given
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / "secret.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text("utf-8").strip()


def policy_path(settings: Settings) -> Path:
    """The settings' policy file: the one named, the sample community's while that is what runs, or the packaged one.

    It is in force as long as the community's policy book holds no other.
    """
    return settings.policy_file or (POLICY if settings.community == SAMPLE else DEFAULT)


def knowledge_path(settings: Settings) -> Path | None:
    """The folder of knowledge files: the setting's, or the sample community's while that is what runs."""
    return settings.knowledge_dir or (KNOWLEDGE if settings.community == SAMPLE else None)


def open_policy(settings: Settings) -> Policy:
    """The policy of the settings' file. Raises PolicyError with every fault."""
    return load(policy_path(settings))


@cache
def classifier() -> Classifier:
    """The shipped classifier, loaded once for all judges of this process. Raises ClassifierError."""
    return load_classifier()


def open_judge(settings: Settings) -> Judge:
    """The judge with the settings' policy file and the shipped classifier. Raises XiaoerError when one is unusable."""
    return Judge(open_policy(settings), classifier())


async def open_search(settings: Settings, progress: Progress) -> Models:
    """The models of the search: always the shipped ones, which are prepared first when that was not done."""
    cache = settings.cache_dir.expanduser()
    table = TokenVectors(await asyncio.to_thread(prepare, cache, progress=progress))
    folder = await asyncio.to_thread(PLAIN.prepare, cache, progress=progress)
    return Models(table, await asyncio.to_thread(TextEncoder.load, folder, threads=settings.lm_threads))


async def open_readers(settings: Settings, progress: Progress) -> Readers:
    """The language model that the settings choose; witness and search are always the shipped ones.

    These are prepared first when that was not done yet.
    """
    cache = settings.cache_dir.expanduser()
    models = await open_search(settings, progress)
    second = await asyncio.to_thread(WITNESS.prepare, cache, progress=progress)
    witness = await asyncio.to_thread(Witness.load, second, threads=settings.lm_threads)
    model = await open_lm(
        cache=cache,
        model=settings.lm_model or None,
        url=settings.lm_url or None,
        key=settings.lm_key.get_secret_value() or None,
        device=settings.lm_device,
        threads=settings.lm_threads,
        queue=settings.lm_queue,
        timeout_s=settings.lm_timeout_s,
    )
    return Readers(model, witness, models)


def open_communities(parts: Base) -> Communities:
    """The book of communities, with the chats that the settings let the bot serve."""
    welcome = frozenset(name.strip() for name in parts.settings.chats.split(",") if name.strip())
    return Communities(parts.redis, parts.settings.community, welcome)


def manners(settings: Settings) -> Manners:
    """When the bot may speak unasked, by the settings."""
    return Manners(
        where=settings.unasked,
        score=settings.unasked_score,
        per_hour=settings.unasked_per_hour,
        quiet_s=settings.quiet_s,
        burst_s=settings.burst_s,
    )


def console_url(settings: Settings) -> str:
    """The console's address as moderators reach it."""
    return settings.public_url or f"http://{settings.bind}:{settings.console_port}"


def open_bench(parts: Base, judge: Judge) -> Bench:
    """The judges of all communities. `judge` judges where the policy book holds nothing."""
    return Bench(judge, PolicyBook(parts.redis), classifier(), house=parts.settings.community)


async def open_worker(parts: Base, judge: Judge, readers: Readers, told: Told) -> Worker:
    """A worker with all rooms of the two straight paths. `judge` judges where the policy book holds nothing."""
    house = parts.settings.community
    shelves = Shelves(parts.redis, readers.models, parts.settings.cache_dir.expanduser() / "knowledge", house)
    await shelves.prepare()
    room = AnswerRoom(shelves.search, readers.lm, readers.witness, confidence=parts.settings.answer_confidence)
    bench = open_bench(parts, judge)
    books = open_books(parts.streams, parts.cases, open_communities(parts))
    floor = Floor(parts.redis, books.members, books.history, manners(parts.settings))
    rights = ChatRights(parts.settings, books.communities)
    commands = Commands(Reach(books, bench, read(policy_path(parts.settings)), rights, console_url(parts.settings)))
    router = Router(bench, room, books, floor, commands, archive_days=parts.settings.archive_days)
    return Worker(router, books, bench, told, rights)
