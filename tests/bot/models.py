"""The real models of the search, opened once for all tests of a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.knowledge.meaning import Models
from bot.lm.cache import prepare
from bot.lm.vectors import TokenVectors
from bot.witness.convert import PLAIN
from bot.witness.encoder import TextEncoder

CACHE = Path.home() / ".cache" / "xiaoer"


@cache
def real_models() -> Models:
    return Models(TokenVectors(prepare(CACHE)), TextEncoder.load(PLAIN.prepare(CACHE), threads=1))
