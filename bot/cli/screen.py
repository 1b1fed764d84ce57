"""What commands show on the terminal while they work."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bar(AbstractContextManager["Bar"]):
    """A progress bar for long work; it appears with the first step, and never when all is ready."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console)
        self._steps: dict[str, TaskID] = {}

    def __call__(self, step: str, fraction: float) -> None:
        """Show a step at this fraction of [0, 1]."""
        if not self._steps:
            self._progress.start()
        if step not in self._steps:
            self._steps[step] = self._progress.add_task(step, total=1.0)
        self._progress.update(self._steps[step], completed=fraction)

    def stop(self) -> None:
        """End the display, before its context does."""
        self._progress.stop()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
