"""`train` and `evaluate`: the shipped weights, made again from the data, and the figures of the model cards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.app import open_policy
from bot.cli.screen import Bar
from bot.config import settings
from bot.lm.evaluate import evaluate_answer
from bot.lm.train import train_answer
from moderation.classifier import load_classifier
from moderation.evaluate import evaluate_judge
from moderation.train import train_judge

train = typer.Typer(no_args_is_help=True, help="Make the shipped weights again.")
evaluate = typer.Typer(no_args_is_help=True, help="Print the figures of the model cards.")
Data = Annotated[Path, typer.Option(help="Folder of the training and dev sets.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Option(help="File to write.", show_default=False)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same weights.")]


@train.command("judge")
def train_judge_(data: Data, out: Out, seed: Seed = 7) -> None:
    """Train the judge's classifier (minutes on a laptop)."""
    with Bar(Console(stderr=True)) as bar:
        train_judge(data, out, seed, bar)


@train.command("answer")
def train_answer_(
    data: Data,
    out: Out,
    seed: Seed = 7,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes; none makes one pass.")] = None,
) -> None:
    """Train the language model's adapter (an hour on a laptop, minutes on a GPU)."""
    given = settings()
    with Bar(Console(stderr=True)) as bar:
        train_answer(data, out, cache=given.cache_dir.expanduser(), minutes=minutes, seed=seed, progress=bar)


@evaluate.command("judge")
def evaluate_judge_(data: Data) -> None:
    """Precision, recall and F1 per clause and language, and how often harmless talk is flagged."""
    report = evaluate_judge(data, open_policy(settings()), load_classifier())
    Console().print(report.markdown(), markup=False, soft_wrap=True)


@evaluate.command("answer")
def evaluate_answer_(data: Data, sample: Annotated[int, typer.Option(help="Questions per set.")] = 100) -> None:
    """F1 of answers and the share of rightly refused questions, per set."""
    given = settings()
    with Bar(Console(stderr=True)) as bar:
        report = evaluate_answer(data, cache=given.cache_dir.expanduser(), sample=sample, progress=bar)
    Console().print(report, markup=False, soft_wrap=True)


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(train, name="train")
    app.add_typer(evaluate, name="evaluate")
