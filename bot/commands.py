"""What admins tell the bot in a chat. First depth: `/teach`.

A command is a message like any other: it is judged, and it walks the same path. Who may use it is looked up when it is
carried out, not when it is typed.
"""

from __future__ import annotations

import hashlib

import re2
from pydantic import ValidationError

from bot.knowledge.documents import Document, guess_lang
from moderation.errors import XiaoerError
from moderation.types import Message

_NAME = re2.compile(r"(?i)^\s*/teach\b")
_TEACH = re2.compile(r"(?is)^\s*/teach(?:@\w+)?\s+([^\n|:：]{1,200}?)\s*[\n|:：]\s*(\S.*)$")


class CommandError(XiaoerError):
    """A command that cannot be carried out as typed."""


def is_command(message: Message) -> bool:
    """Whether the message is a command of this room, well formed or not."""
    return bool(_NAME.search(message.text))


def taught(message: Message) -> Document:
    """The document of `/teach TITLE: TEXT` (a line break or | parts them too). The same title again replaces it.

    Raises CommandError when title or text is missing.
    """
    found = _TEACH.search(message.text)
    if found is None:
        raise CommandError("/teach: title and text are missing; write /teach TITLE: TEXT")
    title, text = found.groups()
    name = hashlib.blake2b(title.strip().casefold().encode(), digest_size=6).hexdigest()
    try:
        return Document(
            id=f"teach/{name}",
            title=title,
            lang=guess_lang(text),
            text=text,
            owner=message.author.id,
            source="teach",
            taught_at=message.sent_at,
        )
    except ValidationError as fault:
        raise CommandError(f"/teach: {fault.errors()[0]['msg']}; write /teach TITLE: TEXT") from fault
