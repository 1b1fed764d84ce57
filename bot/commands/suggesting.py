"""What may be put in for a command's parameter, for platforms that offer it while one types or in a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from bot.books import Books
from bot.commands.table import COMMANDS, TABLE
from bot.knowledge.shelf import Shelf
from bot.review.cards import can_undo
from moderation.members import admin, reaches
from moderation.types import Author, Tier

Suggest = Callable[[str, Author, str, str, str], Awaitable[Sequence[str]]]
"""Of a community, for who types: a command, its parameter, and what is typed of it so far."""
Draft = Callable[[str, Author, str], Awaitable[str | None]]
"""Of a community, for who wants to answer: a case's draft, which may be empty; None where they cannot answer it now."""
LOOKED_AT = 100
"""Cases that suggestions are taken from."""


def suggesting(books: Books, platform: str) -> Suggest:
    """Suggestions for one platform. Nobody is offered what the command itself would refuse to show."""

    async def suggest(community: str, author: Author, command: str, parameter: str, _typed: str) -> Sequence[str]:
        known = COMMANDS.get(command)
        tier = await books.members.tier(community, platform, author)
        if known is None or not reaches(tier, known.tier):
            return ()
        match parameter:
            case "case":
                return await _cases(books, community, platform, author, command)
            case "command":
                return _names(tier)
            case "title":
                return [one.title for one in await Shelf(books.streams.redis, community).list()]
        return ()

    return suggest


def drafting(books: Books, platform: str) -> Draft:
    """Drafts for one platform: of open questions that nobody else works on, for those who may answer."""

    async def draft(community: str, author: Author, case: str) -> str | None:
        one = await books.cases.get(community, case)
        tier = await books.members.tier(community, platform, author)
        if one is None or one.kind != "handoff" or not reaches(tier, COMMANDS["answer"].tier):
            return None
        free = one.state == "open" and one.claimed_by in ("", admin(platform, author.id))
        return (one.reply.text if one.reply else "") if free else None

    return draft


def _names(tier: Tier) -> list[str]:
    return [one.name for one in TABLE if reaches(tier, one.tier)]


async def _cases(books: Books, community: str, platform: str, author: Author, command: str) -> list[str]:
    """The cases that a command is for; to a member only decisions about the member's own messages."""
    if command in ("appeal", "undo"):
        settled = [one for one in await books.cases.recent(community, LOOKED_AT) if can_undo(one)]
        mine = (platform, author.id)
        own = [one for one in settled if (one.subject.place.platform, one.subject.author.id) == mine]
        return [one.id for one in (own if command == "appeal" else settled)]
    waiting = await books.cases.queue(community, LOOKED_AT)
    return [one.id for one in waiting if command != "answer" or one.kind == "handoff"]
