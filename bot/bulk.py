"""One decision for many cases, made one by one: what somebody else decided or holds stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from moderation.cases import CaseBook, Settled, Taken
from moderation.types import Case, Decision

MOST = 50
"""Cases that are decided in one go."""


class Done(NamedTuple):
    """The cases decided, those that wait for a second person, and those that other people decided or hold."""

    decided: list[str]
    waiting: list[str]
    before: list[str]
    held: list[str]


async def decide_each(
    book: CaseBook, community: str, cases: Iterable[str], choose: Callable[[Case], Decision], *, seconded: bool
) -> Done:
    """Decide these cases. The same again changes nothing; a case that there is none of is passed over."""
    done = Done([], [], [], [])
    for id_ in cases:
        case = await book.get(community, id_)
        if case is None:
            continue
        try:
            now = await book.decide(community, choose(case), seconded=seconded)
        except Settled:
            done.before.append(id_)
        except Taken:
            done.held.append(id_)
        else:
            (done.decided if now.state == "settled" else done.waiting).append(id_)
    return done
