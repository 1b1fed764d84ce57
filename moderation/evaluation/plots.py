"""Reliability plots: what share of the messages with a score is truly bad, one panel per clause.

Drawn without a display. Ink and colours are of middling lightness on no background, so that a page may be light or
dark; ids come from a fixed salt and no date is written, so that the same figures give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moderation.evaluation.calibration import Calibration, Tenth

ENOUGH = 30
"""Positives that a clause needs to be drawn."""
ACROSS = 4
PANEL = 2.6
"""Inches."""
INK, FAINT, BLUE = "#7b7b7b", "#a0a0a0", "#3f7fd0"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "xiaoer",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}
NAMES = {"zh": "Chinese", "en": "English"}


def draw_reliability(figures: Sequence[Calibration], out: Path) -> list[Path]:
    """Write `reliability-LANG.svg` into `out` for each language with a clause of enough rows; give their paths."""
    paths = []
    for lang, name in NAMES.items():
        mine = [one for one in figures if one.lang == lang and one.positives >= ENOUGH]
        if mine:
            title = f"{name}: is a score as often right as it says?"
            paths.append(saved(out / f"reliability-{lang}.svg", partial(reliability, title, mine)))
    return paths


def saved(path: Path, draw: Callable[[], Figure]) -> Path:
    """Write the figure that `draw` makes as SVG; give the path. Raises OSError."""
    with mpl.rc_context(STYLE):
        draw().savefig(path, format="svg", transparent=True, metadata={"Date": None})
    return path


def reliability(title: str, figures: Sequence[Calibration]) -> Figure:
    """One panel per clause."""
    across = min(ACROSS, len(figures))
    down = -(-len(figures) // across)
    page = Figure(figsize=(PANEL * max(across, 2), PANEL * down + 0.6), layout="constrained")
    page.suptitle(title, fontsize=11)
    for number, one in enumerate(figures, 1):
        panel(page.add_subplot(down, across, number), one)
    page.supxlabel("score")
    page.supylabel("share that is bad")
    return page


def panel(axes: Axes, one: Calibration) -> None:
    """A clause's scores against the truth."""
    against_truth(axes, one.tenths)
    axes.set_title(f"{one.clause}\nECE {one.ece:.3f}, {one.positives} bad of {one.rows}", fontsize=9)


def against_truth(axes: Axes, tenths: Sequence[Tenth]) -> None:
    """The diagonal of perfect scores, and each tenth's share with its interval; larger dots are more rows."""
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--")
    scores, shares = [part.score for part in tenths], [part.share for part in tenths]
    below = [part.share - part.low for part in tenths]
    above = [part.high - part.share for part in tenths]
    axes.errorbar(scores, shares, yerr=[below, above], color=BLUE, linewidth=1.2, elinewidth=0.8, capsize=2)
    axes.scatter(scores, shares, s=[12 + 90 * part.mass for part in tenths], color=BLUE)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
