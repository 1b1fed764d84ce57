"""The figures of `quality` as CSV, one text for each table, for spreadsheets.

A person is named as the team calls them; no word of a member is in any table. Texts that a spreadsheet would take for a
formula begin with an apostrophe, as OWASP advises ("CSV injection"); numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple, get_type_hints

from moderation.cases.agreement import Agreement, Kappa
from moderation.cases.drafted import Drafted
from moderation.cases.quality import Overturned, Quality, Times
from moderation.cases.shifts import Shift, forecast
from moderation.cases.workload import Day, Hour, Person, Waiting
from moderation.evaluation.rates import Rate

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a text begins that a spreadsheet would carry out, also in the full width of Chinese signs."""
_PARTS: dict[object, tuple[str, ...]] = {Rate: ("hits", "rows", "share", "low", "high"), Kappa: Kappa._fields}
"""The columns that a figure of several numbers fills."""


class Table(NamedTuple):
    """Rows of one kind under the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def to_csv(quality: Quality) -> dict[str, str]:
    """Each table as CSV text, with a heading, by its name: `agreement`, `times`, and so on."""
    return {name: _written(table) for name, table in tables(quality).items()}


def tables(quality: Quality) -> dict[str, Table]:
    """The tables by their names. Seconds are seconds, shares lie in [0, 1], and what is not known is None."""
    return {
        "agreement": _table(Agreement, quality.agreements),
        "times": _table(Times, quality.times),
        "overturned": _table(Overturned, (*quality.overturned, *quality.deciders)),
        "people": _table(Person, quality.people),
        "days": _table(Day, quality.days),
        "hours": _table(Hour, quality.hours),
        "backlog": _table(Waiting, quality.backlog),
        "shifts": _table(Shift, forecast(quality)),
        "drafts": _table(Drafted, quality.drafted),
    }


def _table(kind: type[Any], rows: Iterable[tuple[object, ...]]) -> Table:
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name != "by"}
    columns = [column for name, hint in hints.items() for column in _columns(name, hint)]
    return Table(tuple(columns), tuple(tuple(_cells(hints, row)) for row in rows))


def _columns(name: str, hint: object) -> list[str]:
    return [f"{name}_{part}" if part else name for part in _PARTS.get(hint, ("",))]


def _cells(hints: dict[str, object], row: tuple[object, ...]) -> Iterator[object]:
    for name, hint in hints.items():
        value = getattr(row, name)
        yield from (getattr(value, part) if part else value for part in _PARTS.get(hint, ("",)))


def _written(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.columns)
    writer.writerows([_safe(cell) for cell in row] for row in table.rows)
    return out.getvalue()


def _safe(cell: object) -> object:
    if isinstance(cell, float):
        return round(cell, 4)
    if isinstance(cell, date):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
