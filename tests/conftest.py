"""What every test may use: a real server of its own, emptied before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from bot.redis_server import EmbeddedRedis, open_client


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--shots DIR` has the browser tests take the screenshots of docs/."""
    parser.addoption("--shots", default=None, help="folder for the browser tests' screenshots")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A real Valkey for the whole session."""
    embedded = EmbeddedRedis(Path(tmp_path_factory.mktemp("redis")))
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture
def redis_url(server: EmbeddedRedis) -> str:
    """The address of the server, emptied."""
    with SyncRedis(unix_socket_path=str(server.socket)) as client:
        client.flushall()
    return server.url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the emptied server, set up as the product's."""
    async with open_client(redis_url) as client:
        yield client
