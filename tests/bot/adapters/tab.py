"""A browser's tab on the community page, as far as HTTP goes, and what the house hears of it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from httpx import AsyncClient, Response
from redis.asyncio import Redis

from bot.stream import MESSAGES, names
from moderation.types import Message, Place, Profile

CHANNELS: dict[str, Profile] = {
    "help": "help",
    "新手问答": "help",
    "general": "general",
    "announcements": "announcements",
}
HELP = Place(platform="web", community="sample", channel="help", profile="help")


class Tab:
    """A browser's tab on the community page, as far as HTTP goes."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.origin = str(client.base_url).rstrip("/")

    async def csrf(self) -> str:
        page = await self.client.get("/c/help")
        return str(re.findall(r'name="csrf" value="([^"]+)"', page.text)[0])

    async def join(self, name: str) -> Response:
        form = {"csrf": await self.csrf(), "name": name, "channel": "help"}
        return await self.client.post("/join", data=form, headers={"Origin": self.origin})

    async def post(self, text: str, channel: str = "help", picture: bytes | None = None, **more: str) -> Response:
        form = {"csrf": await self.csrf(), "text": text, "post": str(uuid4()), **more}
        files = {"picture": ("picture", picture)} if picture is not None else None
        return await self.client.post(f"/c/{channel}/post", data=form, files=files, headers={"Origin": self.origin})

    @asynccontextmanager
    async def live(self, last: str | None = None) -> AsyncIterator[AsyncIterator[tuple[str, str, dict[str, object]]]]:
        """The page's stream, as (event, id, data)."""
        headers = {"Last-Event-ID": last} if last else {}
        async with self.client.stream("GET", "/c/help/live", headers=headers) as answer:
            yield _events(answer)


async def _events(answer: Response) -> AsyncIterator[tuple[str, str, dict[str, object]]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], fields.get("id", ""), json.loads(fields.get("data") or "{}")
            fields = {}


async def heard(redis: Redis) -> list[Message]:
    found = []
    for stream in names("sample", [MESSAGES]):
        found += [Message.model_validate_json(row[1]["body"]) for row in await redis.xrange(stream) or []]  # type: ignore[index]
    return found
