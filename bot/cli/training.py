"""`train` and `evaluate`: the shipped weights, made again from the data, and the figures of the model cards.

Torch and scikit-learn take seconds to load, so each command imports what it needs when it runs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from bot.app import open_policy, open_readers
from bot.cli.screen import Bar
from bot.config import settings
from moderation.evaluation.tables import Table
from moderation.judging.classifier import load_classifier

if TYPE_CHECKING:
    from bot.evaluation.report import Report

train = typer.Typer(no_args_is_help=True, help="Make the shipped weights again.")
evaluate = typer.Typer(no_args_is_help=True, help="Print the figures of the model cards.")
Data = Annotated[Path, typer.Option(help="Folder of the training and dev sets.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Option(help="File to write.", show_default=False)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same weights.")]
INTERVAL = re.compile(r" \([-+\d. to]+\)")
"""What stands behind a share, a difference or a ratio: `(0.61-0.97)`, `(-0.7 to +0.4)`."""


@train.command("judge")
def train_judge_(data: Data, out: Out, seed: Seed = 0) -> None:
    """Train the judge's classifier (minutes on a laptop)."""
    from moderation.training.train import train_judge

    with Bar(Console(stderr=True)) as bar:
        train_judge(data, out, seed, bar)


@train.command("answer")
def train_answer_(
    data: Data,
    out: Out,
    seed: Seed = 7,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes; none makes one pass.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    resume: Annotated[Path | None, typer.Option(help="An earlier adapter to go on from.", exists=True)] = None,
) -> None:
    """Train the language model's adapter (an hour on a laptop, minutes on a GPU) and print its sha256, to be pinned."""
    from bot.lm.train import train_answer

    cache = settings().cache_dir.expanduser()
    with Bar(Console(stderr=True)) as bar:
        told = train_answer(
            data, out, cache=cache, minutes=minutes, seed=seed, device=device, begin=resume, progress=bar
        )
    Console().print(told, markup=False)


@train.command("witness")
def train_witness_(
    data: Data,
    out: Out,
    minutes: Annotated[float, typer.Option(help="Stop after so many minutes.")] = 60,
    seed: Seed = 7,
    resume: Annotated[Path | None, typer.Option(help="What was learned earlier, to go on from.", exists=True)] = None,
    frozen: Annotated[int, typer.Option(help="Blocks that stay as they are: fewer are taught faster.", min=0)] = 0,
) -> None:
    """Teach the second reader (an hour or more on a laptop) and print the sha256 of its weights, to be pinned."""
    from bot.witness.teach import train_witness

    with Bar(Console(stderr=True)) as bar:
        told = train_witness(data, out, minutes=minutes, seed=seed, begin=resume, frozen=frozen, progress=bar)
    Console().print(told, markup=False)


@train.command("confidence")
def train_confidence_(
    report: Annotated[Path, typer.Option(help="report.json of `xiaoer evaluate answer --out`.", exists=True)],
    out: Annotated[
        Path, typer.Option(help="File to write, such as bot/answering/confidence.json.", show_default=False)
    ],
    seed: Annotated[int, typer.Option(help="That of the evaluation: the same half of the contexts is used.")] = 0,
) -> None:
    """Fit how sure an answer is to half the contexts of a report's own houses; a --house is never fitted to."""
    from bot.evaluation.fitting import fit, readings, write
    from bot.evaluation.report import read

    write(fit(readings(read(report), seed)), out)


@evaluate.command("judge")
def evaluate_judge_(
    data: Data,
    out: Annotated[Path | None, typer.Option(help="Folder for report.md, report.json and the plots.")] = None,
    also: Annotated[list[Path] | None, typer.Option(help="A further JSONL file: text, lang, clauses, kind.")] = None,
    sample: Annotated[int, typer.Option(help="Messages per language that are disguised.", min=10)] = 600,
    seed: Annotated[int, typer.Option(help="The same seed draws the same messages.")] = 0,
) -> None:
    """What the judge finds and what it flags wrongly, calibration, evasion, gaps between groups, speed (minutes).

    Without --out the tables are printed, without those by source and without intervals.
    """
    from moderation.evaluation.publish import write_report
    from moderation.evaluation.report import evaluate_judge

    policy, classifier = open_policy(settings()), load_classifier()
    with Bar(Console(stderr=True)) as bar:
        report = evaluate_judge(data, policy, classifier, progress=bar, also=also or (), sample=sample, seed=seed)
    tell(report, out, lambda folder: write_report(report, folder))


