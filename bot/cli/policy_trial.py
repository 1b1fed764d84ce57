"""Commands that try a policy before it is put in force: on the past (`backtest`) and beside the live one (`shadow`)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import Base, classifier
from bot.cli.comparing import tell
from bot.cli.mistakes import proof_of
from bot.cli.operators import operator
from bot.cli.policy import WHICH, Note, Which, both, policy, with_book
from bot.cli.screen import Bar
from bot.cli.spans import to_span
from bot.history import History
from bot.past import archived, from_file
from bot.policies import Named, named
from moderation.errors import XiaoerError
from moderation.judging.judge import Judge
from moderation.policy import read
from moderation.policy.backtest import Backtest
from moderation.policy.book import Moved, PolicyBook
from moderation.policy.changes import changes
from moderation.policy.comparison import EXAMPLES, Report
from moderation.policy.proof import Proof
from moderation.policy.shadow import ShadowBook

FIRST = 20
"""Changed settings that a backtest lists."""

Examples = Annotated[int, typer.Option(min=0, help="Examples shown for each kind of change.")]


@policy.command()
def shadow(
    file: Annotated[Path | None, typer.Argument(help="Policy file (TOML) to try.", show_default=False)] = None,
    off: Annotated[bool, typer.Option("--off", help="End the trial.")] = False,
    report: Annotated[bool, typer.Option("--report", help="What it ruled otherwise so far, with examples.")] = False,
    examples: Examples = EXAMPLES,
    note: Note = "",
) -> None:
    """Let a policy judge every message beside the one in force: nothing follows, and where they differ is counted."""
    if [file is not None, off, report].count(True) != 1:
        raise XiaoerError("policy shadow: give a FILE to try, or --off, or --report, and only one of them")
    screen = Console()
    if report:
        tell(screen, with_book(lambda book, parts: _shadow_report(book, parts, examples)), examples)
        return
    text = read(file) if file else ""

    async def work(book: PolicyBook, parts: Base) -> Moved:
        community, by = parts.settings.community, operator()
        if file:
            return await book.shadow(community, text, where=str(file), by=by, note=note)
        return await book.end_shadow(community, by)

    moved = with_book(work)
    told = "nothing runs in shadow" if off else f"{moved.now} runs in shadow; see xiaoer policy shadow --report"
    screen.print(told, markup=False)


async def _shadow_report(book: PolicyBook, parts: Base, examples: int) -> Report:
    live, beside = await both(book, parts, "live", "shadow")
    book_of_shadow = ShadowBook(parts.redis, parts.cases)
    return await book_of_shadow.report(parts.settings.community, live.stamp, beside.stamp, examples=examples)


@policy.command()
def backtest(
    new: Which,
    since: Annotated[
        str, typer.Option(help="How far back in the archive: hours, days or weeks: 12h, 30d, 2w.")
    ] = "30d",
    against: Annotated[str, typer.Option(help=f"What to compare with: {WHICH}a policy file.")] = "live",
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Messages of a file instead: JSON lines like the sample's day.jsonl, or like those of `xiaoer judge`.",
        ),
    ] = None,
    examples: Examples = EXAMPLES,
    out: Annotated[
        Path | None, typer.Option(help="File for the whole report as JSON; it holds members' words.")
    ] = None,
) -> None:
    """Print what another policy would have ruled: counts, examples, the work for people, and what moderators decided.

    Past messages go through both policies in their order. Nothing is changed. The archive goes back ARCHIVE_DAYS.
    """
    span = to_span(since)
    if out and not out.parent.is_dir():
        raise XiaoerError(f"{out}: the folder {out.parent} is not there; make it, or name another file")
    screen = Console()
    old, other, report = with_book(lambda book, parts: _replayed(book, parts, (against, new), span, from_, examples))
    lines = changes(old.policy, other.policy)
    screen.print(
        f"before: {old.stamp} ({old.where})\nafter:  {other.stamp} ({other.where})", markup=False, soft_wrap=True
    )
    for line in lines[:FIRST] or ["no setting differs"]:
        screen.print(Text(f"  {line}", "cyan"), soft_wrap=True)
    if len(lines) > FIRST:
        screen.print(Text(f"  and {len(lines) - FIRST} more: xiaoer policy diff {against} {new}", "cyan"))
    screen.print()
    tell(screen, report, examples)
    if out:
        out.write_text(report.model_dump_json(indent=2) + "\n", "utf-8")


async def _replayed(
    book: PolicyBook, parts: Base, which: tuple[str, str], span: timedelta, file: Path | None, examples: int
) -> tuple[Named, Named, Report]:
    past, alone = from_file(file) if file else ([], False)
    old, new = await both(book, parts, *which)
    judges = [await asyncio.to_thread(Judge, one.policy, classifier()) for one in (old, new)]
    test = Backtest(*judges, examples=examples, alone=alone)
    with Bar(Console(stderr=True)) as bar:
        for number, message in enumerate(past, 1):
            test.take(message)
            bar("replaying", number / len(past))
        if not file:
            await _replay_archive(parts, span, test, bar)
    report = test.report()
    if not report.messages:
        raise XiaoerError(
            "there are no messages to replay: the archive holds what was said in the last ARCHIVE_DAYS; "
            "take a longer --since, or a file by --from"
        )
    return old, new, report


@policy.command()
def proof(
    which: Annotated[str, typer.Argument(help=f"{WHICH}a policy file; the one in force if left out.")] = "live",
) -> None:
    """Judge what was taken back as a mistake once more; exits with 1 when the policy would act on any of it again.

    Each message whose decision was overturned is kept, without names and accounts, as a test of every later policy.
    """
    screen = Console()
    found, of = with_book(lambda book, parts: _proven(book, parts, which))
    table = Table("case", "then", "now", "score", box=None, pad_edge=False)
    for one in (*found.acts, *found.reviews):
        style = "bold red" if one in found.acts else ""
        cells = (one.case, one.before, f"{one.ruling} {one.clause}", f"{one.score:.2f}")
        table.add_row(*(Text(cell, style) for cell in cells))
    if found.acts or found.reviews:
        screen.print(table)
    told = f"{len(found.acts)} it would act on again, {len(found.reviews)} it would ask a person about"
    screen.print(Text(f"{of.stamp}: of {found.examples} decisions that were taken back, {told}"), soft_wrap=True)
    raise typer.Exit(1 if found.acts else 0)


async def _proven(book: PolicyBook, parts: Base, which: str) -> tuple[Proof, Named]:
    of = await named(book, parts.settings, which)
    return await proof_of(parts, of.policy), of


async def _replay_archive(parts: Base, span: timedelta, test: Backtest, bar: Bar) -> None:
    until = datetime.now(UTC)
    community, history = parts.settings.community, History(parts.redis)
    unread = 0
    async for piece in archived(history, parts.cases, community, until - span, until):
        for past in piece.past:
            test.take(past)
        unread += piece.unread
        bar("replaying", piece.reached)
    if unread:
        told = f"{unread} archived messages have the form of an earlier Xiaoer and were left out"
        Console(stderr=True).print(Text(told, "yellow"), soft_wrap=True)


def join(app: typer.Typer) -> None:
    """Add the group `policy`: these commands and those of its own room."""
    app.add_typer(policy, name="policy")
