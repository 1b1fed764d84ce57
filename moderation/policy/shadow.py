"""A policy in shadow: it judges beside the one in force, nothing follows from it, and where they differ is on record.

Kept per pair of versions, so that a change of either begins anew: a hash of counts by both marks, the latest messages
that differ (texts, as long as the archive keeps them), and the shadow's mark for every case, to be held against what a
moderator decides.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from moderation.cases import CaseBook
from moderation.judging.lately import moderation_case
from moderation.keys import Write, key
from moderation.policy.comparison import EXAMPLES, Comparison, Example, Mark, Report, breach, example, mark, parse_mark
from moderation.types import Message, Ruling, Verdict

SHOWN = 500
"""Messages that differ which are kept at most, over all kinds of change."""
LASTS = timedelta(days=90)
"""How long the counts outlive the last message that both judged."""
BETWEEN = " -> "


def comparing(message: Message, live: Verdict, shadow: Verdict, days: int) -> list[Write]:
    """The writes that record what both policies made of a message; texts for `days` days, or none when 0."""
    tally = _tally(message.place.community, live.policy, shadow.policy)
    old, new = mark(live), mark(shadow)
    seconds = str(int(LASTS.total_seconds()))
    writes: list[Write] = [
        ("HINCRBY", tally, f"{old}{BETWEEN}{new}", "1"),
        ("HSETNX", tally, "since", message.sent_at.isoformat()),
        ("HSET", tally, "until", message.sent_at.isoformat()),
        ("EXPIRE", tally, seconds),
    ]
    if live.ruling is not Ruling.ALLOW:
        cases = f"{tally}:cases"
        writes += [("HSET", cases, moderation_case(message), f"{old}{BETWEEN}{new}"), ("EXPIRE", cases, seconds)]
    if old != new and days:
        writes += keeping(
            f"{tally}:differ", days, "marks", f"{old}{BETWEEN}{new}", "body", example(message).model_dump_json()
        )
        writes.append(("XTRIM", f"{tally}:differ", "MAXLEN", "=", str(SHOWN)))
    return writes


def keeping(stream: str, days: int, *fields: str) -> list[Write]:
    """The writes that add an entry to a stream which holds nothing older than `days` days."""
    oldest = int((datetime.now(UTC) - timedelta(days=days)).timestamp() * 1000)
    seconds = int(timedelta(days=days).total_seconds())
    return [("XADD", stream, "MINID", "=", str(oldest), "*", *fields), ("EXPIRE", stream, str(seconds))]


class ShadowBook:
    """Reads what `comparing` wrote (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, cases: CaseBook) -> None:
        self._redis = redis
        self._cases = cases

    async def report(self, community: str, live: str, shadow: str, *, examples: int = EXAMPLES) -> Report:
        """What the shadow ruled otherwise than the live policy, the latest examples first; both as `name@version`."""
        tally = _tally(community, live, shadow)
        counts = await cast(Awaitable[dict[str, str]], self._redis.hgetall(tally))
        since, until = (_moment(counts.pop(name, "")) for name in ("since", "until"))
        comparison = Comparison(examples=examples)
        for marks, number in counts.items():
            comparison.count(*_marks(marks), int(number))
        rows = await self._redis.xrevrange(f"{tally}:differ")
        for _, fields in cast(list[tuple[str, dict[str, str]]], rows):
            comparison.show(*_marks(fields["marks"]), Example.model_validate_json(fields["body"]))
        decided = await cast(Awaitable[dict[str, str]], self._redis.hgetall(f"{tally}:cases"))
        for name, marks in decided.items():
            case = await self._cases.get(community, name)
            found = breach(case) if case else None
            if found is not None:
                comparison.decided(*_marks(marks), found)
        return comparison.report(live, shadow, since, until)


def _tally(community: str, live: str, shadow: str) -> str:
    """The pair's key, from two `name@version`."""
    versions = (stamp.rpartition("@")[2] for stamp in (live, shadow))
    return key(community, "shadow", "..".join(versions))


def _marks(text: str) -> tuple[Mark, Mark]:
    old, _, new = text.partition(BETWEEN)
    return parse_mark(old), parse_mark(new)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
