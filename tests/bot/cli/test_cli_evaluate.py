"""`xiaoer evaluate` over stub models and small folders of data: what it prints and what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.answering.readers import Readers
from bot.cli import app
from bot.config import Settings
from bot.lm.types import Progress
from moderation.errors import XiaoerError
from tests.bot.reading_house import stubs, write_house, write_set
from tests.moderation.evaluating import StubWords, write_data


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared folder in small, in a working folder of its own."""
    monkeypatch.setattr("moderation.training.corpus.read_examples", lambda: iter(()))
    monkeypatch.setattr("bot.cli.training.load_classifier", lambda: StubWords(abuse="zebra"))
    monkeypatch.setenv("COMMUNITY", "any")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return write_data(tmp_path / "data")


def test_without_a_folder_the_short_tables_are_printed(data: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "judge", "--data", str(data), "--sample", "20"])
    assert done.exit_code == 0, done.output
    assert "Groups of clauses" in done.stdout
    assert "Gaps: identities and dialects" in done.stdout
    assert "by source\n" not in done.stdout
    assert "1.00 (0.91-1.00)" not in done.stdout
    assert "--out DIR" in done.stdout


def test_with_a_folder_all_is_written_and_named(data: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "judge", "--data", str(data), "--sample", "20", "--out", "out"])
    assert done.exit_code == 0, done.output
    named = [Path(line) for line in done.stdout.splitlines()]
    assert {path.name for path in named} == {"report.md", "report.json", "reliability-en.svg"}
    assert all((tmp_path / path).stat().st_size for path in named)
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "1.00 (0.91-1.00)" in report
    assert "## Harmless messages by source" in report


@pytest.fixture
def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reading set and a house, in a working folder of their own, and readers that copy."""

    async def opened(_settings: Settings, _progress: Progress) -> Readers:
        return stubs()

    monkeypatch.setattr("bot.cli.training.open_readers", opened)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    write_house(tmp_path / "lanes")
    return write_set(tmp_path / "set")


def test_answers_are_told_with_the_threshold_that_keeps_the_risk(reading: Path) -> None:
    asked = ["--data", str(reading), "--house", "lanes", "--sample", "8", "--risk", "0.5", "--sure", "0.6"]
    done = CliRunner().invoke(app, ["evaluate", "answer", *asked])
    assert done.exit_code == 0, done.output
    assert "model copies" in done.stdout
    assert "at most 50 % of answers are wrong, with 60 % confidence" in done.stdout
    assert "Search and time" in done.stdout
    assert "The language model alone" in done.stdout
    assert "by kind" not in done.stdout
    assert "--out DIR" in done.stdout


def test_answers_are_reported_in_a_folder(reading: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "answer", "--data", str(reading), "--sample", "20", "--out", "out"])
    assert done.exit_code == 0, done.output
    named = [Path(line) for line in done.stdout.splitlines()]
    assert {path.name for path in named} == {"report.md", "report.json", "reliability.svg", "risk-coverage.svg"}
    assert all((tmp_path / path).stat().st_size for path in named)
    assert "## Answers by kind" in (tmp_path / "out" / "report.md").read_text("utf-8")


def test_a_house_without_questions_is_one_line(reading: Path) -> None:
    (reading.parent / "lanes" / "questions.jsonl").unlink()
    done = CliRunner().invoke(app, ["evaluate", "answer", "--data", str(reading), "--house", "lanes"])
    assert isinstance(done.exception, XiaoerError)
    assert "questions.jsonl cannot be read" in str(done.exception)
