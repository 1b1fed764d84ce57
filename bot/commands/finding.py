"""Which message or which member a command means: by a reply, by a link, by a mention, or by a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import re2

from bot.books import Books
from bot.commands.parsing import CASE_NAME, parsed
from bot.groups.staff import names
from bot.history import History
from moderation.members import admin
from moderation.types import Author, Message

LOOKED_BACK = timedelta(days=2)
"""How far back a reported message is looked for: Telegram lets no bot delete an older one."""

_LINK = re2.compile(r"https?://(?:t\.me|telegram\.me|(?:\w+\.)?discord(?:app)?\.com/channels)/([\w/-]+)")
_MENTION = re2.compile(r"^<@!?(\d+)>$")


async def found(history: History, message: Message, typed: str) -> Message | None:
    """The message that another replies to or links to, as it was last heard; None when it is not known any more."""
    recent = await history.recent(message.place.community)
    return _meant(message, typed, recent) or _meant(message, typed, await _archived(history, message))


def unlinked(message: Message) -> Message:
    """A command as it is judged: without a case's name, which looks like a code of an advertisement, and a report
    without the link to the message that it is about, which is no contact."""
    typed = parsed(message.text)
    if typed is None:
        return message
    text = str(CASE_NAME.sub("", message.text))
    return message.model_copy(update={"text": str(_LINK.sub("", text)) if typed.command.name == "report" else text})


async def _archived(history: History, message: Message) -> list[Message]:
    until = message.sent_at + timedelta(minutes=1)
    pages = history.archived(message.place.community, message.sent_at - LOOKED_BACK, until)
    return [kept.message async for page in pages for kept in page.messages]


def _meant(message: Message, typed: str, said: Sequence[Message]) -> Message | None:
    place, link = message.place, _LINK.search(typed)
    if message.reply_to:
        fitting = [one for one in said if one.id == message.reply_to and one.place.channel == place.channel]
    elif link:
        *chat, id_ = link.group(1).strip("/").split("/")
        fitting = [one for one in said if one.id == id_ and _is_in(one, chat, place.channel)]
    else:
        return None
    fitting = [one for one in fitting if one.place.platform == place.platform]
    return fitting[-1] if fitting else None


def _is_in(one: Message, chat: Sequence[str], here: str) -> bool:
    """Whether a message's channel is the link's: a link shows a chat's number, or the name of the chat one is in."""
    channel = one.place.channel.partition("/")[0].removeprefix("-100")
    return channel in chat or one.place.channel == here


async def member_named(history: History, message: Message, typed: str) -> Author | None:
    """The member that a mention, an id or a name means, or the author of the message replied to; None for nobody.

    An id need not be known: a member may have been silent for long.
    """
    recent = await history.recent(message.place.community)
    here = [said for said in reversed(recent) if said.place.platform == message.place.platform]
    if not typed:
        replied = (said for said in here if message.reply_to == said.id and message.place.channel == said.place.channel)
        return next((said.author for said in replied), None)
    mention = _MENTION.search(typed)
    name = mention.group(1) if mention else typed.removeprefix("@").strip()
    fitting = (said.author for said in here if name in (said.author.id, said.author.name))
    return next(fitting, Author(id=name) if name.lstrip("-").isdigit() else None)


async def called(books: Books, community: str) -> dict[str, str]:
    """What people call members and roles: as the platform tells it, at the desk, or lately in the chat."""
    recent = await books.history.recent(community)
    heard = {admin(said.place.platform, said.author.id): said.author.name for said in recent if said.author.name}
    return heard | await names(books.streams.redis, community) | await books.members.names(community)


def shown(name: str, known: Mapping[str, str]) -> str:
    """What people call a member or a role, with its id; the id alone where nobody has told a name."""
    return f"{known[name]} ({name})" if known.get(name) else name
