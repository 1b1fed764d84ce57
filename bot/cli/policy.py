"""Commands about the policy: look at it, put a version in force, take it back. `policy_trial` tries one before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import Base, base
from bot.cli.mistakes import refuse_mistakes
from bot.cli.operators import operator
from bot.config import settings
from bot.policies import Named, named
from moderation.policy import Policy, PolicyError, load, parse, read
from moderation.policy.book import FILE, Change, InForce, Moved, PolicyBook, Stored
from moderation.policy.changes import changes, step

policy = typer.Typer(
    no_args_is_help=True,
    help="The policy: what a community does not want, and what follows.\n\n"
    "The usual way of a change: `check` the file, `backtest` it on the past, let it run in `shadow`, `set` it, and "
    "`rollback` if it was a mistake. Until something is set, the settings' file (POLICY_FILE) is in force.",
)
Result = TypeVar("Result")
WHICH = (
    "`live`, `shadow`, `file` (of the settings), `default` (the packaged one), a stored version or its beginning, or "
)
Which = Annotated[str, typer.Argument(help=f"{WHICH}a policy file.", show_default=False)]
File = Annotated[Path, typer.Argument(help="Policy file (TOML).", show_default=False)]
Note = Annotated[str, typer.Option(help="Why, in a few words; kept with the version and in the log.")]


def with_book(work: Callable[[PolicyBook, Base], Awaitable[Result]]) -> Result:
    """Do something with the policy book of the settings' Redis."""

    async def run() -> Result:
        async with base(settings()) as parts:
            return await work(PolicyBook(parts.redis), parts)

    return asyncio.run(run())


@policy.command()
def check(file: File) -> None:
    """Check a policy file; every fault is told with its line and its mend. Nothing is stored."""
    found = load(file)
    Console().print(f"{file}: {found.name}, {len(found.clauses)} clauses, version {found.version}: good", markup=False)


@policy.command()
def show(
    which: Annotated[str, typer.Argument(help=f"{WHICH}a policy file; the one in force if left out.")] = "live",
) -> None:
    """Show a policy: where it comes from, clauses, thresholds, ladders, channels."""
    screen = Console()
    found, in_force = with_book(lambda book, parts: _shown(book, parts, which))
    mode = ", in SHADOW mode" if found.policy.shadow else ""
    screen.print(Text(f"{found.policy.name}, version {found.policy.version}, {found.where}{mode}"), soft_wrap=True)
    if which == "live" and in_force.live != FILE:
        screen.print(Text("back to the settings' file: xiaoer policy rollback file", "dim"))
    if which == "live" and in_force.shadow != FILE:
        screen.print(Text(f"in shadow beside it: {in_force.shadow}; see xiaoer policy shadow --report", "dim"))
    _tell_policy(screen, found.policy)


async def _shown(book: PolicyBook, parts: Base, which: str) -> tuple[Named, InForce]:
    return await named(book, parts.settings, which), await book.in_force(parts.settings.community)


def _tell_policy(screen: Console, found: Policy) -> None:
    table = Table("clause", "review at", "act at", "severity", "ladder", box=None, pad_edge=False)
    for name, clause in found.clauses.items():
        steps = " > ".join(step(rung.action, rung.seconds) for rung in clause.ladder)
        shadow = " (shadow)" if clause.shadow else ""
        table.add_row(name + shadow, f"{clause.review_at:g}", f"{clause.act_at:g}", str(clause.severity), steps)
    screen.print(table)
    screen.print(Text("channels: " + ", ".join(f"#{name}: {profile}" for name, profile in found.channels.items())))


@policy.command("set")
def set_(
    file: File,
    note: Note = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also if it acts again on what was taken back as a mistake.")
    ] = False,
) -> None:
    """Put a policy file in force, in this community, within about two seconds and without a restart.

    The file is checked first: a broken one changes nothing, and neither does one that would repeat decisions which
    were taken back (see `xiaoer policy proof`). Its text is kept as a version, so a later change of the file changes
    nothing either.
    """
    text = read(file)

    async def work(book: PolicyBook, parts: Base) -> Moved:
        if not anyway:
            live = (await named(book, parts.settings, "live")).policy
            await refuse_mistakes(parts, live, parse(text, str(file)))
        return await book.set(parts.settings.community, text, where=str(file), by=operator(), note=note)

    _tell_move(with_book(work))


@policy.command()
def rollback(
    to: Annotated[
        str, typer.Argument(help="A stored version or its beginning, or `file`; the one before if left out.")
    ] = "",
    note: Note = "",
) -> None:
    """Put an earlier policy in force again. Without a version it undoes the latest change; again, the one before it."""

    async def work(book: PolicyBook, parts: Base) -> Moved:
        community, by = parts.settings.community, operator()
        if not to:
            start = (await book.in_force(community)).live
            return await book.step_back(community, start, by=by, note=note)
        version = to if to == FILE else (await book.get(community, to)).version
        return await book.rollback(community, version, by=by, note=note)

    _tell_move(with_book(work))


def _tell_move(moved: Moved) -> None:
    if moved.before == moved.now:
        Console().print(f"{moved.now} is in force already; nothing changed", markup=False)
    else:
        Console().print(
            f"in force: {moved.now} (before: {moved.before}). "
            + f"The way back: xiaoer policy rollback {moved.before}",
            markup=False,
        )


@policy.command()
def versions(log: Annotated[bool, typer.Option("--log", help="Every change too: who, when, what.")] = False) -> None:
    """List the stored versions, which one is live and which one runs in shadow."""
    stored, in_force, entries = with_book(_listed)
    screen = Console()
    table = Table("version", "", "name", "stored (UTC)", "by", "note", box=None, pad_edge=False)
    for one in stored:
        state = "live" if one.version == in_force.live else "shadow" if one.version == in_force.shadow else ""
        cells = (one.version, state, one.name, f"{one.at:%Y-%m-%d %H:%M}", one.by, one.note + _reading(one))
        table.add_row(*(Text(cell, "bold" if state == "live" else "") for cell in cells))
    screen.print(table if stored else Text("no stored version"))
    if in_force.live == FILE:
        screen.print(Text("in force: the settings' file"))
    for entry in entries if log else []:
        move = f"{entry.kind:<8}  {entry.before} -> {entry.version}"
        screen.print(Text(f"{entry.at:%Y-%m-%d %H:%M:%S}  {move}  {entry.by}  {entry.note}"), soft_wrap=True)


async def _listed(book: PolicyBook, parts: Base) -> tuple[list[Stored], InForce, list[Change]]:
    community = parts.settings.community
    return await book.versions(community), await book.in_force(community), await book.log(community)


def _reading(stored: Stored) -> str:
    """A remark for a version that a newer Xiaoer reads otherwise: it extends a packaged policy that has changed."""
    try:
        now = parse(stored.text, stored.version).version
    except PolicyError:
        return " (cannot be used any more: see `xiaoer policy show VERSION`)"
    return "" if now == stored.version else f" (with this Xiaoer's packaged policy it reads as {now})"


@policy.command()
def diff(a: Which, b: Which) -> None:
    """Tell what differs between two policies, one line for each changed setting."""
    old, new = with_book(lambda book, parts: both(book, parts, a, b))
    for line in changes(old.policy, new.policy) or ["no difference"]:
        Console().print(line, markup=False, soft_wrap=True, highlight=False)


async def both(book: PolicyBook, parts: Base, a: str, b: str) -> tuple[Named, Named]:
    """Two policies by what `bot.policies` calls them."""
    return await named(book, parts.settings, a), await named(book, parts.settings, b)
