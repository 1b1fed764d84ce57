"""What differs between two policies, setting by setting: comments and order in a file are no difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from moderation.policy.clauses import Policy
from moderation.policy.durations import spelled

ORDERED = ("ladder", "adjust")
"""Lists whose order says something; of the others it is told what came and what went."""


def changes(old: Policy, new: Policy) -> list[str]:
    """One line per changed setting, such as `clauses.abuse.act_at: 0.97 -> 0.95`; none for the same policy."""
    return list(_tables("", old.model_dump(mode="json"), new.model_dump(mode="json")))


def _tables(path: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        where = f"{path}.{name}" if path else name
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _tables(where, before, after)
        elif isinstance(before, list) and isinstance(after, list) and name not in ORDERED:
            yield f"{where}: {_moves(before, after)}"
        elif isinstance(before or after, Mapping):
            yield f"{where}: {'added' if before is None else 'removed'}"
        else:
            yield f"{where}: {_told(name, before)} -> {_told(name, after)}"


def _moves(before: list[object], after: list[object]) -> str:
    """What a list gained and lost, such as `+ "a.example" - "b.example"`."""
    gained = [f"+ {_plain(item)}" for item in after if item not in before]
    lost = [f"- {_plain(item)}" for item in before if item not in after]
    return " ".join(gained + lost) or "in another order"


def _told(name: str, value: object) -> str:
    if name == "ladder" and isinstance(value, list):
        return " > ".join(step(rung["action"], rung["seconds"]) for rung in value) or "empty"
    return "not set" if value is None else _plain(value)


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def step(action: str, seconds: int) -> str:
    """A ladder's step as a policy file writes it, such as `timeout 1h`."""
    return f"{action} {spelled(seconds)}" if seconds else action
