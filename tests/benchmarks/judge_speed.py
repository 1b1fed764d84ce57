"""The judge's speed beside its neighbours', on the same texts, in one run, on one core.

    python -m tests.benchmarks.judge_speed --data DATA [--messages 1000]

The neighbours: alt-profanity-check (a linear model over words, English only, one score) and an encoder of BERT's size
with 6 layers (DistilBERT's depth), randomly initialised, since only its speed is asked for: float32, at most 64
tokens, batches of 32, its tokenising not counted. Texts are drawn from all dev sources.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from profanity_check import predict_prob
from threadpoolctl import threadpool_limits
from transformers import BertConfig, BertModel

from moderation.evaluation.judged import BATCH, message_of
from moderation.evaluation.speed import measured_speed
from moderation.judging.classifier import Classifier, load_classifier
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.training.corpus import corpus

TOKENS, ENCODER_BATCH = 64, 32
ALONE = 256
"""Texts that the neighbours read one by one, at most."""


class Pace(NamedTuple):
    """Messages a second in batches, and the median milliseconds of one alone."""

    name: str
    per_second: float
    median_ms: float


def paced(name: str, texts: Sequence[str], batch: int, run: Callable[[Sequence[str]], object]) -> Pace:
    """Run over all texts in batches, then over some of them one by one."""
    run(texts[:batch])
    began = time.perf_counter()
    for at in range(0, len(texts), batch):
        run(texts[at : at + batch])
    whole = time.perf_counter() - began
    alone = []
    for text in texts[:ALONE]:
        began = time.perf_counter()
        run([text])
        alone.append((time.perf_counter() - began) * 1000)
    return Pace(name, len(texts) / whole, median(alone))


def encoder() -> Callable[[Sequence[str]], object]:
    """A 6-layer BERT over as many tokens as a text has: one per Chinese character, one per four other letters."""
    torch.manual_seed(0)
    model = BertModel(BertConfig(num_hidden_layers=6)).eval()

    def run(texts: Sequence[str]) -> object:
        lengths = [min(TOKENS, 2 + sum(1.0 if letter > "\u2e80" else 0.25 for letter in text)) for text in texts]
        longest = int(max(lengths))
        tokens = torch.randint(1000, 20000, (len(texts), longest))
        seen = torch.tensor([[int(place < length) for place in range(longest)] for length in lengths])
        with torch.inference_mode():
            return model(input_ids=tokens, attention_mask=seen).last_hidden_state.mean(dim=1)

    return run


def measure(texts: Sequence[str], classifier: Classifier) -> list[Pace]:
    """The paces of the judge, of alt-profanity-check and of the encoder, each held to one thread."""
    torch.set_num_threads(1)
    messages = [message_of(text, "new") for text in texts]
    speed = measured_speed(Judge(load(), classifier), messages)
    with threadpool_limits(limits=1):
        return [
            Pace("the whole judge", speed.per_second, speed.median_ms),
            paced("alt-profanity-check", texts, BATCH, predict_prob),
            paced("6-layer encoder", texts, ENCODER_BATCH, encoder()),
        ]


def table(paces: Sequence[Pace]) -> str:
    """One line each, with the judge's pace over theirs."""
    lines = [f"{'':20} {'messages/s':>10} {'median ms of one':>17} {'judge is faster by':>19}"]
    for pace in paces:
        ratio = paces[0].per_second / pace.per_second
        lines.append(f"{pace.name:20} {pace.per_second:10.0f} {pace.median_ms:17.2f} {ratio:18.2f}x")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="folder of the training and dev sets")
    options.add_argument("--messages", type=int, default=1000, help="texts to draw")
    chosen = options.parse_args()
    rows = list(corpus(chosen.data, "dev"))
    texts = [row.text for row in random.Random(0).sample(rows, min(chosen.messages, len(rows)))]
    sys.stdout.write(f"{len(texts)} texts, one core\n{table(measure(texts, load_classifier()))}\n")


if __name__ == "__main__":
    main()
