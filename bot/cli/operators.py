"""Who works at the command line."""

from __future__ import annotations

import getpass

from moderation.audit import OPERATOR


def operator() -> str:
    """Who works at this terminal, as logs and the audit trail name them: `operator:USER`."""
    return f"{OPERATOR}:{getpass.getuser()}"
