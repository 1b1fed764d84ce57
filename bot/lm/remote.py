"""Any OpenAI-compatible server (vLLM, llama.cpp, Ollama, ...) by `/v1/completions`.

The connection is made at the first question: a server that is down at start must not keep the house from starting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from bot.lm.prompt import END, REFUSAL
from bot.lm.types import Completion, LmError, LmTimeout

LIMIT = 4096
"""Characters of a prompt: `count` takes every character for a token, more than a tokenizer makes of zh or en."""
_ALTERNATIVES = 5


class Remote:
    """An engine over HTTP. `model` None asks the server for its first one."""

    def __init__(self, url: str, *, model: str | None, key: str | None, timeout_s: float) -> None:
        base = url.rstrip("/")
        self._base = base if base.endswith("/v1") else f"{base}/v1"
        self._model = model or None
        self.name = model or self._base
        self.limit = LIMIT
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout_s)

    def count(self, text: str) -> int:
        return len(text)

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        """See Engine; raises LmTimeout and LmError with the server's address, never its key."""
        if self._model is None:
            listed = await self._ask("GET", "models")
            self._model = self._read(listed, lambda body: str(body["data"][0]["id"]))
        asked = {
            "model": self._model,
            "prompt": list(prompts),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stop": [END],
            "logprobs": _ALTERNATIVES,
        }
        answered = await self._ask("POST", "completions", asked)
        found: list[Completion] = self._read(answered, lambda body: [completion(choice) for choice in ordered(body)])
        if len(found) != len(prompts):
            raise LmError(
                f"LM_URL {self._base} gave {len(found)} answers to {len(prompts)} prompts; use a server whose "
                "/v1/completions takes a list of prompts"
            )
        return found

    async def close(self) -> None:
        await self._client.aclose()

    def _read(self, body: Any, reader: Any) -> Any:
        try:
            return reader(body)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise LmError(
                f"LM_URL {self._base} does not answer like an OpenAI-compatible server ({error!r}); check the address"
            ) from error

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            response = await self._client.request(method, f"{self._base}/{path}", json=body)
            response.raise_for_status()
            return response.json()
        except httpx.TimeoutException as error:
            raise LmTimeout(f"LM_URL {self._base} took too long; look at the server or raise LM_TIMEOUT") from error
        except httpx.HTTPStatusError as error:
            raise LmError(
                f"LM_URL {self._base} answered {error.response.status_code}; look at the server's log, "
                "LM_MODEL and LM_KEY"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise LmError(f"LM_URL {self._base} cannot be used ({error}); is the server up?") from error


def ordered(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The choices in the order of the prompts."""
    return sorted(body["choices"], key=lambda choice: int(choice.get("index", 0)))


def completion(choice: Mapping[str, Any]) -> Completion:
    """One choice of a completions answer; probabilities only where the server gives them."""
    text = str(choice["text"]).split(END)[0].strip()
    told: Mapping[str, Any] = choice.get("logprobs") or {}
    each = [float(value) for value in told.get("token_logprobs") or [] if value is not None]
    first = (told.get("top_logprobs") or [None])[0]
    mean = sum(each) / len(each) if each else 0.0
    return Completion(text, mean, len(each) or len(text), _refusal(first) if first else None)


def _refusal(alternatives: Mapping[str, float]) -> float:
    """The probability of the first tokens that begin the refusal; 0 when none is among those that the server names."""
    begins = [piece for piece in alternatives if piece.strip() and REFUSAL.startswith(piece.strip())]
    return min(1.0, sum(math.exp(alternatives[piece]) for piece in begins))
