"""Settled cases for the tests of second looks and of the figures of review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from moderation.types import (
    Action,
    Author,
    Case,
    CaseKind,
    Decision,
    Message,
    Place,
    Reply,
    Ruling,
    Verdict,
    case_id,
)

COMMUNITY = "sample"
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
LOOKS: dict[tuple[Action, Action], int] = {
    ("dismiss", "dismiss"): 20,
    ("dismiss", "remove"): 5,
    ("remove", "dismiss"): 10,
    ("remove", "remove"): 15,
}
"""First decisions with second looks whose kappa is 0.4: observed 35 of 50, expected 25 of 50."""


def opened(number: int, at: datetime = MONDAY, *, kind: CaseKind = "moderation", clause: str = "spam_ads") -> Case:
    place = Place(platform="web", community=COMMUNITY, channel="help", profile="help")
    subject = Message(id=str(number), place=place, author=Author(id="li", name="小李"), text="加微信返利", sent_at=at)
    verdict = Verdict(ruling=Ruling.REVIEW, clause=clause) if kind == "moderation" else None
    return Case(id=case_id(kind, subject), kind=kind, subject=subject, verdict=verdict, opened_at=at)


def decided(case: Case, action: Action = "remove", by: str = "web:anna", after_s: float = 600, **more: object) -> Case:
    """The case as settled `after_s` seconds after its opening, with other fields changed too."""
    name = "policy" if by == "policy" else by.partition(":")[2].title()
    decision = Decision(
        case=case.id, action=action, by=by, by_name=name, at=case.opened_at + timedelta(seconds=after_s)
    )
    return case.model_copy(update={"state": "settled", "decision": decision, **more})


def drafted(number: int, confidence: float, answer: str | None, why: str = "unsure", at: datetime = MONDAY) -> Case:
    """A question handed over with the draft "5 coins.", and what a person answered; None for a dismissal."""
    case = opened(number, at, kind="handoff")
    reply = Reply(text="5 coins.", confidence=confidence, handoff=True, why=why)
    settled = decided(case, "dismiss" if answer is None else "answer", reply=reply)
    assert settled.decision
    return settled.model_copy(update={"decision": settled.decision.model_copy(update={"text": answer or ""})})


def look(case: Case, action: Action, by: str = "web:cy", by_name: str = "Cy") -> Decision:
    """A second look at the case."""
    return Decision(case=case.id, action=action, by=by, by_name=by_name)
