"""Prompts side by side on the CPU's model: each says what it says alone, however many guesses it takes, and leaves
when nobody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lm import cpu_batch, reading
from bot.lm.cpu_batch import GUESSED, CpuBatch, alike, guess
from bot.lm.cpu_model import CpuModel
from bot.lm.prompt import CERTAIN, REFUSAL
from bot.lm.rows import Decoding, Row
from bot.lm.tokens import BOS, NEWLINES, Tokens
from bot.lm.types import Completion
from bot.lm.vectors import TokenVectors
from tests.bot.lm.arrivals import Arrival, run

LONGEST = 24
PROMPTS = [
    reading("What does storage cost?", "Fees", "Storage costs $0.80 per cubic foot a month."),
    reading("When are payouts sent?", "Payouts", "Payouts are sent every Monday for all orders."),
    reading("Who pays the postage?", "Returns", "The buyer pays return postage for a change of mind."),
    reading("Where is the warehouse?", "Fees", "Storage costs $0.80 per cubic foot a month."),
    reading("佣金是多少？", "收费", "数码类佣金 3%，服饰类佣金 5%，每单另收 0.6 元。"),
    reading("保证金多久退？", "保证金", "关店后 90 天内无纠纷的，保证金原路退回。" * 3),
]


class Loaded(NamedTuple):
    """The real model and its tokens."""

    model: CpuModel
    tokens: Tokens

    def batch(self, guessed: int = GUESSED) -> CpuBatch:
        refusal = self.tokens.ids(REFUSAL)[0]
        return CpuBatch(self.model, refusal=refusal, ends=set(NEWLINES), guessed=guessed)

    def ids(self, prompt: str) -> list[int]:
        return [BOS, *self.tokens.ids(prompt)]


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Loaded:
    tokens = Tokens.load(folder)
    return Loaded(CpuModel(folder, TokenVectors(folder, tokens)), tokens)


@pytest.fixture(scope="module")
def alone(loaded: Loaded) -> list[Row]:
    """What each prompt says by the plainest way: by itself, without guesses, nothing kept."""
    return [finished(loaded.batch(guessed=0), Row(loaded.ids(prompt), LONGEST)) for prompt in PROMPTS]


def finished(batch: CpuBatch, *rows: Row) -> Row:
    """Runs rows to their end; the first of them."""
    run(batch, [Arrival(0, row, False) for row in rows])
    return rows[0]


def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list of the tokens of a row that each step of the model reads from now on."""
    read: list[int] = []
    states = CpuModel.states

    def counted(model: CpuModel, ids: Sequence[Sequence[int]], *others: Any, **named: Any) -> torch.Tensor:
        read.append(len(ids[0]))
        return states(model, ids, *others, **named)

    monkeypatch.setattr(CpuModel, "states", counted)
    return read


def same(one: Row, other: Row) -> bool:
    """The sums in float32 may come in another order, and an entry round to the next int8."""
    return one.tokens == other.tokens and [*one.likely, one.doubt] == pytest.approx(
        [*other.likely, other.doubt], abs=0.05
    )


arrivals = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, len(PROMPTS) - 1), st.booleans()), min_size=1, max_size=6
)


@settings(max_examples=12, deadline=None)
@given(arrivals)
def test_rows_that_join_and_leave_say_what_they_say_alone(
    loaded: Loaded, alone: list[Row], arrivals: list[tuple[int, int, bool]]
) -> None:
    batch = loaded.batch()
    coming = [Arrival(at, Row(loaded.ids(PROMPTS[which]), LONGEST), gives_up) for at, which, gives_up in arrivals]
    run(batch, coming)
    for (_, row, _), (_, which, _) in zip(coming, arrivals, strict=True):
        if not row.done.cancelled():
            assert row.done.result(timeout=0).tokens == row.tokens
            assert same(row, alone[which])


def test_guesses_from_the_passage_take_fewer_steps_to_the_same_words(
    loaded: Loaded, alone: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reads(monkeypatch)
    row = finished(loaded.batch(), Row(loaded.ids(PROMPTS[-1]), LONGEST))
    assert same(row, alone[-1])
    assert len(read) < len(row.tokens) / 2


def test_what_was_read_for_one_question_is_not_read_again_for_the_next(
    loaded: Loaded, alone: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = loaded.batch()
    read = reads(monkeypatch)
    finished(batch, Row(loaded.ids(PROMPTS[3]), 1))
    assert same(finished(batch, Row(loaded.ids(PROMPTS[0]), LONGEST)), alone[0])
    whole, again = read[0], read[1]
    assert again < whole / 2
    for number in range(cpu_batch.KEPT):
        finished(batch, Row(loaded.ids(reading("Where?", "", f"Shelf {number} stands in hall {number}.")), 1))
    read.clear()
    assert same(finished(batch, Row(loaded.ids(PROMPTS[0]), LONGEST)), alone[0])
    assert read[0] > again, "it was forgotten for sixteen others"


async def test_one_call_and_several_say_the_same_and_a_certain_refusal_is_one_token(small: Decoding) -> None:
    alone = [(await small.generate([prompt], LONGEST))[0] for prompt in PROMPTS]
    of_one_call = await small.generate(PROMPTS, LONGEST)
    calls = await asyncio.gather(*(small.generate([prompt], LONGEST) for prompt in PROMPTS))
    for expected, told, (by_itself,) in zip(alone, of_one_call, calls, strict=True):
        assert told_alike(expected, told)
        assert told_alike(expected, by_itself)
    doubts = [one.refusal or 0.0 for one in alone]
    assert min(doubts) < 0.5 < max(doubts)
    assert all(one.tokens == 1 for one in alone if (one.refusal or 0.0) >= CERTAIN)


def told_alike(one: Completion, other: Completion) -> bool:
    return (one.text, one.tokens) == (other.text, other.tokens) and (one.logprob, one.refusal) == pytest.approx(
        (other.logprob, other.refusal), abs=0.05
    )


async def test_a_row_that_is_given_up_leaves_the_others_their_answers(small: Decoding) -> None:
    calls = [asyncio.create_task(small.generate([prompt], LONGEST)) for prompt in PROMPTS[:3]]
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.wait(calls)
    assert [call.cancelled() for call in calls] == [False, True, False]
    assert told_alike(calls[0].result()[0], (await small.generate([PROMPTS[0]], LONGEST))[0])


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 6))
def test_a_guess_follows_the_last_two_tokens_where_they_stood_before(told: list[int], most: int) -> None:
    found = guess(told, most)
    assert len(found) <= most
    places = [at for at in range(len(told) - 2) if told[at : at + 2] == told[-2:]]
    assert found == (told[places[-1] + 2 :][:most] if places else [])


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_what_begins_alike_is_alike_no_further(one: list[int], other: list[int]) -> None:
    size = alike(one, other)
    assert one[:size] == other[:size]
    assert one[size : size + 1] != other[size : size + 1] or size == len(one) == len(other)
