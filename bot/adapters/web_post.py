"""What a form of the community page says: who is there, under which name, and the message or the vote."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from bot.adapters.web_room import BOT
from moderation.types import Author, Message, Place, Vote

TEXT_LENGTH = 4096
NAME_LENGTH = 32
PICTURE_BYTES = 5 * 1024 * 1024
"""The largest picture that a member may post: a phone's photo as most phones send it."""

_CALL = re.compile(r"\s*[@＠](xiaoer\b|小二)", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Characters that nobody sees and that could dress one name up as another, or turn its direction."""


class Visitor(NamedTuple):
    """Who is at the page: a random id, and the name that was chosen."""

    id: str
    name: str


class PostError(ValueError):
    """A post that cannot be taken. `why` names the page's words for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def to_message(form: Mapping[str, object], visitor: Visitor, place: Place, *, picture: bool = False) -> Message:
    """The message that a posted form holds: `text`, `post` (a UUID of the page's own) and perhaps `reply_to`.

    The id is made of the visitor and the UUID, so that a repeated post is the same message, and nobody else's. Beside
    a picture the text may be empty. Raises PostError.
    """
    text = str(form.get("text") or "").replace("\r\n", "\n").strip()
    if not text and not picture:
        raise PostError("empty")
    if len(text) > TEXT_LENGTH:
        raise PostError("long")
    try:
        post = UUID(str(form.get("post")))
    except ValueError:
        raise PostError("stale") from None
    reply_to = str(form.get("reply_to") or "")[:64] or None
    return Message(
        id=hashlib.blake2b(f"{visitor.id}|{post}".encode(), digest_size=12).hexdigest(),
        place=place,
        author=Author(id=visitor.id, name=visitor.name),
        text=text,
        reply_to=reply_to,
        addressed=bool(_CALL.match(text)) or (reply_to or "").startswith(BOT),
    )


def to_vote(form: Mapping[str, object], visitor: Visitor, community: str) -> Vote:
    """The vote that a posted form holds: `answer` and `choice`. Raises PostError."""
    told = {"answer": form.get("answer"), "choice": form.get("choice")}
    try:
        return Vote.model_validate({"community": community, "member": visitor.id, "name": visitor.name, **told})
    except ValidationError:
        raise PostError("stale") from None


def chosen_name(form: FormData) -> str:
    """The display name of a form: one line, without unseen characters. Raises PostError when nothing is left."""
    name = " ".join(_UNSEEN.sub(" ", str(form.get("name") or "")).split())[:NAME_LENGTH]
    if not name:
        raise PostError("name")
    return name


async def posted_picture(form: FormData) -> bytes | None:
    """The picture of a form, or None when there is none. Raises PostError when it is too large."""
    picture = form.get("picture")
    if not isinstance(picture, UploadFile) or not picture.size:
        return None
    if picture.size > PICTURE_BYTES:
        raise PostError("picture_heavy")
    return await picture.read()
