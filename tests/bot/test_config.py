"""Settings: the example file tells the truth, and every fault is told with its mend."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from bot.config import Settings, settings
from moderation.errors import XiaoerError

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and environment."""
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    settings.cache_clear()


def test_the_example_lists_every_setting_with_its_default() -> None:
    shown = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE))
    assert list(shown) == [name.upper() for name in Settings.model_fields]
    Path(".env").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    assert Settings() == Settings(_env_file=None)


def test_the_example_explains_every_setting() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    bare = [line for before, line in pairwise(lines) if re.match(r"[A-Z_]+=", line) and before[:1] != "#"]
    assert bare == []


def test_the_environment_outranks_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("WEB_PORT=9000\nCOMMUNITY=file\n", "utf-8")
    monkeypatch.setenv("COMMUNITY", "env")
    assert (settings().web_port, settings().community) == (9000, "env")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("WEB_PROT=1", r"unknown setting WEB_PROT; did you mean WEB_PORT\?"),
        ("ZZZ=1", r"unknown setting ZZZ; remove it"),
        ("WEB_PORT=abc", r"setting WEB_PORT: .*valid integer.*correct it"),
        ("WEB_PORT=70000", r"setting WEB_PORT: .*65535"),
        ("LOG_LEVEL=loud", r"setting LOG_LEVEL: .*'debug'"),
    ],
)
def test_a_fault_is_told_in_one_line_with_its_mend(line: str, told: str) -> None:
    Path(".env").write_text(line + "\n", "utf-8")
    with pytest.raises(XiaoerError, match=told) as caught:
        settings()
    assert "\n" not in str(caught.value)


def test_secrets_do_not_show() -> None:
    shown = repr(Settings(redis_url="redis://:hunter2@host", lm_key="sk-hunter2", secret_key="hunter2"))
    assert "hunter2" not in shown
