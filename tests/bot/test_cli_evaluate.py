"""`xiaoer evaluate judge` over a stub classifier and a small folder of data: what it prints and what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from tests.moderation.evaluating import StubWords, write_data


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared folder in small, in a working folder of its own."""
    monkeypatch.setattr("moderation.corpus.read_examples", lambda: iter(()))
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