def grid(table: Table) -> Grid:
    """A table for the terminal, its note below, without the intervals: they are in the report."""
    shown = Grid(title=table.title, caption=escape(table.note), box=SIMPLE_HEAD, title_justify="left")
    shown.caption_justify = "left"
    for column in table.columns:
        shown.add_column(column, overflow="fold")
    for row in table.rows:
        shown.add_row(*(escape(INTERVAL.sub("", cell)) for cell in row))
    return shown


@evaluate.command("answer")
def evaluate_answer_(
    data: Data,
    out: Annotated[Path | None, typer.Option(help="Folder for report.md, report.json and the plots.")] = None,
    house: Annotated[
        list[Path] | None,
        typer.Option(help="A further folder with knowledge/ and questions.jsonl.", exists=True, file_okay=False),
    ] = None,
    sample: Annotated[
        int, typer.Option(help="Answerable questions per language, and half as many that nothing answers.", min=2)
    ] = 300,
    risk: Annotated[float, typer.Option(help="Share of answers that may be wrong.", min=0.001, max=0.999)] = 0.05,
    sure: Annotated[float, typer.Option(help="How certain that shall be.", min=0.5, max=0.999)] = 0.9,
    seed: Annotated[int, typer.Option(help="The same seed draws the same questions.")] = 0,
    talks: Annotated[
        bool, typer.Option("--talks", help="Ask each once more, after an exchange about something else.")
    ] = False,
) -> None:
    """Ask questions by the whole answer path: what is answered, found, right, how sure, and which threshold keeps the
    risk (an hour; --sample 20 takes minutes).

    The model and ANSWER_CONFIDENCE are those of the settings. Without --out the tables are printed, without those by
    kind and without intervals.
    """
    from bot.evaluation.houses import from_folder, from_set, from_shops
    from bot.evaluation.plots import draw
    from bot.evaluation.report import evaluate_answer
    from moderation.evaluation.publish import write

    houses = [from_set(data, sample=sample, seed=seed), from_shops(sample=sample, seed=seed)]
    houses += [from_folder(folder, sample=sample, seed=seed) for folder in house or ()]

    async def measured(bar: Bar) -> Report:
        readers = await open_readers(settings(), bar)
        try:
            return await evaluate_answer(
                houses,
                readers,
                threshold=settings().answer_confidence,
                today=datetime.now(UTC).date(),
                risk=risk,
                sure=sure,
                seed=seed,
                progress=bar,
                talks=talks,
            )
        finally:
            await readers.close()

    with Bar(Console(stderr=True)) as bar:
        report = asyncio.run(measured(bar))
    tell(report, out, lambda folder: write(report, folder, lambda plots: draw(report.confidence, plots)))


class Told(Protocol):
    """A report that a terminal can show."""

    @property
    def headline(self) -> str: ...

    def tables(self) -> Iterable[Table]: ...


def tell(report: Told, out: Path | None, write: Callable[[Path], list[Path]]) -> None:
    """Name the files that `write` makes in the folder `out`; without one print the short tables."""
    console = Console()
    if out:
        for path in write(out):
            console.print(str(path), markup=False, soft_wrap=True)
        return
    console.print(report.headline, markup=False)
    for table in report.tables():
        if not table.detail:
            console.print(grid(table))
    console.print("--out DIR writes all of it, in detail too and with intervals and plots.", markup=False)


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(train, name="train")
    app.add_typer(evaluate, name="evaluate")
