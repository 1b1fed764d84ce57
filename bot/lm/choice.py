"""What an OpenAI-compatible server says of one prompt, whole or in pieces, as a completion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bot.lm.prompt import END, REFUSAL
from bot.lm.types import Completion


class Choice:
    """The first choice of `/v1/completions`, put together from its chunks.

    Probabilities are told only where the server gives them: as lists (OpenAI, vLLM) or token by token (llama.cpp).
    """

    def __init__(self) -> None:
        self._told = False
        self._text = ""
        self._likely: list[float] = []
        self._first: Mapping[str, float] | None = None
        self._first_ms: float | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Choice:
        """A whole answer; raises KeyError, IndexError, TypeError or ValueError where it is none."""
        made = cls()
        made._read(body["choices"][0])
        return made

    def add(self, chunk: Mapping[str, Any], at_ms: float) -> None:
        """A piece of a streamed answer that came `at_ms` after the question; raises as `of` does.

        A chunk without choices tells the usage. One with an error is no answer.
        """
        if "error" in chunk:
            raise ValueError("it broke off with an error")
        for choice in chunk["choices"][:1]:
            if self._first_ms is None and choice["text"]:
                self._first_ms = at_ms
            self._read(choice)

    @property
    def ended(self) -> bool:
        """Whether the line that the answer is has come to its end."""
        return END in self._text

    def completion(self) -> Completion:
        """Everything told so far; raises ValueError when that is nothing at all."""
        if not self._told:
            raise ValueError("there is no answer in it")
        text = self._text.split(END)[0].strip()
        mean = sum(self._likely) / len(self._likely) if self._likely else 0.0
        doubt = _refusal(self._first) if self._first else None
        return Completion(text, mean, len(self._likely) or len(text), doubt, self._first_ms)

    def _read(self, choice: Mapping[str, Any]) -> None:
        self._told = True
        self._text += str(choice["text"])
        told: Mapping[str, Any] = choice.get("logprobs") or {}
        if "content" in told:
            tokens = told["content"] or []
            likely = [token["logprob"] for token in tokens]
            first = {one["token"]: one["logprob"] for token in tokens[:1] for one in token["top_logprobs"]}
        else:
            likely = told.get("token_logprobs") or []
            first = (told.get("top_logprobs") or [None])[0]
        if not self._likely:
            self._first = first or None
        self._likely += [float(value) for value in likely if value is not None]


def _refusal(alternatives: Mapping[str, float]) -> float:
    """The probability of the first tokens that begin the refusal; 0 when none is among those that the server names."""
    begins = [piece for piece in alternatives if piece.strip() and REFUSAL.startswith(piece.strip())]
    return min(1.0, sum(math.exp(alternatives[piece]) for piece in begins))
