"""The seals of an audit trail: each line's is a hash over the line and the seal before it.

A stream beside the trail holds them, one entry of a line's own id each. A worker seals what is new every second; no
seal is ever rewritten. Whoever changes the past must change every later seal, and then the head, which can be kept
elsewhere, is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import zip_longest
from typing import Literal, NamedTuple, cast

from redis.asyncio import Redis

from moderation.keys import key

PAGE = 1000
"""Lines that are read, and sealed, in one go."""
FRESH_MS = 60_000
"""How old a line may be that has no seal yet: no worker may have been running."""

Entry = tuple[str, dict[str, str]]
"""An entry of a stream: its id and its fields."""
Progress = Callable[[float], None]
"""Hears which fraction of [0, 1] is done."""
Wrong = Literal["changed", "broken", "removed", "inserted", "unsealed", "deleted", "head"]
TOLD: dict[Wrong, str] = {
    "changed": "it is not the line that was sealed: it was changed, or put in another's place",
    "broken": "its seal is not the one that it was given: the chain is broken here",
    "removed": "it was sealed and is gone",
    "inserted": "it was put in after its neighbours were sealed, or its seal was taken away",
    "unsealed": "it is older than a minute and has no seal: no worker runs, or seals were taken away",
    "deleted": "entries at the end were deleted after it",
    "head": "no line has the seal that was kept elsewhere: the end was cut off, or all was written anew",
}


class Head(NamedTuple):
    """The last seal: of which line, and how many are sealed."""

    line: str
    seal: str
    lines: int


class Fault(NamedTuple):
    """The first line that is not as it was; `line` is its id, which begins with its time in ms."""

    line: str
    wrong: Wrong

    def __str__(self) -> str:
        return f"line {self.line}: {TOLD[self.wrong]}" if self.line else TOLD[self.wrong]


class Verified(NamedTuple):
    """What a proof found: lines proven by their seals, the younger ones without, the last seal, the first fault."""

    lines: int
    fresh: int
    head: str
    fault: Fault | None = None


def audit_key(community: str) -> str:
    """The stream of the trail's lines."""
    return key(community, "audit")


def seals_key(community: str) -> str:
    """The stream of their seals."""
    return key(community, "seals")


def first_seal(community: str) -> str:
    """What stands before the first line, so that no community's trail can pass for another's."""
    return hashlib.sha256(f"xiaoer audit {community}".encode()).hexdigest()


def seal(before: str, entry: Entry) -> str:
    """A line's seal: SHA-256 over the seal before it and the line as canonical JSON, `[id, {fields by name}]`."""
    line = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}{line}".encode()).hexdigest()


class Sealer:
    """Seals the trails of all communities. Several may work at once: the script lets one of them through."""

    def __init__(self, redis: Redis) -> None:
        script = files("moderation") / "scripts" / "seal.lua"
        self._redis = redis
        self._seal = redis.register_script(script.read_text("utf-8"))

    async def seal(self, community: str) -> int:
        """Seal the lines that are new and return how many; 0 too when another worker was faster."""
        sealed = 0
        while written := await self._page(community):
            sealed += written
        return sealed

    async def _page(self, community: str) -> int:
        head = await self.head(community)
        start = f"({head.line}" if head.line else "-"
        rows = cast(list[Entry], await self._redis.xrange(audit_key(community), start, "+", count=PAGE))
        if not rows:
            return 0
        before, args = head.seal, [head.line]
        for entry in rows:
            before = seal(before, entry)
            args += [entry[0], before]
        return len(rows) if await self._seal(keys=[seals_key(community)], args=args) else 0

    async def head(self, community: str) -> Head:
        """The last seal, or the one before all lines."""
        return await head_of(self._redis, community)


async def head_of(redis: Redis, community: str) -> Head:
    """The last seal, or the one before all lines."""
    rows = cast(list[Entry], await redis.xrevrange(seals_key(community), count=1))
    if not rows:
        return Head("", first_seal(community), 0)
    return Head(rows[0][0], rows[0][1].get("seal", ""), await redis.xlen(seals_key(community)))


async def verified(redis: Redis, community: str, kept: str, progress: Progress | None = None) -> Verified:
    """Walk all lines with their seals until the first that is not as it was."""
    seconds, micros = await redis.time()
    head = await head_of(redis, community)
    walk = _Walk(first_seal(community), kept)
    start, fault = "-", None
    while head.line and fault is None:
        pages = [await redis.xrange(name, start, head.line, count=PAGE) for name in _streams(community)]
        lines, seals = cast(list[list[Entry]], pages)
        if not lines and not seals:
            break
        fault = walk.page(lines, seals)
        start = f"({lines[-1][0]}" if lines else start
        if progress:
            progress(min(1.0, walk.lines / max(1, head.lines)))
    proven = Verified(walk.lines, 0, walk.seal, fault)
    if fault:
        return proven
    rows = await redis.xrange(audit_key(community), f"({head.line}" if head.line else "-", "+")
    old, young = _by_age([id_ for id_, _ in cast(list[Entry], rows)], seconds * 1000 + micros // 1000)
    if old:
        return proven._replace(fault=Fault(old[0], "unsealed"))
    if await _deleted(redis, community):
        return proven._replace(fault=Fault(head.line, "deleted"))
    missing = Fault("", "head") if kept and not walk.met else None
    return proven._replace(fresh=len(young), fault=missing)


class _Walk:
    """Proves page after page. `met` tells whether the seal that was kept elsewhere came by."""

    def __init__(self, before: str, kept: str) -> None:
        self.seal = before
        self.lines = 0
        self.met = kept == before
        self._kept = kept

    def page(self, lines: Sequence[Entry], seals: Sequence[Entry]) -> Fault | None:
        """The first fault of a page of lines and the page of seals that goes with it."""
        for at, (line, given) in enumerate(zip_longest(lines, seals)):
            if given is None or (line is not None and _order(line) < _order(given)):
                return Fault(line[0], "inserted")
            if line is None or _order(given) < _order(line):
                return Fault(given[0], "removed")
            now = seal(self.seal, line)
            if now != given[1].get("seal"):
                return Fault(line[0], _cause(now, lines[at + 1 : at + 2], seals[at + 1 : at + 2]))
            self.seal, self.lines = now, self.lines + 1
            self.met = self.met or now == self._kept
        return None


def _cause(now: str, line: Sequence[Entry], given: Sequence[Entry]) -> Wrong:
    """Whether the line was changed or its seal: the next line's seal rests on the true one."""
    rests = bool(line and given) and seal(now, line[0]) == given[0][1].get("seal")
    return "broken" if rests else "changed"


def _streams(community: str) -> tuple[str, str]:
    return audit_key(community), seals_key(community)


def _order(entry: Entry) -> tuple[int, int]:
    milliseconds, _, number = entry[0].partition("-")
    return int(milliseconds), int(number)


def _by_age(ids: Sequence[str], now: int) -> tuple[list[str], list[str]]:
    """The ids of lines without a seal: those that should have one, and those that are too young."""
    old = [id_ for id_ in ids if int(id_.partition("-")[0]) < now - FRESH_MS]
    return old, [id_ for id_ in ids if id_ not in set(old)]


async def _deleted(redis: Redis, community: str) -> bool:
    """Whether Redis knows that either stream once held more: nothing is ever deleted from them."""
    for name in _streams(community):
        if await redis.exists(name):
            known = await redis.xinfo_stream(name)
            if known.get("entries-added", known["length"]) != known["length"]:
                return True
    return False
