"""The command line as its users meet it: as a process of its own, in an empty folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.lm.cache import prepare
from bot.lm.convert import BLOCKS
from tests.bot.models import CACHE

XIAOER = str(Path(sys.executable).parent / "xiaoer")
COMMANDS = (
    "run gateway worker console chat replay judge answer knowledge policy doctor login dead-letters desk train evaluate"
)


def xiaoer(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [XIAOER, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed command tells; no traceback, and nothing else."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert (done.returncode, len(lines)) == (2, 1), done.stderr
    assert lines[0].startswith("xiaoer: ")
    return lines[0]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_help_names_every_command(tmp_path: Path) -> None:
    done = xiaoer(tmp_path, "--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS.split() if name not in done.stdout] == []


def test_judge_keeps_its_contract(tmp_path: Path) -> None:
    file = write(
        tmp_path / "in.jsonl",
        {"id": 1, "text": "加V信 abc12345 返利500,先转押金", "lang": "zh", "channel": "help", "label": "passed over"},
        {"id": "two", "text": "结算周期是多久？", "author": {"id": "li", "trust": "member"}},
    )
    done = xiaoer(tmp_path, "judge", str(file), "--out", "out.jsonl")
    assert done.returncode == 0, done.stderr
    scam, question = rows(tmp_path / "out.jsonl")
    assert set(scam) == {"id", "ruling", "clause", "score", "scores", "signals", "why", "took_ms"}
    assert (scam["id"], scam["ruling"]) == (1, "act")
    assert any(signal["evidence"] in "加V信 abc12345" and signal["evidence"] for signal in scam["signals"])
    assert (question["id"], question["ruling"], question["clause"]) == ("two", "allow", None)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"id": 1}, "text"),
        ({"id": 1, "text": "x", "channel": "nowhere"}, "channel"),
        ({"id": 1, "text": "x", "author": {"id": "a", "trust": "king"}}, "author.trust"),
        ("not an object", "the line"),
    ],
)
def test_a_broken_line_is_named_and_nothing_is_written(tmp_path: Path, row: object, fault: str) -> None:
    file = write(tmp_path / "in.jsonl", {"id": 0, "text": "fine"}, row)
    line = told(xiaoer(tmp_path, "judge", str(file), "--out", "out.jsonl"))
    assert f"in.jsonl:2: {fault}" in line
    assert not (tmp_path / "out.jsonl").exists()


def test_a_wrong_policy_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('name = "x"\nshadw = true\n[clauses]\n', "utf-8")
    done = xiaoer(tmp_path, "policy", "check", "p.toml")
    assert done.returncode == 2
    assert "p.toml:2:" in done.stderr
    assert "shadow" in done.stderr


def test_a_wrong_env_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PROT=1\n", "utf-8")
    assert "did you mean WEB_PORT?" in told(xiaoer(tmp_path, "run"))


def test_a_dead_redis_is_told(tmp_path: Path) -> None:
    line = told(xiaoer(tmp_path, "run", REDIS_URL="redis://:hunter2@127.0.0.1:1/0"))
    assert "REDIS_URL" in line
    assert "127.0.0.1:1" in line
    assert "hunter2" not in line


def test_a_busy_port_is_told_before_anything_is_prepared(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        line = told(xiaoer(tmp_path, "run", WEB_PORT=port, CONSOLE_PORT="0", OPS_PORT="0"))
    assert f"port {port} is in use" in line
    assert "WEB_PORT" in line


def test_a_missing_model_file_is_told_with_its_mend(tmp_path: Path) -> None:
    """A cache whose model lost a file, as after a full disk."""
    source = prepare(CACHE)
    folder = tmp_path / "cache" / source.name
    folder.mkdir(parents=True)
    for file in source.iterdir():
        if file.name != BLOCKS:
            (folder / file.name).symlink_to(file)
    environment = {"CACHE_DIR": str(tmp_path / "cache"), "WEB_PORT": "0", "CONSOLE_PORT": "0", "OPS_PORT": "0"}
    line = told(xiaoer(tmp_path, "run", **environment))
    assert BLOCKS in line
    assert "delete" in line


def test_knowledge_is_added_listed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "fees.md").write_text("---\ntitle: Fees\nlang: en\n---\nThe fee is 2 %.\n", "utf-8")
    assert "added fees.md" in xiaoer(tmp_path, "knowledge", "add", "fees.md").stdout
    assert "Fees" in xiaoer(tmp_path, "knowledge", "list").stdout
    assert "removed" in xiaoer(tmp_path, "knowledge", "remove", "fees.md").stdout
    assert "there is none" in told(xiaoer(tmp_path, "knowledge", "remove", "fees.md"))


def test_dead_letters_of_a_healthy_house(tmp_path: Path) -> None:
    assert "no dead letters" in xiaoer(tmp_path, "dead-letters", "list").stdout
    assert "dead-letters list" in told(xiaoer(tmp_path, "dead-letters", "replay", "1-1"))


def test_login_prints_a_link(tmp_path: Path) -> None:
    assert "/login?token=" in xiaoer(tmp_path, "login").stdout
