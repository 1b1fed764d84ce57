"""A small OpenAI-compatible server on a real socket: it continues prompts with what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class OpenAiServer:
    """`answers` by a word of the prompt; `status` other than 200 makes every request fail; `delay_s` makes it slow."""

    answers: dict[str, str] = field(default_factory=dict)
    logprobs: dict[str, float] | None = None
    status: int = 200
    delay_s: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    async def models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "stub-7b", "object": "model"}]}, status_code=self.status)

    async def completions(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        await asyncio.sleep(self.delay_s)
        choices = [self._choice(index, prompt) for index, prompt in enumerate(body["prompt"])]
        # Out of order, as a server that batches may send them.
        return JSONResponse({"object": "text_completion", "choices": choices[::-1]}, status_code=self.status)

    def _choice(self, index: int, prompt: str) -> dict[str, Any]:
        text = next((answer for word, answer in self.answers.items() if word in prompt), "")
        told = {"token_logprobs": [-0.5, -1.5], "top_logprobs": [self.logprobs, {}]} if self.logprobs else None
        return {"index": index, "text": text, "finish_reason": "stop", "logprobs": told}


@contextlib.asynccontextmanager
async def serving(server: OpenAiServer) -> AsyncIterator[OpenAiServer]:
    """Runs the server on a free port for as long as the block lasts."""
    routes = [
        Route("/v1/models", server.models),
        Route("/v1/completions", server.completions, methods=["POST"]),
    ]
    listening = socket.create_server(("127.0.0.1", 0))
    server.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(Starlette(routes=routes), log_level="error", lifespan="off")
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve([listening]))
    try:
        yield server
    finally:
        running.should_exit = True
        await task
        listening.close()
