"""The real house for the browser: `xiaoer run` as its own process, on free ports and in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from bot.redis_server import EmbeddedRedis
from tests.browser.desk import Desk, window
from tests.browser.pages import Camera

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium as root, without a GPU, and without talk to its maker."""
IN_THE_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found; mend: apt-get install -y chromium fonts-noto-cjk"),
]
"""The marks of a module that needs it."""
PATIENCE_S = 240
"""Seconds for a start that has to prepare the model first."""


class RunningHouse(NamedTuple):
    """What `xiaoer run` printed, and the process itself."""

    community_url: str
    console_link: str
    ops_url: str
    process: subprocess.Popen[str]
    printed: list[str]


def start(folder: Path, **settings: str) -> RunningHouse:
    """Start the house in a folder and wait for its addresses."""
    free = {"WEB_PORT": "0", "CONSOLE_PORT": "0", "OPS_PORT": "0", "COLUMNS": "300"}
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "xiaoer"), "run"],
        cwd=folder,
        env={**os.environ, **free, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    printed: list[str] = []
    threading.Thread(target=_read, args=(process, printed), daemon=True).start()
    give_up = time.monotonic() + PATIENCE_S
    while not any("Ready" in line for line in printed):
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            pytest.fail("the house did not open:\n" + "".join(printed))
        time.sleep(0.05)
    community, console, ops = re.findall(r"https?://\S+", "".join(printed))[:3]
    while not _listens(community):  # its port is bound when that is printed, and served a moment later
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return RunningHouse(community, console, ops, process, printed)


def _listens(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(address).port or 80)) == 0


def _read(process: subprocess.Popen[str], printed: list[str]) -> None:
    assert process.stdout
    with process.stdout:
        printed.extend(process.stdout)


def stop(house: RunningHouse) -> int:
    """Close the house as Ctrl-C does; returns its exit status."""
    house.process.send_signal(signal.SIGINT)
    return house.process.wait(20)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    """One house for all browser tests; its clean end is a part of the test."""
    running = start(tmp_path_factory.mktemp("house"))
    yield running
    assert stop(running) == 0


@pytest.fixture
def camera(request: pytest.FixtureRequest) -> Camera:
    folder = request.config.getoption("--shots")
    return Camera(Path(folder) if folder else None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, for one module: its own loop must be gone before tests with another loop run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_desk(server: EmbeddedRedis) -> Iterator[Desk]:
    """The console alone, for one module."""
    with Desk(server.url) as one:
        yield one


@pytest.fixture
def desk(open_desk: Desk) -> Desk:
    """The console with nothing in it."""
    open_desk.empty()
    return open_desk


@pytest.fixture
def context(chromium: Browser, size: tuple[int, int]) -> Iterator[BrowserContext]:
    """A browser of the size that a test asks for, whose pages' scripts must not fail."""
    with window(chromium, size) as one:
        faults: list[str] = []
        one.on("weberror", lambda fault: faults.append(str(fault.error)))
        yield one
        assert faults == []
