"""A picture on its way from a form into the chat: read for the judge, and copied for the eyes of others.

What others see is a copy of our own making, a JPEG of the first frame: no place and no camera of the original's notes
goes with it, nothing hides in a later frame, and no browser is given bytes that a stranger has chosen.
"""

from __future__ import annotations

import asyncio
import io
from typing import NamedTuple

from moderation.judging.pictures import attachment, still
from moderation.types import Attachment, Noun

COPY_BYTES = 400_000
"""What a copy may take of Redis' memory."""
SIDES = (1600, 1100, 700)
"""Longest sides of a copy, in pixels, tried until it fits; at the last one even noise does."""
QUALITY = 82
AT_ONCE = 2
"""Pictures that are looked at side by side, about 200 MB each at the most."""
WAIT_S = 10
"""Seconds that a picture waits for its turn."""


class Picture(Noun):
    """Where a message's picture is, and its size in pixels."""

    url: str
    width: int
    height: int


class Shown(NamedTuple):
    """A picture as the chat shows it, with its size in pixels."""

    jpeg: bytes
    width: int
    height: int


class PictureDesk:
    """Takes pictures from forms, a few at a time and off the event loop."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def look(self, content: bytes, url: str) -> tuple[Attachment, Shown]:
        """What a picture says, and its copy, which will be found at `url`.

        Raises PictureError, and TimeoutError when too many pictures wait.
        """
        async with asyncio.timeout(WAIT_S):
            await self._places.acquire()
        try:
            return await asyncio.to_thread(_look, content, url)
        finally:
            self._places.release()


def _look(content: bytes, url: str) -> tuple[Attachment, Shown]:
    return attachment(content, name="picture", url=url), _copy(content)


def _copy(content: bytes) -> Shown:
    for side in SIDES:
        image, jpeg = still(content, side), io.BytesIO()
        image.save(jpeg, "JPEG", quality=QUALITY)
        if jpeg.tell() <= COPY_BYTES:
            break
    return Shown(jpeg.getvalue(), image.width, image.height)
