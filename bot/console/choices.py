"""What a moderator's form decides about a case."""

from __future__ import annotations

from collections.abc import Mapping

from bot.console.gate import Visitor
from moderation.policy import LONGEST_TIMEOUT, SHORTEST_TIMEOUT, Policy
from moderation.types import ENFORCING, Action, Case, Decision

TEXT_LENGTH = 4096
LENGTHS = (3600, 24 * 3600, 7 * 24 * 3600, 28 * 24 * 3600)
"""Seconds of a timeout that the form offers; the longest is Discord's limit."""
_CHOICES: dict[str, dict[str, Action]] = {
    "moderation": {action: action for action in ("dismiss", *ENFORCING)},
    "handoff": {"dismiss": "dismiss", "answer": "answer"},
    "appeal": {"uphold": "uphold", "overturn": "overturn"},
}


class ChoiceError(ValueError):
    """A form that decides nothing. `why` names the console's words for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def to_decision(form: Mapping[str, object], case: Case, by: Visitor, policy: Policy) -> Decision:
    """The decision of a posted form: `action`, `reason` (a clause), `text` (words to the member), `teach` (a tick),
    `seconds` (of a timeout).

    An enforcement counts as many strikes as its clause says. Raises ChoiceError.
    """
    action = _CHOICES[case.kind].get(str(form.get("action")))
    if action is None:
        raise ChoiceError("action")
    text = str(form.get("text") or "").replace("\r\n", "\n").strip()
    if len(text) > TEXT_LENGTH:
        raise ChoiceError("long")
    if action == "answer" and not text:
        raise ChoiceError("answer")
    if action == "answer":
        teach = bool(form.get("teach"))
        return Decision(case=case.id, action=action, by=by.id, by_name=by.name, text=text, teach=teach)
    if action in ("uphold", "overturn"):
        return Decision(case=case.id, action=action, by=by.id, by_name=by.name, text=text)
    if action == "dismiss":
        return Decision(case=case.id, action=action, by=by.id, by_name=by.name)
    clause = policy.clauses.get(str(form.get("reason")))
    if clause is None:
        raise ChoiceError("reason")
    return Decision(
        case=case.id,
        action=action,
        by=by.id,
        by_name=by.name,
        reason=str(form.get("reason")),
        text=text,
        seconds=_seconds(form) if action == "timeout" else 0,
        strikes=clause.strikes,
    )


def _seconds(form: Mapping[str, object]) -> int:
    """A timeout's length: the one chosen within what chats allow, else an hour."""
    typed = str(form.get("seconds") or "")
    seconds = int(typed) if typed.isdecimal() and len(typed) < len(str(LONGEST_TIMEOUT)) + 1 else LENGTHS[0]
    return min(max(seconds, SHORTEST_TIMEOUT), LONGEST_TIMEOUT)
