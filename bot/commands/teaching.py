"""`/teach`: what an admin says in the chat becomes a document."""

from __future__ import annotations

import hashlib

import re2
from pydantic import ValidationError

from bot.commands.parsing import CommandError, parsed
from bot.knowledge.documents import Document, guess_lang
from moderation.types import Message

_LESSON = re2.compile(r"(?s)^([^\n|:：]{1,200}?)\s*[\n|:：]\s*(\S.*)$")


def taught(message: Message) -> Document:
    """The document of `/teach TITLE: TEXT` (a line break or | parts them too). The same title again replaces it.

    Raises CommandError when title or text is missing.
    """
    typed = parsed(message.text)
    found = _LESSON.search(typed.words) if typed else None
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
