"""The files of a Telegram message: what they are, and what the pictures among them say."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import structlog
import telegram
from telegram.error import TelegramError

from bot.adapters.telegram.line import Line
from moderation.judging.pictures import PictureError, attachment
from moderation.types import ID_LENGTH, READ_LENGTH, Attachment

PICTURE_BYTES = 5 * 1024 * 1024
"""The largest picture that is fetched."""
FETCH_S = 10.0
"""Seconds that a picture may take; after it the message goes on without what the picture says."""
AT_ONCE = 3

log = structlog.get_logger()


class _File(NamedTuple):
    """A file as Telegram tells of it. `unique` names its content, the same for every bot."""

    unique: str
    kind: str
    name: str = ""


def attachments(message: telegram.Message) -> tuple[Attachment, ...]:
    """What came with a message, as far as the message itself tells: never what is in it.

    The address is the message's own and ends in the file's name at Telegram, so that another file is another address.
    A file's address for downloads would hold the bot's token.
    """
    files = tuple(_shown(message, file) for file in _files(message))
    told = _told(message)
    return (*files, Attachment(kind=told[0], text=told[1][:READ_LENGTH])) if told else files


def picture_of(message: telegram.Message) -> telegram.PhotoSize | telegram.Document | None:
    """The picture to be read: the largest size of a photo that is not too large, or a picture sent as a file."""
    photos = [size for size in message.photo if (size.file_size or 0) <= PICTURE_BYTES]
    if photos:
        return max(photos, key=lambda size: size.width * size.height)
    file = message.document
    if file and (file.mime_type or "").startswith("image/") and (file.file_size or 0) <= PICTURE_BYTES:
        return file
    return None


class PictureReader:
    """Fetches pictures and reads them, a few at a time and off the event loop."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._places = asyncio.Semaphore(AT_ONCE)

    async def seen(self, message: telegram.Message, files: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        """The files with what the picture among them says; unread where it cannot be had in time."""
        picture = picture_of(message)
        if picture is None or not files:
            return files
        try:
            async with self._places, asyncio.timeout(FETCH_S):
                read = await self._read(picture, files[0])
        except (TelegramError, TimeoutError, PictureError) as fault:
            log.warning("a picture could not be read", chat=message.chat.id, fault=type(fault).__name__)
            return files
        return (read, *files[1:])

    async def _read(self, picture: telegram.PhotoSize | telegram.Document, shown: Attachment) -> Attachment:
        file = await self._line.get_file(picture.file_id)
        content = bytes(await file.download_as_bytearray())
        return await asyncio.to_thread(attachment, content, name=shown.name, url=shown.url, text=shown.text)


def _shown(message: telegram.Message, file: _File) -> Attachment:
    url = f"{message.link}#{file.unique}" if message.link else f"telegram:{file.unique}"
    return Attachment(name=file.name[:ID_LENGTH], kind=file.kind[:ID_LENGTH], url=url)


def _files(message: telegram.Message) -> list[_File]:
    found = []
    if message.photo:
        found.append(_File(message.photo[-1].file_unique_id, "image/jpeg", "photo"))
    for file in (message.document, message.animation, message.video, message.audio, message.voice):
        if file and file.file_unique_id not in {one.unique for one in found}:  # an animation is a document too
            found.append(_File(file.file_unique_id, file.mime_type or "", getattr(file, "file_name", None) or ""))
    if message.video_note:
        found.append(_File(message.video_note.file_unique_id, "video/mp4"))
    if message.sticker:
        found.append(_File(message.sticker.file_unique_id, "sticker", message.sticker.emoji or ""))
    return found


def _told(message: telegram.Message) -> tuple[str, str] | None:
    """What is no file and says something all the same, as (kind, words)."""
    if message.contact:
        contact = message.contact
        return "contact", " ".join(filter(None, (contact.first_name, contact.last_name, contact.phone_number)))
    if message.poll:
        return "poll", "\n".join((message.poll.question, *(option.text for option in message.poll.options)))
    if message.venue:
        return "venue", f"{message.venue.title}\n{message.venue.address}"
    if message.checklist:
        return "checklist", "\n".join((message.checklist.title, *(task.text for task in message.checklist.tasks)))
    if message.location:
        return "location", ""
    if message.story:
        return "story", ""
    if message.paid_media:
        return "paid media", ""
    return None
