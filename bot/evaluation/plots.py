"""Two plots of the answers' confidence, each a panel per group: can it be believed, what does a threshold buy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bot.evaluation.figures import Confidence
from moderation.evaluation.plots import ACROSS, BLUE, FAINT, PANEL, against_truth, saved


def draw(figures: Sequence[Confidence], out: Path) -> list[Path]:
    """Write both plots as SVG into the folder `out`; give their paths, none without figures. Raises OSError."""
    if not figures:
        return []
    sure = ("Is an answer as often right as its confidence says?", "confidence", "share that is right")
    bought = ("What each threshold buys", "share of all questions that is answered", "share of answers that is wrong")
    return [
        saved(out / "reliability.svg", partial(_page, figures, reliability, *sure)),
        saved(out / "risk-coverage.svg", partial(_page, figures, risk_coverage, *bought)),
    ]


def _page(
    figures: Sequence[Confidence], panel: Callable[[Axes, Confidence], None], title: str, across: str, up: str
) -> Figure:
    columns = min(ACROSS, len(figures))
    rows = -(-len(figures) // columns)
    page = Figure(figsize=(PANEL * max(columns, 2), PANEL * rows + 0.6), layout="constrained")
    page.suptitle(title, fontsize=11)
    for number, one in enumerate(figures, 1):
        axes = page.add_subplot(rows, columns, number)
        panel(axes, one)
        axes.spines[["top", "right"]].set_visible(False)
    page.supxlabel(across)
    page.supylabel(up)
    return page


def reliability(axes: Axes, one: Confidence) -> None:
    """The share of right drafts in each tenth of confidence."""
    against_truth(axes, one.tenths)
    axes.set_title(f"{one.group.house}, {one.group.lang}\nECE {one.ece:.3f}, {one.drafts} drafts", fontsize=9)


def risk_coverage(axes: Axes, one: Confidence) -> None:
    """From the strictest threshold on the left to none on the right; a dashed line at one answer in twenty wrong."""
    axes.plot([point.answered for point in one.curve], [point.wrong for point in one.curve], color=BLUE, linewidth=1.2)
    axes.axhline(0.05, color=FAINT, linewidth=1, linestyle="--")
    axes.set_title(f"{one.group.house}, {one.group.lang}", fontsize=9)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(bottom=0)
