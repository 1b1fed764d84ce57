"""`xiaoer desk quality`: the figures on the screen in the terminal's language, and as files for a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.redis_server import open_client
from moderation.cases import opening, settling
from moderation.cases.second_looks import SecondLooks
from tests.moderation.reviewed import COMMUNITY, decided, look, opened

TABLES = ["agreement", "backlog", "days", "drafts", "hours", "overturned", "people", "shifts", "times"]


@pytest.fixture
def house(redis_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder whose settings name the test's server."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def fill(url: str) -> None:
    """A case that a person decided and another looked at, one of the policy's, and two that wait."""
    now = datetime.now(UTC)
    case, waiting = opened(1, now - timedelta(days=2)), [opened(number, now - timedelta(hours=2)) for number in (3, 4)]
    case = decided(case, by="web:=1+1")
    async with open_client(url) as redis:
        for one in (case, decided(opened(2, now - timedelta(days=1)), by="policy", after_s=0)):
            assert one.decision is not None
            for write in settling(one, one.decision):
                await redis.execute_command(*write)
        for write in (write for one in waiting for write in opening(one)):
            await redis.execute_command(*write)
        await SecondLooks(redis).answer(COMMUNITY, look(case, "dismiss"))


@pytest.mark.parametrize(
    ("lang", "title"), [("zh_CN.UTF-8", "审核质量"), ("en_GB.UTF-8", "Quality of review"), ("C", "Quality")]
)
def test_the_figures_are_shown_in_the_terminals_language(
    house: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch, lang: str, title: str
) -> None:
    monkeypatch.setenv("LC_ALL", lang)
    asyncio.run(fill(redis_url))
    done = CliRunner().invoke(app, ["desk", "quality"])
    assert done.exit_code == 0, done.output
    assert title in done.output
    assert "=1+1" in done.output
    assert "spam_ads" in done.output
    assert list(house.iterdir()) == []


def test_the_files_are_safe_for_a_spreadsheet(house: Path, redis_url: str) -> None:
    asyncio.run(fill(redis_url))
    done = CliRunner().invoke(app, ["desk", "quality", "--days", "7", "--out", "new/folder"])
    assert done.exit_code == 0, done.output
    assert sorted(path.stem for path in (house / "new/folder").iterdir()) == TABLES
    people, agreement, backlog = (rows(house / f"new/folder/{name}.csv") for name in ("people", "agreement", "backlog"))
    assert [row["name"] for row in people] == ["'=1+1", "Cy"]
    assert [(row["clause"], row["looks"]) for row in agreement] == [("", "1"), ("spam_ads", "1")]
    assert [row["cases"] for row in backlog] == ["0", "2", "0", "0", "0", "0"]


def test_a_folder_that_cannot_be_is_told_with_its_mend(house: Path) -> None:
    (house / "file").write_text("")
    done = CliRunner().invoke(app, ["desk", "quality", "--out", "file"])
    assert done.exit_code == 1
    assert "name another folder" in str(done.exception)
