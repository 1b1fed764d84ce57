"""Pictures that come with a message on Discord: fetched, and read for what their codes say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import discord

from bot.adapters.discord.message import to_attachment
from moderation.judging.pictures import PictureError, attachment
from moderation.types import Attachment

BYTES = 5 * 1024 * 1024
"""The largest picture that is fetched."""
FETCH_S = 10
PICTURES = 4
"""Pictures of one message that are read; Discord shows ten."""


class Pictures:
    """Reads a few pictures at a time, so that a flood of them holds up neither the loop nor the memory."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(2)

    async def read(self, files: Sequence[discord.Attachment]) -> tuple[Attachment, ...]:
        """The attachments, the first pictures among them with what they say; one that cannot be read stays unread."""
        pictures = [file for file in files if _is_picture(file)][:PICTURES]
        return tuple([await self._read(file) if file in pictures else to_attachment(file) for file in files])

    async def _read(self, file: discord.Attachment) -> Attachment:
        plain = to_attachment(file)
        async with self._places:
            try:
                async with asyncio.timeout(FETCH_S):
                    content = await file.read()
                return await asyncio.to_thread(attachment, content, name=plain.name, url=plain.url, text=plain.text)
            except (TimeoutError, discord.HTTPException, aiohttp.ClientError, PictureError):
                return plain


def _is_picture(file: discord.Attachment) -> bool:
    return (file.content_type or "").startswith("image/") and file.size <= BYTES
