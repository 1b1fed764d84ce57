"""The default model, as the product prepares and loads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.lm import cpu_backend, prepare
from bot.lm.rows import Decoding
from tests.bot.models import CACHE


@pytest.fixture(scope="session")
def folder() -> Path:
    return prepare(CACHE)


@pytest.fixture(scope="session")
def small(folder: Path) -> Decoding:
    return cpu_backend.load(folder, name="int8", threads=2)
