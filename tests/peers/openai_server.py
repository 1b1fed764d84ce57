"""A small OpenAI-compatible server on a real socket: it continues prompts with what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

CHUNK = 2
"""Letters of an answer in one chunk."""


@dataclass
class OpenAiServer:
    """`answers` by a word of the prompt, in chunks that each take `delay_s`.

    `streams` says what it makes of `stream`: it streams, does not know it, answers `refused`, or breaks off with an
    error after the first chunk. `status` other than 200 makes every request fail. `left` are the prompts whose asker
    went away.
    """

    answers: dict[str, str] = field(default_factory=dict)
    logprobs: dict[str, float] | None = None
    dialect: Literal["openai", "llama.cpp"] = "openai"
    streams: Literal["yes", "no", "refused", "breaks"] = "yes"
    status: int = 200
    delay_s: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    url: str = ""

    async def models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "stub-7b", "object": "model"}]}, status_code=self.status)

    async def completions(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        text = next((answer for word, answer in self.answers.items() if word in body["prompt"]), "")
        if body.get("stream") and self.streams == "refused":
            return JSONResponse({"error": {"message": "no streams here"}}, status_code=400)
        if self.status != 200 or not body.get("stream") or self.streams == "no":
            await asyncio.sleep(self.delay_s)
            return JSONResponse(self._body(text, len(text)), status_code=self.status)
        return StreamingResponse(self._events(body["prompt"], text), media_type="text/event-stream")

    async def _events(self, prompt: str, text: str) -> AsyncIterator[str]:
        try:
            for at in range(0, len(text) + 1, CHUNK):
                await asyncio.sleep(self.delay_s)
                yield self._event(self._body(text[at : at + CHUNK], len(text[at : at + CHUNK])))
                if self.streams == "breaks":
                    yield self._event({"error": {"message": "out of memory"}})
                    return
            yield self._event({"choices": [], "usage": {"completion_tokens": 1}})
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.left.append(prompt)
            raise

    def _event(self, body: dict[str, Any]) -> str:
        return f": a comment\ndata: {json.dumps(body)}\n\n"

    def _body(self, text: str, tokens: int) -> dict[str, Any]:
        """An answer or a part of it, each of its letters a token."""
        told: dict[str, Any] | None = None
        if self.logprobs and self.dialect == "openai":
            told = {"token_logprobs": [-0.5] * tokens, "top_logprobs": [self.logprobs] * tokens}
        elif self.logprobs:
            alternatives = [{"token": token, "logprob": value} for token, value in self.logprobs.items()]
            told = {"content": [{"token": text, "logprob": -0.5, "top_logprobs": alternatives}] * tokens}
        choice = {"index": 0, "text": text, "finish_reason": None, "logprobs": told}
        return {"object": "text_completion", "choices": [choice]}


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
