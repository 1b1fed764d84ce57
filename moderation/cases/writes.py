"""The writes that put a case on record, change it or take it back; the stream performs them with the message."""

from __future__ import annotations

from moderation.comparison import example
from moderation.keys import Write, key
from moderation.types import Case, Decision, Remark

OVERTURNED_KEPT = 1000
"""Messages whose case was overturned that are kept as examples."""

HANDOFF_SEVERITY = 2
"""Where a question waits among the clauses' severities, which run from 1 to 5 (most urgent)."""


def opening(case: Case, severity: int = HANDOFF_SEVERITY) -> list[Write]:
    """The writes that open a case for people: the most severe first, the oldest first among equals."""
    community = case.community
    urgency = case.opened_at.timestamp() - severity * 1e10
    writes: list[Write] = [
        ("HSET", key(community, "case", case.id), "body", case.model_dump_json(), "state", "open"),
        ("ZADD", key(community, "queue"), str(urgency), case.id),
    ]
    if case.kind == "handoff":
        writes.append(("SADD", key(community, "handoffs"), case.id))
    return [*writes, *changing(community, case.id)]


def settling(case: Case, decision: Decision) -> list[Write]:
    """The writes that put a case on record which the policy has settled at once."""
    community, at = case.community, decision.at.timestamp()
    decided = ("decision", decision.model_dump_json())
    writes: list[Write] = [
        ("HSET", key(community, "case", case.id), "body", case.model_dump_json(), "state", "settled", *decided),
        ("ZADD", key(community, "settled"), str(at), case.id),
    ]
    if decision.strikes:
        strikes = strikes_key(community, case.subject.author.id)
        writes.append(("ZADD", strikes, str(at), f"{case.id}:{decision.strikes}"))
    return [*writes, telling(community, case.id)]


def strikes_key(community: str, member: str) -> str:
    """Where a member's strikes are kept: a sorted set of `case:count` by the time of the decision."""
    return key(community, "strikes", member)


def reversing(case: Case, reversal: Decision) -> list[Write]:
    """The writes that take a settled case's decision back: the strike goes, and the message is kept as an example.

    The first reversal stays on record. Nothing for a case that was reversed before, or never settled.
    """
    community, decision = case.community, case.decision
    if decision is None or case.reversal:
        return []
    strike = f"{case.id}:{decision.strikes}"
    found = ("case", case.id, "clause", decision.reason, "body", example(case.subject).model_dump_json())
    kept = ("MAXLEN", "=", str(OVERTURNED_KEPT))
    return [
        ("HSETNX", key(community, "case", case.id), "reversal", reversal.model_dump_json()),
        ("ZREM", strikes_key(community, case.subject.author.id), strike),
        ("XADD", key(community, "overturned"), *kept, "*", *found),
        *changing(community, case.id),
    ]


def reporting(community: str, case: str, member: str) -> Write:
    """The write that counts a member, named `platform:member`, among those who reported a case's message."""
    return ("HSET", key(community, "case", case), f"report:{member}", "1")


def remarking(community: str, case: str, remark: Remark) -> list[Write]:
    """The writes that put a moderator's remark on a case."""
    field = f"remark:{remark.by}:{remark.at.timestamp()}"
    return [("HSET", key(community, "case", case), field, remark.model_dump_json()), *changing(community, case)]


def changing(community: str, case: str) -> list[Write]:
    """The writes that tell of a change: to who looks at the console now, and to who keeps the moderators' cards."""
    return [telling(community, case), ("XADD", cards_key(community), "*", "order", case, "body", case)]


def telling(community: str, case: str) -> Write:
    """The write that tells of a change to who looks at the console now."""
    return ("PUBLISH", key(community, "changed"), case)


def cards_key(community: str) -> str:
    """The stream of cases whose cards are to be brought up to date."""
    return key(community, "cards", "0")
