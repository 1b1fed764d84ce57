"""Logs mask secrets; the operators' pages answer without telling anything of anybody."""

from __future__ import annotations

import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from bot.telemetry import masked, ops, start_logging

TELEGRAM = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw8"
DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"


@pytest.mark.parametrize(
    "secret",
    [
        TELEGRAM,
        DISCORD,
        "Bearer abc.def-ghi",
        "sk-proj_abcdefgh",
        "redis://user:hunter2@host:6379",
        "http://127.0.0.1:8081/login?token=abcDEF123",
        "https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb24",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(secret: str) -> None:
    told = masked(f"fault at {secret} again")
    kept = {"redis://user:hunter2@host:6379": "hunter2", "Bearer abc.def-ghi": "abc.def"}
    kept["https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb24"] = "aW50ZXJhY3Rpb24"
    assert kept.get(secret, secret.rpartition("=")[2]) not in told
    assert told.startswith("fault at ")
    assert told.endswith(" again")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50))
def test_masking_never_lets_a_token_through_whatever_stands_around_it(around: str) -> None:
    assert TELEGRAM not in masked(f"{around} {TELEGRAM} {around}")


def test_logs_of_ours_and_of_libraries_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info", "json")
    structlog.get_logger().info("connecting", url="redis://:hunter2@host", lm_key_token="abc")
    logging.getLogger("library").warning("GET https://api.telegram.org/bot%s/getMe", TELEGRAM)
    told = capsys.readouterr().err
    assert "connecting" in told
    assert "getMe" in told
    assert "hunter2" not in told
    assert '"abc"' not in told
    assert TELEGRAM not in told


def test_the_operators_pages(capsys: pytest.CaptureFixture[str]) -> None:
    state = {"wrong": ""}

    async def ready() -> str:
        return state["wrong"]

    async def refresh() -> None:
        state["refreshed"] = "yes"

    client = TestClient(ops(ready, refresh))
    assert client.get("/healthz").text == "ok"
    assert client.get("/readyz").status_code == 200
    state["wrong"] = "Redis is away"
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (503, "Redis is away")
    assert "xiaoer_messages_total" in client.get("/metrics").text
    assert state["refreshed"] == "yes"
