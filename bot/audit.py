"""The audit trail: who of the staff did what, and who was refused it. One line each, in a stream per community."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from moderation.keys import Write, key
from moderation.types import Tier

Result = Literal["done", "refused", "failed"]
TEXT_LENGTH = 300
"""Characters of a command that are kept: enough to see what was meant."""


def auditing(community: str, by: str, tier: Tier, what: str, result: Result, at: datetime) -> Write:
    """The write that adds a line. `by` is `platform:member`, `what` the command as typed."""
    fields = ("by", by, "tier", tier, "what", what[:TEXT_LENGTH], "result", result, "at", at.isoformat())
    return ("XADD", key(community, "audit"), "*", *fields)
