"""What the operator sees: the addresses, and a line for everything that was decided. No texts, no names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.text import Text

from bot.outcome import Outcome
from bot.telemetry import ANSWER_SECONDS, EFFECTS, FIRST_TOKEN_SECONDS, JUDGE_SECONDS, MESSAGES, VERDICTS
from moderation.policy.comparison import mark
from moderation.types import Enforce, Message, Say

COLOURS = {"answered": "green", "enforced": "red", "escalated": "yellow", "settled": "magenta"}


class Report(Protocol):
    """Hears what happens in the house."""

    def address(self, name: str, url: str, note: str = "") -> None: ...

    def ready(self) -> None: ...

    def fault(self, line: str) -> None: ...

    def told(self, message: Message, outcome: Outcome) -> None: ...

    def performed(self, effect: Say | Enforce) -> None: ...


class ScreenReport:
    """Prints to the terminal and counts for /metrics."""

    def __init__(self, console: Console, opening: Callable[[], None] = lambda: None) -> None:
        self._console = console
        self._opening = opening  # called when the house is ready, before that is told: it ends the progress bar
        self._addresses: list[tuple[str, str, str]] = []

    def address(self, name: str, url: str, note: str = "") -> None:
        """Keep an address for the banner."""
        self._addresses.append((name, url, note))

    def ready(self) -> None:
        """Print the addresses: the house is open."""
        self._opening()
        self._console.print()
        for name, url, note in self._addresses:
            self._console.print(Text(f"  {name:<20}", "bold") + Text(url, "cyan"), soft_wrap=True)
            if note:
                self._console.print(Text(f"  {'':<20}{note}", "dim"), soft_wrap=True)
        self._console.print(Text("\n  Ready. Ctrl-C closes the house.\n"))

    def fault(self, line: str) -> None:
        """Print something that is wrong and that the house can live with."""
        self._console.print(Text(line, "yellow"), soft_wrap=True)

    def told(self, message: Message, outcome: Outcome) -> None:
        """A line per decision, and its metrics."""
        MESSAGES.labels(outcome.fate).inc()
        if verdict := outcome.verdict:
            VERDICTS.labels(str(verdict.ruling), verdict.clause or "").inc()
            JUDGE_SECONDS.observe(verdict.took_ms / 1000)
        if outcome.reply:
            ANSWER_SECONDS.observe(outcome.reply.took_ms / 1000)
            if outcome.reply.first_ms is not None:
                FIRST_TOKEN_SECONDS.observe(outcome.reply.first_ms / 1000)
        self._console.print(line(message, outcome), soft_wrap=True)

    def performed(self, effect: Say | Enforce) -> None:
        """Count an effect."""
        EFFECTS.labels(effect.place.platform, effect.effect).inc()


def line(message: Message, outcome: Outcome) -> Text:
    """When, where, which message, what became of it and why; nothing that was said and nobody's name."""
    text = Text(f"{datetime.now():%H:%M:%S}  #{message.place.channel:<14}{message.id[:8]:<10}", "dim")  # noqa: DTZ005 - the operator's clock
    text.append(f"{outcome.fate:<10}", COLOURS.get(outcome.fate, "default"))
    return text.append(" ".join(_why(outcome)), "dim")


def _why(outcome: Outcome) -> list[str]:
    why = []
    verdict, case, reply = outcome.verdict, outcome.case, outcome.reply
    if verdict and verdict.clause:
        why.append(f"{verdict.clause} {verdict.score:.2f}")
    if verdict and verdict.shadow:
        why.append(f"(in shadow: {verdict.shadow})")
    if verdict and outcome.shadow and mark(outcome.shadow) != mark(verdict):
        why.append(f"(policy in shadow: {mark(outcome.shadow)})")
    if reply:
        first = "" if reply.first_ms is None else f", first token {reply.first_ms:.0f} ms"
        why.append(f"{reply.why or 'sure'} {reply.confidence:.2f}, {reply.took_ms:.0f} ms{first}")
    if case and case.decision:
        why.append(f"{case.decision.action} by {'policy' if case.decision.by == 'policy' else 'a moderator'}")
    if case:
        why.append(f"case {case.id}")
    return why
