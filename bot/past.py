"""The past, for a backtest: the community's archive with what moderators decided, or a file of messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bot.batch import JudgeLine, read_lines
from bot.history import Archived, History
from moderation.cases import CaseBook
from moderation.judging.lately import moderation_case
from moderation.policy.backtest import Past
from moderation.policy.comparison import breach
from moderation.types import Message, Ruling


class Piece(NamedTuple):
    """A piece of the archive: `reached` is the fraction of the time in [0, 1] that is read by then, `unread` counts
    messages in a form of an earlier Xiaoer."""

    past: list[Past]
    reached: float
    unread: int


async def archived(
    history: History, cases: CaseBook, community: str, since: datetime, until: datetime
) -> AsyncIterator[Piece]:
    """The archive, oldest first."""
    async for page in history.archived(community, since, until):
        past = [Past(kept.message, await _decided(cases, kept)) for kept in page.messages]
        reached = page.messages[-1].at if page.messages else since
        yield Piece(past, (reached - since) / (until - since), page.unread)


async def _decided(cases: CaseBook, kept: Archived) -> bool | None:
    """What a moderator decided about it; a message that passed has no case."""
    if kept.ruling is Ruling.ALLOW:
        return None
    case = await cases.get(kept.message.place.community, moderation_case(kept.message))
    return breach(case) if case else None


def from_file(path: Path) -> tuple[list[Past], bool]:
    """The messages of a file, and whether each stands alone: lines of `xiaoer judge` have no time and no talk around.

    Raises XiaoerError that names the file, the line and the field that is wrong.
    """
    if _holds_messages(path):
        return [Past(message) for message in read_lines(path, Message)], False
    return [Past(line.message()) for line in read_lines(path, JudgeLine)], True


def _holds_messages(path: Path) -> bool:
    """Whether the first line is a whole message; what cannot be read is left for `read_lines` to tell."""
    try:
        with path.open(encoding="utf-8") as file:
            first = json.loads(next((line for line in file if line.strip()), "{}"))
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and "place" in first
