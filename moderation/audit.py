"""The audit trail: who did what, and who was refused it. One line each, in a stream per community, never trimmed.

A line is written in one transaction with what it tells of. It holds ids and no names, and no word of a member. Lines
are sealed one after the other (`moderation.seals`), so that a changed, removed or inserted one is found.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, cast, get_args

from redis.asyncio import Redis

from moderation.keys import Write
from moderation.seals import PAGE, Entry, Progress, Verified, audit_key, seals_key, verified
from moderation.types import Case, Decision, Tier

Result = Literal["done", "refused", "failed"]
Kind = Literal["command", "decision", "setting", "login", "step", "undo"]
"""A command or a press as it came, a case's decision, a setting's change, a login, work on a case, a reversal."""
KINDS: tuple[Kind, ...] = get_args(Kind)
TEXT_LENGTH = 300
"""Characters of what was done that are kept: enough to see what was meant."""
OPERATOR = "operator"
"""Who works at the command line of the house."""


class Line(NamedTuple):
    """A line of the trail. `by` is `platform:member`, a console login's id, `policy` or `operator`; `seal` is empty
    for a line of the last second."""

    id: str
    at: datetime
    by: str
    tier: str
    kind: str
    what: str
    result: str
    case: str = ""
    seal: str = ""


def auditing(
    community: str,
    by: str,
    tier: Tier | None,
    what: str,
    result: Result,
    at: datetime,
    *,
    kind: Kind = "command",
    case: str = "",
) -> Write:
    """The write that adds a line; `tier` is None where none was asked for."""
    fields = ("kind", kind, "by", by, "tier", tier or "", "what", what[:TEXT_LENGTH], "result", result)
    named = ("case", case) if case else ()
    return ("XADD", audit_key(community), "*", *fields, *named, "at", at.isoformat())


def setting(community: str, by: str, what: str, *, tier: Tier | None = None, at: datetime | None = None) -> Write:
    """The write that adds a line for a changed setting, such as `mode training -> live`."""
    return auditing(community, by, tier, what, "done", at or datetime.now(UTC), kind="setting")


def deciding(case: Case, decision: Decision) -> Write:
    """The write that adds a line for a case's decision, a person's or the policy's: `timeout 3600s scam_fraud`.

    The member is not named in it: the case names it, until it is forgotten.
    """
    what, under = _deed(decision), case.verdict.policy if case.verdict else ""
    told = f"{what} under {under}" if decision.by == "policy" and under else what
    return auditing(case.community, decision.by, None, told, "done", decision.at, kind="decision", case=decision.case)


def undoing(case: Case, reversal: Decision) -> Write:
    """The write that adds a line for a decision that is taken back: `took back ban scam_fraud`."""
    what = f"took back {_deed(case.decision)}" if case.decision else "took back"
    return auditing(case.community, reversal.by, None, what, "done", reversal.at, kind="undo", case=case.id)


def _deed(decision: Decision) -> str:
    """What is done. The reason is told where it is a clause's name: a person's own words are not kept."""
    length = f"{decision.seconds}s" if decision.seconds else ""
    reason = decision.reason if re.fullmatch(r"[a-z_]{1,40}", decision.reason) else ""
    return " ".join(part for part in (decision.action, length, reason) if part)


class AuditBook:
    """Reads the trails of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(
        self, community: str, *, before: str = "+", limit: int = 100, kind: str = "", by: str = "", case: str = ""
    ) -> list[Line]:
        """Lines, the latest first, older than the one of the id `before`; of one kind, person or case where named."""
        found: list[Line] = []
        wanted = {name: text for name, text in (("kind", kind), ("by", by), ("case", case)) if text}
        end = before if before == "+" else f"({before}"
        while len(found) < limit:
            page = cast(list[Entry], await self._redis.xrevrange(audit_key(community), end, "-", count=PAGE))
            if not page:
                break
            seals = await self._seals(community, page[-1][0], page[0][0])
            lines = (_line(entry, seals.get(entry[0], "")) for entry in page)
            found += [line for line in lines if all(getattr(line, name) == text for name, text in wanted.items())]
            end = f"({page[-1][0]}"
        return found[:limit]

    async def lines(self, community: str) -> AsyncIterator[Sequence[Line]]:
        """All lines with their seals, the oldest first, in pages."""
        start = "-"
        while rows := await self._redis.xrange(audit_key(community), start, "+", count=PAGE):
            page = cast(list[Entry], rows)
            seals = await self._seals(community, page[0][0], page[-1][0])
            yield [_line(entry, seals.get(entry[0], "")) for entry in page]
            start = f"({page[-1][0]}"

    async def _seals(self, community: str, first: str, last: str) -> dict[str, str]:
        """The seals from one line to another, by the lines' ids; the newest lines have none for a moment."""
        rows = cast(list[Entry], await self._redis.xrange(seals_key(community), first, last))
        return {id_: fields["seal"] for id_, fields in rows}

    async def count(self, community: str) -> int:
        """How many lines there are."""
        return await self._redis.xlen(audit_key(community))

    async def verify(self, community: str, *, head: str = "", progress: Progress | None = None) -> Verified:
        """Prove all lines by their seals; `head` is a seal that was kept elsewhere and must be among them."""
        return await verified(self._redis, community, head, progress)


def _line(entry: Entry, seal: str) -> Line:
    id_, fields = entry
    known = {name: fields.get(name, "") for name in ("by", "tier", "what", "result", "case")}
    return Line(id=id_, at=datetime.fromisoformat(fields["at"]), kind=fields.get("kind", "command"), seal=seal, **known)
