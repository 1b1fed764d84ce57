"""Commands of the operator's desk: `doctor`, `login` and `dead-letters`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import base, console_url
from bot.config import settings
from bot.console.login import Logins, operator
from bot.doctor import examine
from bot.stream import DeadLetter, Streams
from bot.telemetry import start_logging

letters = typer.Typer(no_args_is_help=True, help="Entries that failed five times and were put aside.")


def doctor() -> None:
    """Check settings, Redis, model, policy, knowledge, ports, rights, chats and clocks, and tell each mend."""
    start_logging("error", "text")
    screen, wrong = Console(), 0
    for finding in asyncio.run(examine()):
        wrong += not finding.good
        mark = Text("ok   ", "green") if finding.good else Text("WRONG", "bold red")
        screen.print(mark + Text(f"  {finding.what:<12}", "bold") + Text(finding.told), soft_wrap=True)
    screen.print(Text("all is well" if not wrong else f"{wrong} to mend", "green" if not wrong else "red"))
    raise typer.Exit(1 if wrong else 0)


def login() -> None:
    """Print a fresh login link to the moderators' console; it works once, within 15 minutes."""

    async def issue() -> str:
        async with base(given := settings()) as parts:
            return await Logins(parts.redis).issue_link(console_url(given), operator(given.community))

    Console().print(asyncio.run(issue()), soft_wrap=True, markup=False)


@letters.command("list")
def list_() -> None:
    """List what was put aside, with the fault. Texts are not shown: they are members' words."""
    table = Table("id", "since", "stream", "channel", "fault", box=None, pad_edge=False)
    found = asyncio.run(_letters())
    for letter in found:
        since = datetime.fromtimestamp(int(letter.id.partition("-")[0]) / 1000, UTC)
        table.add_row(letter.id, f"{since:%Y-%m-%d %H:%M}", letter.stream, letter.order, letter.error)
    screen = Console()
    screen.print(table if found else "no dead letters")


async def _letters() -> list[DeadLetter]:
    async with base(given := settings()) as parts:
        return await parts.streams.dead_letters(given.community)


@letters.command()
def replay(
    id: Annotated[str, typer.Argument(help="The letter's id as listed, or `all`.")],
) -> None:
    """Put a dead letter back on its stream, to be tried again."""
    Console().print(f"{asyncio.run(_revive(id))} put back")


async def _revive(id: str) -> int:
    async with base(given := settings()) as parts:
        streams: Streams = parts.streams
        ids = [letter.id for letter in await streams.dead_letters(given.community)] if id == "all" else [id]
        for one in ids:
            await streams.revive(given.community, one)
        return len(ids)


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(doctor)
    app.command()(login)
    app.add_typer(letters, name="dead-letters")
