"""How the comparison of two policies is printed: for a backtest and for a policy in shadow."""

from __future__ import annotations

import unicodedata

from rich.console import Console
from rich.table import Table
from rich.text import Text

from moderation.policy.comparison import Agreement, Example, Report

WIDTH = 90
"""Characters of an example's text that are shown."""


def tell(screen: Console, report: Report, examples: int) -> None:
    """Counts, what would be ruled otherwise with examples, the work for people, and whom moderators agree with."""
    when = ""
    if report.since and report.until:
        when = f", {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    changed = report.messages - report.unchanged
    screen.print(
        Text(f"{report.messages} messages{when}: {report.unchanged} unchanged, {changed} ruled otherwise"),
        soft_wrap=True,
    )
    _tell_transitions(screen, report, examples)
    _tell_sides(screen, report)


def _tell_transitions(screen: Console, report: Report, examples: int) -> None:
    for found in report.transitions:
        line = Text(f"\n{found.count:>6}  ", "bold") + Text(found.old, "dim") + Text(" -> ") + Text(found.new, "bold")
        screen.print(line, soft_wrap=True)
        for shown in found.examples[:examples]:
            screen.print(Text(f"        {_where(shown)}  ", "dim") + Text(one_line(shown.text)), soft_wrap=True)


def _where(shown: Example) -> str:
    return f"{shown.at:%m-%d %H:%M} #{one_line(shown.channel, 20)} {shown.trust}"


def _tell_sides(screen: Console, report: Report) -> None:
    table = Table("", "cases for people", "acts by itself", box=None, pad_edge=False)
    sides = {"before": report.old, "after": report.new}
    for name, side in sides.items():
        table.add_row(Text(f"{name}  {side.policy}"), _load(side.reviews, report.days), _load(side.acts, report.days))
    screen.print()
    screen.print(table)
    decided = report.old.agreement
    if not decided.breaches + decided.harmless:
        screen.print(Text("\nNo moderator has decided about any of these messages.", "dim"))
        return
    screen.print(
        f"\nModerators decided about {decided.breaches + decided.harmless} of them: {decided.breaches} breaches, "
        f"{decided.harmless} harmless. They see what the policy of that time flagged, so its own recall is flattered."
    )
    table = Table("", "precision", "recall", "precision of acts", box=None, pad_edge=False)
    for name, side in sides.items():
        table.add_row(name, *_agreement(side.agreement))
    screen.print(table)


def _load(number: int, days: float | None) -> str:
    return f"{number}" if days is None else f"{number} ({number / days:.1f} a day)"


def _agreement(found: Agreement) -> tuple[str, str, str]:
    flagged, acted = found.flagged_breaches + found.flagged_harmless, found.acted_breaches + found.acted_harmless
    return (
        _share(found.precision, found.flagged_breaches, flagged),
        _share(found.recall, found.flagged_breaches, found.breaches),
        _share(found.act_precision, found.acted_breaches, acted),
    )


def _share(share: float | None, part: int, whole: int) -> str:
    return "-" if share is None else f"{share:.0%} ({part} of {whole})"


def one_line(text: str, width: int = WIDTH) -> str:
    """A member's text as one bounded line, in which nothing can steer the terminal or turn its direction."""
    flat = " ".join(text.split())
    shown = "".join(letter if unicodedata.category(letter)[0] != "C" else _escaped(letter) for letter in flat)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
