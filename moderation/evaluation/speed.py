"""How fast the judge is on one core: many messages in batches, and one at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from moderation.evaluation.judged import BATCH
from moderation.evaluation.tables import Table
from moderation.judging.judge import Judge
from moderation.types import Message, Noun

WARM = 32
"""Messages that are judged before the clock starts."""


class Speed(Noun):
    """`per_second` in batches of `batch`; `median_ms` and `p95_ms` of messages judged one at a time."""

    messages: int
    batch: int
    per_second: float
    median_ms: float
    p95_ms: float


def measured_speed(judge: Judge, messages: Sequence[Message]) -> Speed:
    """Judge the messages (one at least) twice, with numpy's libraries held to one thread."""
    with threadpool_limits(limits=1):
        judge.judge_all(messages[:WARM])
        began = time.perf_counter()
        for at in range(0, len(messages), BATCH):
            judge.judge_all(messages[at : at + BATCH])
        whole = time.perf_counter() - began
        single = [alone(judge, message) for message in messages]
    return Speed(
        messages=len(messages),
        batch=BATCH,
        per_second=len(messages) / whole,
        median_ms=float(np.median(single)),
        p95_ms=float(np.percentile(single, 95)),
    )


def alone(judge: Judge, message: Message) -> float:
    """Milliseconds for one message."""
    began = time.perf_counter()
    judge.judge(message)
    return (time.perf_counter() - began) * 1000


def speed_table(speed: Speed) -> Table:
    cells = (f"{speed.per_second:.0f}", f"{speed.median_ms:.2f}", f"{speed.p95_ms:.2f}")
    note = f"{speed.messages} messages of all sources, one core of this machine, batches of {speed.batch}."
    return Table("Speed", note, ("messages/s in batches", "median ms of one", "p95 ms of one"), (cells,))
