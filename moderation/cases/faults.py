"""Why a case cannot be worked as asked."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.errors import XiaoerError
from moderation.types import Decision


class CaseError(XiaoerError):
    """A case that cannot be worked as asked."""


class NoSuchCase(CaseError):  # noqa: N818 - reads as what it tells a moderator
    """There is no such case in this community."""

    def __init__(self, case: str) -> None:
        super().__init__(f"case {case}: there is none of this name; look at the queue")


class Taken(CaseError):  # noqa: N818
    """Another moderator works on it."""

    def __init__(self, case: str, holder: str) -> None:
        super().__init__(f"case {case}: {holder} is working on it; wait, or ask them to release it")
        self.holder = holder


class Settled(CaseError):  # noqa: N818
    """It is decided already."""

    def __init__(self, case: str, decision: Decision) -> None:
        super().__init__(f"case {case}: {decision.by_name or decision.by} has decided already: {decision.action}")
        self.decision = decision


class OwnDecision(CaseError):  # noqa: N818
    """An appeal against a decision of the very moderator who would decide it."""

    def __init__(self, case: str) -> None:
        super().__init__(f"case {case}: who made the first decision cannot decide the appeal; ask another moderator")


def refuse(case: str, answer: Sequence[str]) -> None:
    """Raise what a script found in the way: `["ok"]`, `["missing"]`, `["taken", holder]`, `["settled", decision]`."""
    match answer:
        case ["missing"]:
            raise NoSuchCase(case)
        case ["taken", holder]:
            raise Taken(case, holder)
        case ["settled", decision]:
            raise Settled(case, Decision.model_validate_json(decision))
