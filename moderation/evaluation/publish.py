"""The report as files: Markdown for people, JSON for programs, plots for both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from moderation.errors import XiaoerError
from moderation.evaluation.plots import draw_reliability
from moderation.evaluation.report import Report


class ReportError(XiaoerError):
    """The report cannot be written: where, why and the mend."""


class Page(Protocol):
    """A report with its figures."""

    def markdown(self) -> str: ...

    def model_dump_json(self, *, indent: int) -> str: ...


def write_report(report: Report, out: Path) -> list[Path]:
    """Write the judge's report into the folder `out`; give the paths. Raises ReportError."""
    return write(report, out, lambda folder: draw_reliability(report.calibration, folder))


def write(report: Page, out: Path, draw: Callable[[Path], list[Path]]) -> list[Path]:
    """Write report.md, report.json and what `draw` draws into the folder `out`; give the paths. Raises ReportError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        plots = draw(out)
        pictures = "\n".join(f"![{path.stem}]({path.name})\n" for path in plots)
        words, figures = out / "report.md", out / "report.json"
        words.write_text(f"{report.markdown()}\n## Reliability\n\n{pictures}", encoding="utf-8")
        figures.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{out}: cannot be written ({error.strerror}); give a folder that can be") from error
    return [words, figures, *plots]
