from __future__ import annotations

import pytest

from bot.console.choices import TEXT_LENGTH, ChoiceError, to_decision
from bot.console.gate import Visitor
from moderation.policy import load
from moderation.types import Author, Case, CaseKind, Message, Place

POLICY = load()
SAM = Visitor("sample", "console-1", "Sam", "owner")


def case(kind: CaseKind) -> Case:
    place = Place(platform="web", community="sample", channel="help", profile="help")
    return Case(id="7KQF2M9D", kind=kind, subject=Message(id="m1", place=place, author=Author(id="a"), text="hi"))


@pytest.mark.parametrize(
    ("action", "seconds"), [("warn", 0), ("remove", 0), ("timeout", 3600), ("mute", 0), ("kick", 0), ("ban", 0)]
)
def test_an_enforcement_names_its_clause_and_counts_its_strikes(action: str, seconds: int) -> None:
    form = {"action": action, "reason": "scam_fraud", "text": " Please stop.\r\n"}
    decision = to_decision(form, case("moderation"), SAM, POLICY)
    assert (decision.action, decision.reason, decision.text) == (action, "scam_fraud", "Please stop.")
    assert (decision.seconds, decision.strikes) == (seconds, POLICY.clause("scam_fraud").strikes)
    assert (decision.by, decision.by_name, decision.case) == ("console-1", "Sam", "7KQF2M9D")


def test_who_did_nothing_wrong_gets_no_strike_and_no_reason() -> None:
    form = {"action": "dismiss", "reason": "scam_fraud", "text": "never mind"}
    decision = to_decision(form, case("moderation"), SAM, POLICY)
    assert (decision.action, decision.reason, decision.text, decision.strikes) == ("dismiss", "", "", 0)


def test_an_answer_is_what_was_written() -> None:
    decision = to_decision({"action": "answer", "text": "On the 5th."}, case("handoff"), SAM, POLICY)
    assert (decision.action, decision.text, decision.strikes) == ("answer", "On the 5th.", 0)


@pytest.mark.parametrize(
    ("kind", "action", "teach", "taught"),
    [
        ("handoff", "answer", "yes", True),
        ("handoff", "answer", "", False),
        ("handoff", "dismiss", "yes", False),
        ("moderation", "dismiss", "yes", False),
        ("moderation", "remove", "yes", False),
    ],
)
def test_the_tick_counts_with_an_answer_alone(kind: CaseKind, action: str, teach: str, taught: bool) -> None:
    form = {"action": action, "reason": "scam_fraud", "text": "On the 5th.", "teach": teach}
    assert to_decision(form, case(kind), SAM, POLICY).teach is taught


@pytest.mark.parametrize(
    ("kind", "form", "why"),
    [
        ("moderation", {"action": "answer", "text": "hi"}, "action"),
        ("moderation", {}, "action"),
        ("moderation", {"action": "remove"}, "reason"),
        ("moderation", {"action": "remove", "reason": "no_such_clause"}, "reason"),
        ("moderation", {"action": "remove", "reason": "scam_fraud", "text": "x" * (TEXT_LENGTH + 1)}, "long"),
        ("handoff", {"action": "ban", "reason": "scam_fraud"}, "action"),
        ("handoff", {"action": "answer", "text": "  "}, "answer"),
    ],
)
def test_a_form_that_decides_nothing_tells_why(kind: CaseKind, form: dict[str, str], why: str) -> None:
    with pytest.raises(ChoiceError) as told:
        to_decision(form, case(kind), SAM, POLICY)
    assert told.value.why == why


@pytest.mark.parametrize("action", ["uphold", "overturn"])
def test_an_appeal_is_upheld_or_overturned_with_words_to_the_member(action: str) -> None:
    decision = to_decision({"action": action, "text": " We looked again. "}, case("appeal"), SAM, POLICY)
    assert (decision.action, decision.text, decision.strikes) == (action, "We looked again.", 0)


@pytest.mark.parametrize("action", ["ban", "answer", "dismiss"])
def test_an_appeal_is_settled_in_no_other_way(action: str) -> None:
    with pytest.raises(ChoiceError, match="action"):
        to_decision({"action": action, "reason": "scam_fraud", "text": "x"}, case("appeal"), SAM, POLICY)
