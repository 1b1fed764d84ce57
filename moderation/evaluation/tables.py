"""Tables of the report, before they become Markdown or fill a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Table(NamedTuple):
    """A titled table with a note on what was measured. `detail` leaves it out of a terminal's short view."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    detail: bool = False

    def markdown(self) -> str:
        """A heading, the note and a Markdown table."""
        head = [f"## {self.title}", "", self.note, "", row(self.columns), row(["---"] * len(self.columns))]
        return "\n".join([*head, *map(row, self.rows)]) + "\n"


def row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
