"""Prompts side by side on the CPU's model: each says what it says alone, and leaves when nobody wants it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lm import prepare, reading
from bot.lm.ctranslate import Ctranslate
from bot.lm.ctranslate_rows import LOGITS, NEAR, ROWS, Batch, Row, together
from bot.lm.prompt import CERTAIN
from bot.lm.types import Completion

LONGEST = 6
PROMPTS = [
    reading("What does storage cost?", "Fees", "Storage costs $0.80 per cubic foot a month."),
    reading("When are payouts sent?", "Payouts", "Payouts are sent every Monday for all orders."),
    reading("Who pays the postage?", "Returns", "The buyer pays return postage for a change of mind."),
    reading("Where is the warehouse?", "Fees", "Storage costs $0.80 per cubic foot a month."),
    reading("佣金是多少？", "收费", "数码类佣金 3%，服饰类佣金 5%，每单另收 0.6 元。"),
    reading("保证金多久退？", "保证金", "关店后 90 天内无纠纷的，保证金原路退回。" * 3),
]


@pytest.fixture(scope="module")
def engine() -> Ctranslate:
    folder = prepare(Path.home() / ".cache" / "xiaoer")
    return Ctranslate.load(folder, name="int8", threads=2)


def same(one: Completion, other: Completion) -> bool:
    """A processor without VNNI multiplies one row otherwise than many in int8: 0.045 was seen on one."""
    return (one.text, one.tokens) == (other.text, other.tokens) and (one.logprob, one.refusal) == pytest.approx(
        (other.logprob, other.refusal), abs=0.06
    )


async def test_prompts_side_by_side_say_what_each_says_alone(engine: Ctranslate) -> None:
    alone = [(await engine.generate([prompt], LONGEST))[0] for prompt in PROMPTS]
    of_one_call = await engine.generate(PROMPTS, LONGEST)
    calls = await asyncio.gather(*(engine.generate([prompt], LONGEST) for prompt in PROMPTS))
    for expected, told, (by_itself,) in zip(alone, of_one_call, calls, strict=True):
        assert same(expected, told)
        assert same(expected, by_itself)
    doubts = [one.refusal or 0.0 for one in alone]
    assert min(doubts) < 0.5 < max(doubts)
    assert all(one.tokens == 1 for one in alone if (one.refusal or 0.0) >= CERTAIN)


async def test_a_row_that_is_given_up_leaves_the_others_their_answers(engine: Ctranslate) -> None:
    calls = [asyncio.create_task(engine.generate([prompt], LONGEST)) for prompt in PROMPTS[:3]]
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.wait(calls)
    assert [call.cancelled() for call in calls] == [False, True, False]
    assert same(calls[0].result()[0], (await engine.generate([PROMPTS[0]], LONGEST))[0])


ROW = st.builds(
    lambda held, asked, most: Row(("a",) * held, ["b"] * asked, most),
    st.integers(0, 20),
    st.integers(1, 20),
    st.sampled_from([4, 8]),
)


@given(st.lists(ROW, min_size=1, max_size=20))
def test_a_batch_has_the_first_row_and_none_that_would_hold_it_up(waiting: list[Row]) -> None:
    found = together(waiting)
    assert found[0] is waiting[0]
    assert len(found) <= ROWS <= LOGITS
    assert max(row.size for row in found) - min(row.size for row in found) <= NEAR
    assert len({row.max_tokens for row in found}) == 1
    left = [row for row in waiting if row not in found]
    twins = [row for row in left if (row.size, len(row.asked), row.max_tokens) == _shape(waiting[0])]
    assert len(found) == ROWS or len(waiting[0].asked) <= NEAR or not twins


def _shape(row: Row) -> tuple[int, int, int]:
    return row.size, len(row.asked), row.max_tokens


class StubGenerator:
    """Writes one token for each prompt, and leaves with another what it was given to call."""

    def __init__(self, left: list[Callable[[Any], bool]]) -> None:
        self._left = left

    def generate_batch(self, prompts: list[list[str]], *, callback: Callable[[Any], bool], **_options: Any) -> Any:
        self._left.append(callback)
        for row in range(len(prompts)):
            callback(SimpleNamespace(batch_id=row, token="said", log_prob=-0.5))
        return [SimpleNamespace(logits=[[np.zeros(2)]]) for _ in prompts]


def test_what_is_left_with_the_engine_s_thread_does_not_hold_the_model() -> None:
    left: list[Callable[[Any], bool]] = []
    generator, row = StubGenerator(left), Row((), ["asked"], 1)
    held = weakref.ref(generator)
    Batch(generator, refusal=0, ends=[]).run([row])
    del generator
    assert row.done.result().tokens == ["said"]
    assert left
    assert held() is None
