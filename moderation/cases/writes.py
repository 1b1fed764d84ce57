"""The writes that put a case on record, change it or take it back; the stream performs them with the message."""

from __future__ import annotations

from moderation.audit import undoing
from moderation.cases.copies import authors
from moderation.cases.priority import REACH_H, SEVERITY_H
from moderation.cases.reading import kept, waiting
from moderation.cases.scripts import text
from moderation.keys import Write, key
from moderation.privacy import redacted
from moderation.types import Case, Decision, Message, Remark

OVERTURNED_KEPT = 1000
"""Messages whose case was overturned that are kept as examples."""


def opening(case: Case, severity: int | None = None) -> list[Write]:
    """The writes that open a case for people, at its place in the queue; `severity` takes the place of the case's."""
    if severity:
        case = case.model_copy(update={"severity": severity})
    community, fields = case.community, {**kept(case), **waiting(case), "state": "open"}
    writes: list[Write] = [
        _storing(case, fields),
        ("ZADD", queue_key(community), fields["score"], case.id),
        _remembering(case),
    ]
    if case.due_at:
        writes.append(("ZADD", due_key(community), fields["due"], case.id))
    if case.kind == "handoff":
        writes.append(("SADD", key(community, "handoffs"), case.id))
    return [*writes, *changing(community, case.id)]


def settling(case: Case, decision: Decision) -> list[Write]:
    """The writes that put a case on record which the policy has settled at once."""
    community, at = case.community, decision.at.timestamp()
    writes: list[Write] = [
        _storing(case, {**kept(case), "state": "settled", "decision": decision.model_dump_json()}),
        ("ZADD", key(community, "settled"), str(at), case.id),
        _remembering(case),
    ]
    if decision.strikes:
        strikes = strikes_key(community, case.subject.author.id)
        writes.append(("ZADD", strikes, str(at), f"{case.id}:{decision.strikes}"))
    return [*writes, *changing(community, case.id)]


def _remembering(case: Case) -> Write:
    """The write that puts a case among those of its member."""
    subject = case.subject
    name = member_key(case.community, subject.place.platform, subject.author.id)
    return ("ZADD", name, str(case.opened_at.timestamp()), case.id)


def _storing(case: Case, fields: dict[str, str]) -> Write:
    return ("HSET", key(case.community, "case", case.id), *(part for field in fields.items() for part in field))


def member_key(community: str, platform: str, member: str) -> str:
    """The ids of a member's cases by when they were opened."""
    return key(community, "of", f"{platform}:{member}")


def striking(case: Case, decision: Decision) -> list[Write]:
    """The writes that give the authors of copies the strike that the case's own author has by the decision itself."""
    if not decision.enforces or not decision.strikes or case.reversal:
        return []
    at, strike = str(decision.at.timestamp()), f"{case.id}:{decision.strikes}"
    return [("ZADD", strikes_key(case.community, author), at, strike) for author in authors(case)[1:]]


def strikes_key(community: str, member: str) -> str:
    """Where a member's strikes are kept: a sorted set of `case:count` by the time of the decision."""
    return key(community, "strikes", member)


def reversing(case: Case, reversal: Decision) -> list[Write]:
    """The writes that take a settled case's decision back: all strikes for it go, and the message is kept as a redacted
    example (`moderation.policy.proof`).

    The first reversal stays on record. Nothing for a case that was reversed before, never settled, or whose member was
    forgotten.
    """
    community, decision = case.community, case.decision
    if decision is None or case.reversal or case.subject.forgotten:
        return []
    strike = f"{case.id}:{decision.strikes}"
    others = {said.author.name for said in (*case.context, *case.copies)}
    told = redacted(case.subject, others).model_dump_json()
    found = ("case", case.id, "clause", decision.reason, "body", told)
    kept = ("MAXLEN", "=", str(OVERTURNED_KEPT))
    return [
        ("HSETNX", key(community, "case", case.id), "reversal", reversal.model_dump_json()),
        *(("ZREM", strikes_key(community, author), strike) for author in authors(case)),
        ("XADD", key(community, "overturned"), *kept, "*", *found),
        undoing(case, reversal),
        *changing(community, case.id),
    ]


def reporting(community: str, case: str, member: str) -> Write:
    """The write that counts a member, named `platform:member`, among those who reported a case's message.

    Like the two below it moves the case to its new place in the queue, and tells nobody of it.
    """
    return _rescoring(community, case, f"report:{member}", "1")


def copying(community: str, case: str, copy: Message) -> Write:
    """The write that puts a near copy of a case's message beside it."""
    return _rescoring(community, case, f"copy:{copy.key}", copy.model_dump_json(exclude_defaults=True))


def grading(community: str, case: str, severity: int) -> Write:
    """The write that gives a case another severity, from 1 to 5."""
    return _rescoring(community, case, "severity", str(severity))


def _rescoring(community: str, case: str, field: str, value: str) -> Write:
    keys = ("2", key(community, "case", case), queue_key(community))
    hours = (str(3600 * SEVERITY_H), str(3600 * REACH_H))
    return ("EVAL", text("rescore"), *keys, case, field, value, *hours)


def furthering(community: str, case: str, message: Message) -> list[Write]:
    """The writes that put to a hand-off what its author asked after it."""
    return _noting(community, case, f"further:{message.key}", message.model_dump_json(exclude_defaults=True))


def remarking(community: str, case: str, remark: Remark) -> list[Write]:
    """The writes that put a moderator's remark on a case."""
    return _noting(community, case, f"remark:{remark.by}:{remark.at.timestamp()}", remark.model_dump_json())


def _noting(community: str, case: str, field: str, value: str) -> list[Write]:
    return [("HSET", key(community, "case", case), field, value), *changing(community, case)]


def changing(community: str, case: str) -> list[Write]:
    """The writes that tell of a change: to who looks at the console now, and to who keeps the moderators' cards."""
    return [telling(community, case), ("XADD", cards_key(community), "*", "order", case, "body", case)]


def telling(community: str, case: str) -> Write:
    """The write that tells of a change to who looks at the console now."""
    return ("PUBLISH", changed_key(community), case)


def changed_key(community: str) -> str:
    """The channel on which changes are told: the case's id."""
    return key(community, "changed")


def queue_key(community: str) -> str:
    """The queue: the ids of open cases that are awake, by their urgency."""
    return key(community, "queue")


def due_key(community: str) -> str:
    """The ids of open cases by the time when people are told that they are late; some are decided since."""
    return key(community, "due")


def asleep_key(community: str) -> str:
    """The ids of open cases that sleep, by the time when they wake."""
    return key(community, "asleep")


def cards_key(community: str) -> str:
    """The stream of cases whose cards are to be brought up to date."""
    return key(community, "cards", "0")
