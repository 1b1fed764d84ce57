"""One decision for many cases, made one by one: what somebody else decided or holds stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from moderation.cases import CaseBook, Settled, Taken, may_take
from moderation.cases.clusters import Cluster, clusters
from moderation.policy import Policy
from moderation.types import Case, Decision, Tier

MOST = 50
"""Cases that are decided in one go."""


LOOKED_AT = 1000
"""Cases of the queue, the most urgent ones, that are looked through for what is alike."""


class Done(NamedTuple):
    """The cases decided, those that wait for a second person, those that other people decided, and those that they hold
    or are asked for."""

    decided: list[str]
    waiting: list[str]
    before: list[str]
    held: list[str]


async def alike(book: CaseBook, community: str, policy: Policy) -> list[Cluster]:
    """What waits and is alike, the largest group first."""
    return await asyncio.to_thread(clusters, await book.queue(community, LOOKED_AT), policy.duplicates)


async def decide_each(
    book: CaseBook,
    community: str,
    cases: Iterable[str],
    choose: Callable[[Case], Decision],
    *,
    seconded: bool,
    tier: Tier,
) -> Done:
    """Decide these cases. The same again changes nothing; a case that there is none of is passed over.

    `tier` is that of who decides: what was laid before a higher one stays as it is.
    """
    done = Done([], [], [], [])
    for id_ in cases:
        case = await book.get(community, id_)
        if case is None:
            continue
        decision = choose(case)
        if case.state == "open" and not may_take(case, decision.by, tier):
            done.held.append(id_)
            continue
        try:
            now = await book.decide(community, decision, seconded=seconded)
        except Settled:
            done.before.append(id_)
        except Taken:
            done.held.append(id_)
        else:
            (done.decided if now.state == "settled" else done.waiting).append(id_)
    return done
