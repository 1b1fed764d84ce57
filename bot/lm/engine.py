"""What every backend is to the queue in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.lm.types import Completion


class Engine(Protocol):
    """Runs prompts now. The queue (`bounded.py`) calls it for one question at a time, or for as many as have rows."""

    name: str
    limit: int
    """Tokens that a prompt may have."""

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        """The completions in order, `first_ms` counted from the call.

        A cancelled call stops its work as soon as it can, and no other's. Raises LmError.
        """
        ...

    def count(self, text: str) -> int: ...

    async def close(self) -> None: ...
