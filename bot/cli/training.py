"""`train` and `evaluate`: the shipped weights, made again from the data, and the figures of the model cards.

Torch and scikit-learn take seconds to load, so each command imports what it needs when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.app import open_policy
from bot.cli.screen import Bar
from bot.config import settings
from moderation.classifier import load_classifier

train = typer.Typer(no_args_is_help=True, help="Make the shipped weights again.")
evaluate = typer.Typer(no_args_is_help=True, help="Print the figures of the model cards.")
Data = Annotated[Path, typer.Option(help="Folder of the training and dev sets.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Option(help="File to write.", show_default=False)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same weights.")]


@train.command("judge")
def train_judge_(data: Data, out: Out, seed: Seed = 0) -> None:
    """Train the judge's classifier (minutes on a laptop)."""
    from moderation.train import train_judge

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


@evaluate.command("judge")
def evaluate_judge_(data: Data) -> None:
    """Precision, recall and F1 per clause and language, and how often harmless talk is flagged."""
    from moderation.evaluate import evaluate_judge

    report = evaluate_judge(data, open_policy(settings()), load_classifier())
    Console().print(report.markdown(), markup=False, soft_wrap=True)


@evaluate.command("answer")
def evaluate_answer_(data: Data, each: Annotated[int, typer.Option(help="Questions per set.")] = 100) -> None:
    """F1 of answers and the share of rightly refused questions, per set."""
    from bot.lm.evaluate import evaluate_answer

    with Bar(Console(stderr=True)) as bar:
        told = evaluate_answer(data, cache=settings().cache_dir.expanduser(), sample=each, progress=bar)
    Console().print(told, markup=False, soft_wrap=True)


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(train, name="train")
    app.add_typer(evaluate, name="evaluate")
