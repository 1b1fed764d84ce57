"""The commands about the audit trail as an operator meets them, in an empty folder and on its own embedded server."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from bot.app import SAMPLE
from bot.cli import app
from bot.config import settings
from bot.redis_server import EmbeddedRedis, open_client
from bot.review.sealing import Sealing
from bot.stream import Streams
from moderation.audit import auditing, setting
from moderation.seals import Entry, audit_key

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedRedis]:
    """The server of an operator's folder, with three lines that a worker has sealed."""
    embedded = EmbeddedRedis(settings().data_dir)
    embedded.start()
    asyncio.run(filled(embedded.url))
    yield embedded
    embedded.stop()


async def filled(url: str) -> None:
    async with open_client(url) as redis:
        streams = Streams(redis)
        await streams.register(SAMPLE)
        await streams.write(auditing(SAMPLE, "web:mei", "helper", "/case 7KQF2M9D", "done", AT, case="7KQF2M9D"))
        await streams.write(auditing(SAMPLE, "web:li", "member", "/mode live", "refused", AT))
        await streams.write(setting(SAMPLE, "operator", "mode: training -> live", at=AT))
        sealing = asyncio.create_task(Sealing(streams).run())
        while not await redis.exists(f"x:{{{SAMPLE}}}:seals"):
            await asyncio.sleep(0.01)
        sealing.cancel()


def ran(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["audit", *arguments], catch_exceptions=False)
    assert done.exit_code == code
    return done.output


def test_lines_are_shown_by_kind_person_and_case(server: EmbeddedRedis) -> None:
    assert all(name in ran("show") for name in ("/case 7KQF2M9D", "/mode live", "training -> live"))
    assert "/mode live" not in ran("show", "--kind", "setting")
    assert "refused" in ran("show", "--by", "web:li")
    assert "web:mei" in ran("show", "--case", "7kqf2m9d")
    assert "no such lines" in ran("show", "--by", "web:nobody")


def test_the_trail_is_proven_and_a_cut_one_is_not(server: EmbeddedRedis) -> None:
    head = ran("head").strip()
    assert "3 lines are as they were written" in ran("verify", "--head", head)
    assert "no line has the seal" in ran("verify", "--head", "0" * 64, code=1)

    async def cut() -> str:
        async with open_client(server.url) as redis:
            (_, (id_, _), _) = cast(list[Entry], await redis.xrange(audit_key(SAMPLE)))
            await redis.xdel(audit_key(SAMPLE), id_)
            return id_

    id_ = asyncio.run(cut())
    assert f"line {id_}: it was sealed and is gone; 1 lines before it are good" in ran("verify", code=1)


def test_the_trail_is_taken_out_with_its_seals(server: EmbeddedRedis, tmp_path: Path) -> None:
    ran("export", "--out", "a.jsonl")
    ran("export", "--out", "a.csv", "--form", "csv")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows
    assert [row["by"] for row in rows] == ["web:mei", "web:li", "operator"]
    assert rows[-1]["seal"] == ran("head").strip()
    assert rows[0]["at"] == AT.isoformat()
