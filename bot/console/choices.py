"""What a moderator's form decides about a case."""

from __future__ import annotations

from collections.abc import Mapping

from bot.console.gate import Visitor
from moderation.policy import Policy
from moderation.types import ENFORCING, Action, Case, Decision

TEXT_LENGTH = 4096
TIMEOUT_S = 3600
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
    """The decision of a posted form: `action`, `reason` (a clause), `text` (words to the member), `teach` (a tick).

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
        seconds=TIMEOUT_S if action == "timeout" else 0,
        strikes=clause.strikes,
    )
