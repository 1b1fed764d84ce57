"""The running batch, on a tiny model with random weights: who joins, leaves or fails changes nobody else's words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lm.bounded import Bounded
from bot.lm.prompt import CERTAIN, REFUSAL
from bot.lm.rows import Decoding, Row
from bot.lm.torch_backend import ROWS
from bot.lm.torch_backend import engine as engine_over
from bot.lm.torch_batch import TorchBatch
from bot.lm.types import LmError, LmTimeout
from tests.bot.lm.arrivals import Arrival, run
from tests.bot.tiny_model import tiny

NONE, NEWLINE, WINDOW = 5, 7, 6
"""The window is shorter than most rows: the sliding layers' columns count."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """So small a model only loses time to threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model() -> Any:
    made = tiny().eval()
    made.config.sliding_window = WINDOW
    for layer in made.model.layers:
        layer.self_attn.sliding_window = WINDOW if layer.self_attn.sliding_window else None
    made.generation_config = SimpleNamespace(eos_token_id=1)
    return made


class StubTokens:
    """Numbers in words: "3 14 15"; NONE and the line break have their own."""

    def ids(self, text: str) -> list[int]:
        if text == REFUSAL:
            return [NONE]
        return [NEWLINE] * len(text) if not text.strip() else [int(word) for word in text.split()]

    def text(self, ids: Sequence[int]) -> str:
        return " ".join(map(str, ids))


def alone(model: Any, prompt: Sequence[int], max_tokens: int) -> tuple[list[int], float]:
    """The tokens and the doubt by the plainest loop there is: no cache, no batch, no padding."""
    made: list[int] = []
    doubt = 0.0
    with torch.inference_mode():
        while len(made) < max_tokens and not (made and made[-1] in (1, NEWLINE)):
            scores = model(input_ids=torch.tensor([[*prompt, *made]]), use_cache=False).logits[0, -1].float()
            if not made:
                doubt = float(scores.softmax(-1)[NONE])
                if doubt < CERTAIN:
                    scores[NONE] = -torch.inf
            made.append(int(scores.argmax()))
    return made, doubt


prompts = st.lists(st.integers(8, 63), min_size=1, max_size=14)
arrivals = st.lists(st.tuples(st.integers(0, 6), prompts, st.integers(1, 8), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=20, deadline=None)
@given(arrivals)
def test_rows_that_join_and_leave_say_what_they_say_alone(
    model: Any, arrivals: list[tuple[int, list[int], int, bool]]
) -> None:
    batch = TorchBatch(model, refusal=NONE, ends={1, NEWLINE})
    coming = [Arrival(at, Row(prompt, size), gives_up) for at, prompt, size, gives_up in arrivals]
    run(batch, coming)
    for _, row, _ in coming:
        if row.done.cancelled():
            continue
        made = row.done.result(timeout=0)
        tokens, doubt = alone(model, row.prompt, row.max_tokens)
        assert made.tokens == tokens
        assert made.doubt == pytest.approx(doubt, abs=1e-5)
        assert len(made.likely) == len(tokens)
        assert made.first_ms > 0


class Slow:
    """A model that waits at its gate before each forward pass."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.gate = threading.Event()
        self.begun = 0
        self.sizes: list[tuple[int, int]] = []
        self.fault: Callable[[], Exception] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, **asked: Any) -> Any:
        self.begun += 1
        self.gate.wait(20)
        self.sizes.append(tuple(asked["input_ids"].shape))
        if self.fault:
            raise self.fault()
        return self._model(**asked)


@pytest.fixture
def slow(model: Any) -> Iterator[Slow]:
    made = Slow(model)
    yield made
    made.gate.set()


def engine(model: Any) -> Decoding:
    return engine_over(model, StubTokens(), "tiny")  # type: ignore[arg-type]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.001)


async def test_questions_that_come_meanwhile_share_the_batch(slow: Slow) -> None:
    running = engine(slow)
    first = asyncio.create_task(running.generate(["8 9 10"], 6))
    await until(lambda: slow.begun == 1)
    others = [asyncio.create_task(running.generate(["11 12", "13"], 6)) for _ in range(2)]
    await asyncio.sleep(0)
    slow.gate.set()
    said = [one for task in (first, *others) for one in await task]
    expected = [alone(slow, ids, 6)[0] for ids in ([2, 8, 9, 10], [2, 11, 12], [2, 13], [2, 11, 12], [2, 13])]
    assert [[int(word) for word in one.text.split()] for one in said] == [
        [token for token in made if token not in (1, NEWLINE)] for made in expected
    ]
    assert slow.sizes[:2] == [(1, 4), (4, 3)], "the newcomers are read together"
    assert (5, 1) in slow.sizes, "and then decoded with the first"
    assert all(one.first_ms is not None and one.first_ms > 0 for one in said)
    await running.close()


async def test_rows_are_bounded_and_the_rest_waits(slow: Slow) -> None:
    running = engine(slow)
    slow.gate.set()
    said = await running.generate([str(8 + number % 40) for number in range(ROWS + 5)], 3)
    assert len(said) == ROWS + 5
    assert max(rows for rows, _ in slow.sizes) == ROWS
    await running.close()


async def test_a_question_that_is_given_up_leaves_and_the_others_stay(slow: Slow) -> None:
    running = engine(slow)
    leaving = asyncio.create_task(running.generate(["8"], 400))
    await until(lambda: slow.begun == 1)
    staying = asyncio.create_task(running.generate(["9"], 4))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    slow.gate.set()
    (said,) = await staying
    assert [int(word) for word in said.text.split()] == [
        token for token in alone(slow, [2, 9], 4)[0] if token not in (1, NEWLINE)
    ]
    await running.close()
    assert len(slow.sizes) < 20


async def test_a_time_limit_stops_the_work(slow: Slow) -> None:
    lm = Bounded(engine(slow), queue=2, timeout_s=0.05, rows=ROWS)
    with pytest.raises(LmTimeout):
        await lm.complete(["8"], max_tokens=400)
    slow.gate.set()
    await lm.close()
    assert len(slow.sizes) < 20


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda: torch.OutOfMemoryError("2 GiB more"), "no memory left for the model tiny"),
        (lambda: LmError("a bug"), "a bug"),
    ],
)
async def test_a_fault_fails_those_that_it_met_and_the_next_ones_are_answered(
    slow: Slow, fault: Callable[[], Exception], told: str
) -> None:
    running = engine(slow)
    slow.gate.set()
    slow.fault = fault
    with pytest.raises(LmError, match=told):
        await running.generate(["8", "9"], 3)
    slow.fault = None
    assert len(await running.generate(["8", "9"], 3)) == 2
    await running.close()


def test_a_certain_refusal_is_final_and_a_doubtful_one_is_not_said(model: Any) -> None:
    batch = TorchBatch(model, refusal=NONE, ends={1, NEWLINE})
    likely = torch.full((1, 1, model.config.vocab_size), -50.0)
    for doubt, first in ((0.9, 9), (0.97, NONE)):
        likely[0, 0, NONE], likely[0, 0, 9] = torch.tensor([doubt, 1 - doubt]).log()
        row = Row([2, 8, 9], 1)
        batch._scores = lambda *_asked: likely[:, -1].clone()  # type: ignore[method-assign]
        batch.join([row])
        batch.leave()
        assert row.done.result().tokens == [first]
        assert row.done.result().doubt == pytest.approx(doubt)
