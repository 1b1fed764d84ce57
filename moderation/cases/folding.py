"""Near copies of a message that waits for a person join its case, instead of opening cases of their own.

What is open is found by the marks of its text (`likeness`), kept in one sorted set of `mark:case` per community. Two
workers that read it at once open no two cases: what was read is expected of the commit, which otherwise fails and has
the message looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from moderation.cases.book import CaseBook
from moderation.cases.likeness import bands, comparable, likeness
from moderation.cases.writes import changing, copying, member_key
from moderation.judging.lately import identity
from moderation.keys import Write, key
from moderation.policy import DuplicateRules
from moderation.types import Case, Message

COPIES = 50
"""Copies that one case takes; the next one opens another, so that none is forgotten when the case is decided."""
PER_MARK = 100
"""Cases of one mark that are looked at."""
COMPARED = 20
"""Cases that share most marks with a message and are compared with it."""
NEVER = frozenset({"distress"})
"""Clauses of which each message is somebody of their own: who calls for help is no copy of who called before."""


class Near(NamedTuple):
    """The open case that a message is a copy of, or None; what to write, and what to expect of the commit."""

    case: Case | None = None
    writes: tuple[Write, ...] = ()
    expects: tuple[Write, ...] = ()


class Folding:
    """The open cases of all communities by what they look like (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._book = CaseBook(redis)

    async def near(self, case: Case, rules: DuplicateRules, *, severity: int | None = None) -> Near:
        """Where a moderation case that is about to be opened belongs: on another one, or into the index.

        It joins no case that is less urgent than `severity`, by default its own.
        """
        message, community = case.subject, case.community
        if not _folds(case, rules):
            return Near()
        marked = await self._marked(community, bands(message.text))
        candidates = await self._open(community, _ranked(marked))
        least = case.severity if severity is None else severity
        alike = [one for one in candidates if _takes(one, message, rules) and one.severity >= least]
        if alike:
            return _joining(max(alike, key=lambda one: likeness(one.subject.text, message.text)), message)
        return Near(None, tuple(_marking(case, marked)), tuple(_expecting(community, marked)))

    async def _marked(self, community: str, marks: Sequence[str]) -> dict[str, list[str]]:
        """The entries of the index under each of the marks."""
        pipe = self._redis.pipeline(transaction=False)
        for mark in marks:
            pipe.execute_command(*_reading(community, mark))
        return dict(zip(marks, await pipe.execute(), strict=True))

    async def _open(self, community: str, ids: Iterable[str]) -> list[Case]:
        found = [await self._book.get(community, id_) for id_ in ids]
        return [case for case in found if case and case.state == "open"]


def unfolding(case: Case) -> list[Write]:
    """The writes that take a case which is settled off the index: from now on a copy opens a case."""
    if case.kind != "moderation":
        return []
    return [("ZREM", _index(case.community), *(f"{mark}:{case.id}" for mark in bands(case.subject.text)))]


def _folds(case: Case, rules: DuplicateRules) -> bool:
    clause = case.verdict.clause if case.verdict else None
    return case.kind == "moderation" and clause not in NEVER and comparable(case.subject.text, rules)


def _takes(case: Case, message: Message, rules: DuplicateRules) -> bool:
    """Whether the message is a copy of the case's, and neither another version of it nor one too many."""
    if identity(case.subject) == identity(message) or not _folds(case, rules):
        return False
    known = any(identity(copy) == identity(message) for copy in case.copies)
    return (known or len(case.copies) < COPIES) and likeness(case.subject.text, message.text) >= rules.similarity


def _ranked(marked: dict[str, list[str]]) -> list[str]:
    """The cases that share most marks."""
    shared = Counter(entry.partition(":")[2] for entries in marked.values() for entry in entries)
    return [id_ for id_, _ in shared.most_common(COMPARED)]


def _joining(case: Case, message: Message) -> Near:
    community = case.community
    still: Write = ("EXPECT", "open", "HGET", key(community, "case", case.id), "state")
    known = any(copy.key == message.key for copy in case.copies)
    of = member_key(community, message.place.platform, message.author.id)
    writes: tuple[Write, ...] = (
        copying(community, case.id, message),
        ("ZADD", of, str(case.opened_at.timestamp()), case.id),
        *changing(community, case.id),
    )
    return Near(case, () if known else writes, (still,))


def _marking(case: Case, marks: Iterable[str]) -> list[Write]:
    entries = [part for mark in marks for part in ("0", f"{mark}:{case.id}")]
    return [("ZADD", _index(case.community), *entries)]


def _expecting(community: str, marked: dict[str, list[str]]) -> list[Write]:
    return [("EXPECT", " ".join(entries), *_reading(community, mark)) for mark, entries in marked.items()]


def _reading(community: str, mark: str) -> Write:
    return ("ZRANGE", _index(community), f"[{mark}:", f"({mark};", "BYLEX", "LIMIT", "0", str(PER_MARK))


def _index(community: str) -> str:
    return key(community, "fold")
