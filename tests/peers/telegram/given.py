"""What a call brings along: parameters as Telegram reads them, whether sent as JSON, as a form or in parts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.peers.telegram.nouns import Json, bad


@dataclass
class Given:
    """A call's parameters by name, every one of them text, and its uploaded files."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return bool(self.texts.get(name))

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def needed(self, name: str) -> str:
        if name not in self:
            raise bad(f'Parameter "{name}" is required')
        return self.texts[name]

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.texts.get(name) or default)
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "yes", "1")

    def user(self, name: str = "user_id") -> int:
        if self.number(name) <= 0:
            raise bad(f"invalid {name} specified")
        return self.number(name)

    def json(self, name: str) -> Any:
        """The parsed value, or None when it is not given."""
        if name not in self:
            return None
        try:
            return json.loads(self.texts[name])
        except ValueError:
            raise bad(f"can't parse {name} JSON object") from None

    def plain(self) -> Json:
        """What a test reads: values parsed where they are JSON objects, numbers or flags."""
        return {name: _value(value) for name, value in self.texts.items()}


def _value(text: str) -> Any:
    if text[:1] in ("{", "[") or text in ("true", "false") or text.lstrip("-").isdigit():
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


async def given(request: Request) -> Given:
    """Reads a request of any of the four ways in."""
    texts: dict[str, str] = dict(request.query_params)
    files: dict[str, bytes] = {}
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.json()
        texts |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    elif request.method == "POST":
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = await value.read()
                else:
                    texts[name] = value
    return Given(texts, files)
