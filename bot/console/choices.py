"""What a moderator's form decides about a case."""

from __future__ import annotations

from collections.abc import Mapping

from bot.console.gate import Visitor
from bot.review.desk import DECIDES
from bot.web.fields import typed
from moderation.policy import LONGEST_TIMEOUT, SHORTEST_TIMEOUT, Policy
from moderation.types import ENFORCING, Case, Decision

TEXT_LENGTH = 4096
LENGTHS = (3600, 24 * 3600, 7 * 24 * 3600, 28 * 24 * 3600)
"""Seconds of a timeout that the form offers; the longest is Discord's limit."""


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
    action = next((action for action in DECIDES[case.kind] if action == form.get("action")), None)
    if action is None:
        raise ChoiceError("action")
    text = typed(form, "text")
    if len(text) > TEXT_LENGTH:
        raise ChoiceError("long")
    if action == "answer" and not text:
        raise ChoiceError("answer")
    named = {"case": case.id, "action": action, "by": by.id, "by_name": by.name}
    if action == "dismiss":
        return Decision.model_validate(named)
    if action not in ENFORCING:
        return Decision.model_validate({**named, "text": text, "teach": action == "answer" and bool(form.get("teach"))})
    reason = str(form.get("reason"))
    clause = policy.clauses.get(reason)
    if clause is None:
        raise ChoiceError("reason")
    seconds = _seconds(form) if action == "timeout" else 0
    told = {"reason": reason, "text": text, "seconds": seconds, "strikes": clause.strikes}
    return Decision.model_validate({**named, **told})


def _seconds(form: Mapping[str, object]) -> int:
    """A timeout's length: the one chosen within what chats allow, else an hour."""
    typed = str(form.get("seconds") or "")
    seconds = int(typed) if typed.isdecimal() and len(typed) < len(str(LONGEST_TIMEOUT)) + 1 else LENGTHS[0]
    return min(max(seconds, SHORTEST_TIMEOUT), LONGEST_TIMEOUT)
