"""What reads a community's knowledge: opened once in a process, closed together."""

from __future__ import annotations

from typing import NamedTuple

from bot.knowledge.meaning import Models
from bot.lm.types import LanguageModel
from bot.witness.witness import Reader


class Readers(NamedTuple):
    """The language model, the witness, and the models of the search; None for a search by words alone."""

    lm: LanguageModel
    witness: Reader
    models: Models | None

    async def close(self) -> None:
        """Frees both readers."""
        await self.lm.close()
        await self.witness.close()
