"""`xiaoer desk undo`: what was decided by mistake under a rule is taken back, all of it at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import Base, base
from bot.cli.operators import operator
from bot.cli.screen import Bar
from bot.cli.spans import to_span
from bot.config import settings
from bot.review.undoing import undo_all
from moderation.audit import OPERATOR, auditing
from moderation.cases.undoing import Reversals, Wanted
from moderation.types import Case, Decision

ANYONE = "anyone"
FIRST = 10
"""Cases that are shown before."""


def undo(
    clause: Annotated[str, typer.Option(help="The rule's clause, such as scam_fraud.", show_default=False)],
    since: Annotated[str, typer.Option(help="How far back: hours, days or weeks: 12h, 30d, 2w.", show_default=False)],
    by: Annotated[
        str, typer.Option(help=f"Whose decisions: `policy`, a person as platform:member, or `{ANYONE}`.")
    ] = "policy",
    version: Annotated[str, typer.Option(help="Only under this version of the policy, or its beginning.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Take back all decisions under a rule over a time: restrictions and strikes go, and each member is told.

    What would be taken back is shown first. Removed messages cannot come back. After a crash, run it again.
    """
    asyncio.run(_undo(clause, since, "" if by == ANYONE else by, version, yes))


async def _undo(clause: str, since: str, by: str, version: str, yes: bool) -> None:
    now, screen = datetime.now(UTC), Console()
    wanted = Wanted(since=now - to_span(since), until=now, clause=clause, by=by, policy_version=version)
    async with base(settings()) as parts:
        reversals = Reversals(parts.redis)
        found = await reversals.found(parts.settings.community, wanted)
        if not found:
            screen.print("no such decision stands", markup=False)
            return
        _show(screen, found)
        if not yes and not typer.confirm(f"take {len(found)} decisions back?"):
            screen.print("nothing was done", markup=False)
            raise typer.Exit(1)
        done = await _all(parts, reversals, found, wanted)
        screen.print(f"{done} decisions taken back; the members are told by the gateways", markup=False)


async def _all(parts: Base, reversals: Reversals, found: Sequence[Case], wanted: Wanted) -> int:
    back = Decision(case="-", action="overturn", by=operator(), by_name=OPERATOR, at=wanted.until)
    with Bar(Console(stderr=True)) as bar:
        done = await undo_all(reversals, found, back, lambda part: bar("taking back", part))
    what = f"took back {done} of {wanted.clause} since {wanted.since.isoformat()}"
    line = auditing(parts.settings.community, operator(), "owner", what, "done", wanted.until, kind="undo")
    await parts.streams.write(line)
    return done


def _show(screen: Console, found: Sequence[Case]) -> None:
    """The latest ones and the counts, without a word of a member."""
    table = Table("case", "decided (UTC)", "what", "by", "channel", box=None, pad_edge=False)
    for case in found[-FIRST:]:
        if decision := case.decision:
            cells = (case.id, f"{decision.at:%Y-%m-%d %H:%M}", decision.action, decision.by, case.subject.place.address)
            table.add_row(*map(Text, cells))
    screen.print(table)
    counts = Counter(case.decision.action for case in found if case.decision)
    members = len({(case.subject.place.platform, case.subject.author.id) for case in found})
    told = ", ".join(f"{n} {action}" for action, n in counts.most_common())
    screen.print(f"{len(found)} decisions on {members} members: {told}", markup=False)


def join(app: typer.Typer) -> None:
    """Add this command to a group, the one of the moderators' desk."""
    app.command()(undo)
