"""What of the queue is asked for: /queue mine, /queue scam_fraud, /队列 申诉, or words of the message."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from moderation.cases import View
from moderation.policy import Policy

_NAMED: Final[dict[str, tuple[str, Any]]] = {
    **dict.fromkeys(("mine", "me", "我的"), ("holder", "me")),
    **dict.fromkeys(("free", "空闲"), ("holder", "free")),
    **dict.fromkeys(("late", "超时"), ("late", True)),
    **dict.fromkeys(("asleep", "held", "搁置"), ("asleep", True)),
    **dict.fromkeys(("questions", "question", "提问"), ("kind", "handoff")),
    **dict.fromkeys(("appeals", "appeal", "申诉"), ("kind", "appeal")),
}
"""What a word stands for: a field of a view, and its value."""


class Asked(NamedTuple):
    """A view, and whether it is of the caller's own cases, which are those held and those given."""

    view: View
    mine: bool


def asked(typed: str, policy: Policy) -> Asked:
    """The view that the words stand for. A word that names nothing is looked for in the messages."""
    clauses = {
        word.casefold(): name
        for name, clause in policy.clauses.items()
        for word in (name, clause.title.zh, clause.title.en)
    }
    if clause := clauses.get(typed.strip().casefold()):  # a clause's title may be of several words
        return Asked(View(clause=clause), mine=False)
    known: dict[str, Any] = {}
    loose: list[str] = []
    for word in typed.casefold().split():
        if word in _NAMED:
            field, value = _NAMED[word]
            known[field] = value
        elif word in clauses:
            known["clause"] = clauses[word]
        else:
            loose.append(word)
    return Asked(View(**known, text=" ".join(loose)), known.get("holder") == "me")
