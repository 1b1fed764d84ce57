"""Any OpenAI-compatible server (vLLM, llama.cpp, Ollama, ...) by `/v1/completions`, streamed.

Each prompt is a request of its own: the server joins them as it can, its first token is seen when it comes, and the
connection of one that is given up is closed, which stops the server's work on it. The connection is made at the first
question: a server that is down at start must not keep the house from starting.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx
from httpx_sse import EventSource

from bot.lm.choice import Choice
from bot.lm.prompt import END
from bot.lm.types import Completion, LmError, LmTimeout

LIMIT = 4096
"""Characters of a prompt: `count` takes every character for a token, more than a tokenizer makes of zh or en."""
ROWS = 24
"""Prompts sent side by side: the passages of eight questions."""
_ALTERNATIVES = 5
_NO_STREAMS = frozenset({400, 405, 406, 415, 422, 501})
"""What servers answer that refuse `stream`; some of it may have other reasons, so the question is asked again."""
_DONE = "[DONE]"


class Remote:
    """An engine over HTTP. `model` None asks the server for its first one."""

    def __init__(self, url: str, *, model: str | None, key: str | None, timeout_s: float) -> None:
        base = url.rstrip("/")
        self._base = base if base.endswith("/v1") else f"{base}/v1"
        self._model = model or None
        self.name = model or self._base
        self.limit = LIMIT
        self._streams = True
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout_s)

    def count(self, text: str) -> int:
        return len(text)

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        """See Engine; raises LmTimeout and LmError with the server's address, never its key."""
        tasks: list[asyncio.Task[Completion]] = []
        try:
            if self._model is None:
                response = await self._client.get(f"{self._base}/models")
                response.raise_for_status()
                self._model = str(response.json()["data"][0]["id"])
            tasks += [asyncio.create_task(self._one(prompt, max_tokens)) for prompt in prompts]
            return await asyncio.gather(*tasks)
        except (httpx.HTTPError, httpx.InvalidURL, KeyError, IndexError, TypeError, ValueError) as fault:
            raise self._told(fault) from fault
        finally:
            for task in tasks:
                task.cancel()

    async def close(self) -> None:
        await self._client.aclose()

    async def _one(self, prompt: str, max_tokens: int) -> Completion:
        asked = {
            "model": self._model,
            "prompt": prompt,
            "max_tokens": max_tokens,
            "temperature": 0,
            "stop": [END],
            "logprobs": _ALTERNATIVES,
        }
        if self._streams:
            try:
                return await self._ask({**asked, "stream": True})
            except httpx.HTTPStatusError as fault:
                if fault.response.status_code not in _NO_STREAMS:
                    raise
            whole = await self._ask(asked)
            self._streams = False  # so it was the stream that the server refused
            return whole
        return await self._ask(asked)

    async def _ask(self, body: Mapping[str, Any]) -> Completion:
        began = time.perf_counter()
        async with self._client.stream("POST", f"{self._base}/completions", json=body) as response:
            response.raise_for_status()
            if "text/event-stream" not in response.headers.get("content-type", ""):
                return Choice.of(json.loads(await response.aread())).completion()
            made = Choice()
            async with aclosing(EventSource(response).aiter_sse()) as events:
                async for event in events:
                    if event.data != _DONE:
                        made.add(json.loads(event.data), (time.perf_counter() - began) * 1000)
                    if made.ended:
                        break  # a server that does not heed `stop` writes on
            return made.completion()

    def _told(self, fault: Exception) -> LmError:
        if isinstance(fault, httpx.TimeoutException):
            return LmTimeout(f"LM_URL {self._base} took too long; look at the server or raise LM_TIMEOUT_S")
        if isinstance(fault, httpx.HTTPStatusError):
            code = fault.response.status_code
            return LmError(f"LM_URL {self._base} answered {code}; look at the server's log, LM_MODEL and LM_KEY")
        if isinstance(fault, httpx.HTTPError | httpx.InvalidURL):
            return LmError(f"LM_URL {self._base} cannot be used ({fault}); is the server up?")
        return LmError(
            f"LM_URL {self._base} does not answer like an OpenAI-compatible server ({fault!r}); check the address"
        )
