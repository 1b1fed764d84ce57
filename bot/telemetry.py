"""Logs without secrets, metrics without persons, and the two health questions."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

MESSAGES = Counter("xiaoer_messages_total", "Messages by what became of them", ["fate"])
VERDICTS = Counter("xiaoer_verdicts_total", "Verdicts by ruling and clause", ["ruling", "clause"])
JUDGE_SECONDS = Histogram("xiaoer_judge_seconds", "Time of one verdict", buckets=(0.001, 0.002, 0.005, 0.01, 0.05, 0.2))
ANSWER_SECONDS = Histogram("xiaoer_answer_seconds", "Time of one answer", buckets=(0.25, 0.5, 1, 2, 5, 10, 20))
FIRST_TOKEN_SECONDS = Histogram(
    "xiaoer_first_token_seconds",
    "Time from a question to the model's first token, the wait in its queue included",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60),
)
EFFECTS = Counter("xiaoer_effects_total", "Effects performed", ["platform", "effect"])
BACKLOG = Gauge("xiaoer_backlog", "Entries that wait", ["community", "stream"])
CASES = Gauge("xiaoer_cases_open", "Cases that wait for a person", ["community"])

_SECRET_NAME = re.compile(r"(?i)token|secret|password|passwd|authorization|api_?key|cookie")
_SECRETS = (
    (re.compile(r"(?<!\d)\d{8,10}:[\w-]{35}"), "[telegram token]"),
    (re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}\b"), "[discord token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), r"\1 [secret]"),
    (re.compile(r"(?i)\b(sk|ghp|xox[abp])[-_][\w-]{8,}"), "[key]"),
    (re.compile(r"(://[^/\s:@]*):[^@/\s]+@"), r"\1:[secret]@"),
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w-]+"), r"\1[secret]"),
    (re.compile(r"(?i)([?&](?:token|key|secret)=)[^&\s]+"), r"\1[secret]"),
)


def masked(text: str) -> str:
    """The text with everything that looks like a secret taken out."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if _SECRET_NAME.search(name) and name != "event":
            event[name] = "[secret]"
        elif isinstance(value, str):
            event[name] = masked(value)
    return event


def start_logging(level: str, form: str) -> None:
    """Send all logs to standard error, one line each, masked; `form` is "text" or "json"."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    line: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        line = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove, line]))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "uvicorn", "jieba", "telegram", "discord"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


Check = Callable[[], Awaitable[str]]
"""What is wrong, or "" when all is well."""


def ops(ready: Check, refresh: Callable[[], Awaitable[None]]) -> Starlette:
    """The pages for operators and their tools. They hold no texts, no names and no secrets.

    /healthz says that the process lives, /readyz that it can do its work, /metrics what it did.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_request: Request) -> Response:
        wrong = await ready()
        return PlainTextResponse(wrong or "ready", status_code=503 if wrong else 200)

    async def metrics(_request: Request) -> Response:
        await refresh()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])
