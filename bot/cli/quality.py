"""`xiaoer desk quality`: how well cases are reviewed, on the screen and as CSV files."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import base
from bot.config import settings, terminal_language
from bot.policies import named
from bot.words import Words, about, preferred, words
from moderation.cases.agreement import Kappa
from moderation.cases.quality import Quality, figures, gathered
from moderation.cases.quality_csv import to_csv
from moderation.cases.shifts import forecast
from moderation.errors import XiaoerError
from moderation.policy.book import PolicyBook

DAYS, HOURS = 7, 24

desk = typer.Typer(no_args_is_help=True, help="The moderators' desk: how well it works.")


@desk.command()
def quality(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days back.")] = 30,
    out: Annotated[
        Path | None, typer.Option(help="Folder for one CSV file for each table; it is made if needed.")
    ] = None,
) -> None:
    """Show agreement of second looks, times, what was taken back, who does how much, and the shifts needed."""
    found = asyncio.run(_figures(days))
    tell(Console(), found, words(preferred(terminal_language())))
    if out:
        for path in write(found, out):
            Console().print(str(path), markup=False, soft_wrap=True)


async def _figures(days: int) -> Quality:
    until = datetime.now(UTC)
    since = until - timedelta(days=days)
    async with base(settings()) as parts:
        policy = (await named(PolicyBook(parts.redis), parts.settings, "live")).policy
        cases = await gathered(parts.cases, parts.settings.community, since, until)
    return figures(cases, since=since, until=until, zone=policy.review.local)


def write(found: Quality, folder: Path) -> list[Path]:
    """Write the CSV files, which spreadsheets read as UTF-8 by their mark. Raises XiaoerError for a bad folder."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in to_csv(found).items():
            path = folder / f"{name}.csv"
            path.write_text(text, "utf-8-sig", newline="")
            written.append(path)
    except OSError as fault:
        raise XiaoerError(f"--out {folder}: cannot be written ({fault.strerror}); name another folder") from fault
    return written


def tell(screen: Console, found: Quality, say: Words) -> None:
    """Show the figures. Nothing that a person wrote is taken for markup."""
    shown = f"{found.since:%Y-%m-%d} – {found.until:%Y-%m-%d}"
    screen.print(Text(say("quality.title", days=shown, zone=found.zone), "bold"))
    shown_as = {
        "agreement": _agreement,
        "times": _times,
        "overturned": _overturned,
        "people": _people,
        "backlog": _backlog,
        "shifts": _shifts,
        "drafts": _drafts,
    }
    for name, table in shown_as.items():
        screen.print(Text(f"\n{say(f'quality.{name}')}", "bold"))
        screen.print(table(found, say))


def _agreement(found: Quality, say: Words) -> Table:
    table = _table(say, "topic", "cases", "looks", "same_side", "kappa_side", "same_action", "kappa_action")
    for one in found.agreements:
        sides = one.same_side.percent(), _kappa(one.kappa_side)
        actions = one.same_action.percent(), _kappa(one.kappa_action)
        _row(table, _topic(one.clause, say), one.cases, one.looks, *sides, *actions)
    return table


def _times(found: Quality, say: Words) -> Table:
    names = ("topic", "cases", "response_median", "response_p90", "decision_median", "decision_p90", "in_time")
    table = _table(say, *names)
    for one in found.times:
        lengths = (one.response_median_s, one.response_p90_s, one.decision_median_s, one.decision_p90_s)
        told = [about(part, say.lang) for part in lengths]
        _row(table, _topic(one.topic, say), one.cases, *told, one.in_time.percent())
    return table


def _overturned(found: Quality, say: Words) -> Table:
    table = _table(say, "topic", "enforced", "reversed", "share")
    for one in (*found.overturned, *found.deciders):
        name = say("case.by_policy") if one.by == "policy" else one.name or _topic(one.clause, say)
        _row(table, name, one.reversed.rows, one.reversed.hits, one.reversed.percent())
    return table


def _people(found: Quality, say: Words) -> Table:
    table = _table(say, "name", "decided", "held", "second_looks")
    for one in found.people:
        held = "–" if one.held_s is None else about(one.held_s, say.lang)
        _row(table, one.name, one.decided, held, one.second_looks)
    return table


def _backlog(found: Quality, say: Words) -> Table:
    table = _table(say, "from", "cases", "late")
    for one in found.backlog:
        _row(table, about(one.from_s, say.lang), one.cases, one.late)
    return table


def _shifts(found: Quality, say: Words) -> Table:
    """People needed, a line for each day of the week; a dot where nobody is."""
    table = Table("", *(str(hour) for hour in range(HOURS)), box=None, pad_edge=False)
    needed = {(one.weekday, one.hour): one.people_high for one in forecast(found)}
    for day in range(DAYS):
        cells = (str(needed.get((day, hour), 0) or "·") for hour in range(HOURS))
        table.add_row(say(f"quality.day_{day}"), *cells)
    return table


def _drafts(found: Quality, say: Words) -> Table:
    table = _table(say, "from_confidence", "answered", "sent", "share", "dismissed")
    for one in found.drafted:
        _row(table, f"{one.confidence:.2f}", one.sent.rows, one.sent.hits, one.sent.percent(), one.dismissed)
    return table


def _table(say: Words, *columns: str) -> Table:
    return Table(*(say(f"quality.{column}") for column in columns), box=None, pad_edge=False)


def _row(table: Table, *cells: object) -> None:
    table.add_row(*(Text(str(cell)) for cell in cells))


def _topic(topic: str, say: Words) -> str:
    return say.under("topic").get(topic or "all", topic)


def _kappa(kappa: Kappa) -> str:
    if kappa.value is None:
        return "–"
    return f"{kappa.value:.2f} ({kappa.low:.2f} – {kappa.high:.2f})"


def join(app: typer.Typer) -> None:
    """Add the group `desk`."""
    app.add_typer(desk, name="desk")
