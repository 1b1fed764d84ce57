"""Commands about the audit trail: look at it, prove it, take it out, and keep its head elsewhere."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import Base, base
from bot.cli.screen import Bar
from bot.config import settings
from moderation.audit import AuditBook, Kind, Line
from moderation.errors import XiaoerError
from moderation.seals import Head, Sealer, Verified

trail = typer.Typer(
    no_args_is_help=True,
    help="The audit trail: every decision, setting and login, in lines that are sealed one after the other.\n\n"
    "Keep the `head` elsewhere from time to time: `verify --head` then shows also that nothing was cut off.",
)
Result = TypeVar("Result")


def _with_trail(work: Callable[[AuditBook, Base], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with base(settings()) as parts:
            return await work(AuditBook(parts.redis), parts)

    return asyncio.run(run())


@trail.command()
def show(
    limit: Annotated[int, typer.Option(min=1, help="How many lines, the latest first.")] = 50,
    kind: Annotated[Kind | None, typer.Option(help="Only lines of this kind.")] = None,
    by: Annotated[str, typer.Option(help="Only what this person did: platform:member, `policy` or `operator`.")] = "",
    case: Annotated[str, typer.Option(help="Only lines about this case.")] = "",
) -> None:
    """Show who did what, and who was refused it."""

    async def work(book: AuditBook, parts: Base) -> list[Line]:
        return await book.read(parts.settings.community, limit=limit, kind=kind or "", by=by, case=case.upper())

    table = Table("at (UTC)", "kind", "by", "as", "what", "case", "", box=None, pad_edge=False)
    found = _with_trail(work)
    for line in found:
        cells = (f"{line.at:%Y-%m-%d %H:%M:%S}", line.kind, line.by, line.tier, line.what, line.case, line.result)
        table.add_row(*(Text(cell, "" if line.result == "done" else "yellow") for cell in cells))
    Console().print(table if found else "no such lines")


@trail.command()
def verify(
    head: Annotated[str, typer.Option(help="A head that was kept elsewhere: its seal must be in the trail.")] = "",
) -> None:
    """Prove every line by its seal; exits with 1 and names the first line that is not as it was."""

    async def work(book: AuditBook, parts: Base) -> Verified:
        with Bar(Console(stderr=True)) as bar:
            step = "verifying"
            return await book.verify(parts.settings.community, head=head, progress=lambda part: bar(step, part))

    found, screen = _with_trail(work), Console()
    if found.fault:
        screen.print(Text("WRONG  ", "bold red") + Text(f"{found.fault}; {found.lines} lines before it are good"))
        raise typer.Exit(1)
    fresh = f", {found.fresh} of the last minute are not sealed yet" if found.fresh else ""
    screen.print(f"{found.lines} lines are as they were written{fresh}", markup=False)
    screen.print(f"head {found.head}", markup=False, soft_wrap=True, highlight=False)


@trail.command()
def head() -> None:
    """Print the last seal, to be kept elsewhere: on paper, in a mail, in another system."""

    async def work(_book: AuditBook, parts: Base) -> Head:
        return await Sealer(parts.redis).head(parts.settings.community)

    Console().print(_with_trail(work).seal, markup=False, soft_wrap=True, highlight=False)


@trail.command()
def export(
    out: Annotated[Path, typer.Option(help="File to write.", show_default=False)],
    form: Annotated[Literal["jsonl", "csv"], typer.Option(help="JSON lines or CSV.")] = "jsonl",
) -> None:
    """Write all lines with their seals to a file, the oldest first."""
    if not out.parent.is_dir():
        raise XiaoerError(f"{out}: the folder {out.parent} is not there; make it, or name another file")

    async def work(book: AuditBook, parts: Base) -> int:
        with Bar(Console(stderr=True)) as bar:
            return await _written(book, parts.settings.community, out, form, bar)

    Console().print(f"{_with_trail(work)} lines in {out}", markup=False, soft_wrap=True)


async def _written(book: AuditBook, community: str, out: Path, form: str, bar: Bar) -> int:
    done, total = 0, await book.count(community)
    with out.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, Line._fields)
        if form == "csv":
            table.writeheader()
        async for page in book.lines(community):
            rows = [{**line._asdict(), "at": line.at.isoformat()} for line in page]
            if form == "csv":
                table.writerows(rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            done += len(page)
            bar("exporting", min(1.0, done / max(1, total)))
    return done


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(trail, name="audit")
