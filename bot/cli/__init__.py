"""The command line: `xiaoer --help` explains itself.

Commands are thin: they read arguments, call a room and print. `main` turns an operator's fault into one line.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.text import Text

from bot.cli import audit, community, desk, policy_trial, processes, quality, trail, training, undoing
from bot.stream import OUTAGE
from moderation.errors import XiaoerError

app = typer.Typer(
    name="xiaoer",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Xiaoer (小二): answers sellers' questions, stops what breaks the rules, and hands the rest to a person.\n\n"
    "Start with [bold]xiaoer run[/bold]. Settings: .env.example.",
)
for room in (processes, audit, community, policy_trial, desk, quality, trail, training):
    room.join(app)
undoing.join(quality.desk)


def main() -> None:
    """The `xiaoer` command. Exits with 2 for what the operator can mend, 130 for Ctrl-C."""
    try:
        app()
    except XiaoerError as fault:
        _complain(str(fault))
    except OUTAGE as fault:
        _complain(f"Redis is away ({type(fault).__name__}); start it again and repeat the command")
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(lines: str) -> None:
    console = Console(stderr=True)
    for line in lines.splitlines():
        console.print(Text("xiaoer: ", "bold red") + Text(line), soft_wrap=True)
    sys.exit(2)
