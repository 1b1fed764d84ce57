"""Commands that run the house: `run`, its parts as separate processes, the terminal chat, and `replay`."""

from __future__ import annotations

import asyncio
import getpass
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.adapters.terminal_chat import PLATFORM, TerminalChat
from bot.app import base, open_judge, open_readers, open_worker
from bot.batch import read_lines
from bot.cli.screen import Bar
from bot.config import Settings, settings
from bot.consumer import IN_FLIGHT
from bot.gateway import Gateway
from bot.house import ROLES, House, Role, fill_shelf, until_done
from bot.replay import Account, Replay
from bot.report import COLOURS, ScreenReport
from bot.telemetry import start_logging
from moderation.members import MemberBook, admin
from moderation.types import Message, Noun, Place


async def _open(given: Settings, *roles: Role) -> None:
    console = Console()
    start_logging(given.log_level, given.log_format)
    with Bar(console) as bar:
        async with base(given) as parts:
            await House(parts, ScreenReport(console, bar.stop), bar).run(*roles)
    console.print(Text("Xiaoer is closed.", "dim"))


def run() -> None:
    """Start everything: community page, console, worker and (without REDIS_URL) an embedded Redis."""
    asyncio.run(_open(settings(), *ROLES))


def gateway() -> None:
    """Run the chat platforms alone: hear members, perform effects."""
    asyncio.run(_open(settings(), "gateway"))


def worker() -> None:
    """Run a worker alone: judge, answer, carry out decisions. Start as many as you need."""
    asyncio.run(_open(settings(), "worker"))


def console() -> None:
    """Run the moderators' console alone."""
    asyncio.run(_open(settings(), "console"))


def chat(
    channel: Annotated[str, typer.Option(help="Channel to talk in.")] = "help",
    name: Annotated[str, typer.Option(help="Your name in the chat.")] = "",
) -> None:
    """Talk to Xiaoer in this terminal; /up, /down and /person rate its last answer, Ctrl-D ends it."""
    asyncio.run(_chat(settings(), channel, name or getpass.getuser()))


async def _chat(given: Settings, channel: str, name: str) -> None:
    screen = Console()
    start_logging("warning", given.log_format)
    with Bar(screen) as bar:
        async with base(given) as parts:
            judge = await asyncio.to_thread(open_judge, given)
            await fill_shelf(parts, ScreenReport(screen))
            readers = await open_readers(given, bar)
            await MemberBook(parts.redis).appoint(given.community, admin(PLATFORM, name))
            profile = judge.policy.profile(channel)
            place = Place(platform=PLATFORM, community=given.community, channel=channel, profile=profile)
            adapter = TerminalChat(parts.streams.put, parts.streams.vote, place, name, screen)
            how = "Ask something; /up, /down and /person rate the last answer; Ctrl-D ends."
            screen.print(Text(f"#{channel} as {name}. {how}", "dim"))
            work = await open_worker(parts, judge, readers, lambda _message, _outcome: None)
            try:
                await until_done(
                    adapter.run(), Gateway(parts.streams, adapter, lambda _effect: None).perform(), work.run()
                )
            finally:
                await readers.close()


class Expected(Noun):
    """A line of an expectations file: the fates that a message may fairly have."""

    id: str
    edit: int = 0
    expect: str | tuple[str, ...]


def replay(
    file: Annotated[Path, typer.Argument(help="JSON lines, each a message; see the sample's day.jsonl.")],
    speed: Annotated[
        float, typer.Option(min=0, help="1 keeps the recorded pauses, 60 is 60 times faster, 0 none.")
    ] = 0,
    expect: Annotated[Path | None, typer.Option(help="JSON lines of id, edit, expect: compare with them.")] = None,
    patience: Annotated[float, typer.Option(help="Seconds without news after which a message is lost.")] = 60,
) -> None:
    """Play recorded messages through the whole path, on a Redis of its own, and print what became of each."""
    accounts = asyncio.run(_replay(settings(), read_lines(file, Message), speed, patience))
    lost = _print(Console(), accounts, _expectations(expect))
    raise typer.Exit(1 if lost else 0)


def _expectations(path: Path | None) -> dict[tuple[str, int], tuple[str, ...]]:
    rows = read_lines(path, Expected) if path else []
    return {(row.id, row.edit): (row.expect,) if isinstance(row.expect, str) else row.expect for row in rows}


async def _replay(given: Settings, recording: list[Message], speed: float, patience: float) -> list[Account]:
    start_logging("warning", given.log_format)
    with tempfile.TemporaryDirectory(prefix="xiaoer-replay-") as data, Bar(Console(stderr=True)) as bar:
        own = given.model_copy(
            update={
                "redis_url": type(given.redis_url)(""),
                "data_dir": Path(data),
                "lm_queue": 2 * IN_FLIGHT,  # a day that is played in a minute asks more at once than any day does
            }
        )
        async with base(own) as parts:
            judge = await asyncio.to_thread(open_judge, own)
            await fill_shelf(parts, ScreenReport(Console(stderr=True)))
            readers = await open_readers(own, bar)
            adapter = Replay(parts.streams, own.community, recording, speed)
            work = await open_worker(parts, judge, readers, adapter.told)
            gateway = Gateway(parts.streams, adapter, lambda _effect: bar("replaying", adapter.done / len(recording)))
            result: list[Account] = []

            async def wait() -> None:
                await adapter.run()
                result.extend(await adapter.finished(patience))

            try:
                await until_done(wait(), gateway.perform(), work.run())
            finally:
                await readers.close()
            return result


def _print(screen: Console, accounts: list[Account], expected: dict[tuple[str, int], tuple[str, ...]]) -> int:
    """The table, what was not as expected, and the counts; returns how many messages were lost."""
    table = Table(box=None, pad_edge=False)
    table.add_column("time", no_wrap=True)
    table.add_column("channel", no_wrap=True)
    table.add_column("fate", no_wrap=True)
    for name in ("who", "what was said", "why"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=44)
    unfair: list[Text] = []
    for account in accounts:
        message, said = account.message, Text(account.message.text.replace("\n", " ⏎ "))
        fate = Text(account.fate, COLOURS.get(account.fate, "default"))
        where = Text(f"#{message.place.channel}")
        table.add_row(f"{message.sent_at:%H:%M}", where, fate, Text(message.author.name), said, Text(_why(account)))
        wanted = expected.get((message.id, message.edit), ())
        if wanted and account.fate not in wanted:
            unfair.append(Text(f"{message.id}: {account.fate}, not {' or '.join(wanted)}: ", "yellow") + said)
    screen.print(table)
    for line in unfair:
        screen.print(line, soft_wrap=True)
    counts = Counter(account.fate for account in accounts)
    told = ", ".join(f"{number} {fate}" for fate, number in counts.most_common())
    screen.print(f"\n{len(accounts)} messages: {told}")
    if expected:
        screen.print(f"{len(expected) - len(unfair)} of {len(expected)} as expected")
    return counts["lost"]


def _why(account: Account) -> str:
    outcome = account.outcome
    if outcome is None:
        return "nothing became of it"
    if outcome.reply:
        return outcome.reply.text if not outcome.reply.handoff else outcome.reply.why
    verdict = outcome.verdict
    return f"{verdict.clause} {verdict.score:.2f}" if verdict and verdict.clause else ""


def join(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, gateway, worker, console, chat, replay):
        app.command()(command)
