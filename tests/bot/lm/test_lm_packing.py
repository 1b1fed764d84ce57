"""Lessons in rows: all of them once, none seeing another, and the loss of a row that of its lessons one by one."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lm.mixture import Ask, Reading
from bot.lm.packing import Batch, Block, Row, Unit, batch, rows, units
from bot.lm.prompt import END, REFUSAL
from bot.lm.tokens import BOS
from bot.lm.train import loss_of
from tests.bot.tiny_model import VOCABULARY, Letters, tiny

WIDTH = 64
IDS = st.integers(3, VOCABULARY - 1)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    ids = draw(st.lists(IDS, min_size=2, max_size=10))
    return Block(ids, draw(st.integers(1, len(ids) - 1)))


UNITS = st.builds(
    lambda prefix, asked: Unit([BOS, *prefix], tuple(asked)),
    st.lists(IDS, max_size=12),
    st.lists(blocks(), min_size=1, max_size=4),
)
PACKED = st.lists(UNITS, min_size=1, max_size=8)


def pieces(row: Row) -> Counter[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Each block of a row behind the prefix of its unit."""
    runs: dict[tuple[int, int], list[int]] = {}
    for token, unit, block in zip(row.ids, row.units, row.blocks, strict=True):
        runs.setdefault((unit, block), []).append(token)
    return Counter((tuple(runs[unit, 0]), tuple(ids)) for (unit, block), ids in runs.items() if block)


@settings(deadline=None)
@given(PACKED, st.integers())
def test_every_block_is_in_exactly_one_row_behind_its_passage(taught: list[Unit], seed: int) -> None:
    packed = rows(taught, random.Random(seed), WIDTH)
    wanted = Counter((tuple(unit.prefix), tuple(block.ids)) for unit in taught for block in unit.blocks)
    assert sum(map(pieces, packed), Counter()) == wanted
    assert all(len(row.ids) <= WIDTH for row in packed)
    assert [row.ids for row in packed] == [row.ids for row in rows(taught, random.Random(seed), WIDTH)]


@settings(deadline=None)
@given(PACKED, st.integers())
def test_a_token_sees_its_passage_and_its_own_block_up_to_itself_and_nothing_else(
    taught: list[Unit], seed: int
) -> None:
    packed = rows(taught, random.Random(seed), WIDTH)
    allowed = batch(packed, "cpu", WIDTH).allowed[:, 0]
    for row, seen in zip(packed, allowed, strict=True):
        for at in range(len(row.ids)):
            own = row.units[at], row.blocks[at]
            near = [
                before
                for before in range(at + 1)
                if (row.units[before], row.blocks[before]) in {own, (row.units[at], 0)}
            ]
            assert seen[at].nonzero().flatten().tolist() == near
        assert not seen[len(row.ids) :, : len(row.ids)].any()
        assert seen.any(dim=1).all()


@settings(deadline=None)
@given(PACKED, st.integers())
def test_places_count_as_if_each_question_stood_alone(taught: list[Unit], seed: int) -> None:
    for row in rows(taught, random.Random(seed), WIDTH):
        lengths = Counter(unit for unit, block in zip(row.units, row.blocks, strict=True) if not block)
        runs: dict[tuple[int, int], list[int]] = {}
        for unit, block, place in zip(row.units, row.blocks, row.places, strict=True):
            runs.setdefault((unit, block), []).append(place)
        for (unit, block), places in runs.items():
            start = lengths[unit] if block else 0
            assert places == list(range(start, start + len(places)))


def alone(taught: list[Unit]) -> list[Batch]:
    """Every question with its passage in a batch of its own."""
    made = []
    for unit in taught:
        for block in unit.blocks:
            row = Row()
            row.add(Unit(unit.prefix, (block,)))
            made.append(batch([row], "cpu", WIDTH))
    return made


@settings(max_examples=15, deadline=None)
@given(PACKED, st.integers())
def test_the_loss_of_packed_rows_is_that_of_the_lessons_one_by_one(taught: list[Unit], seed: int) -> None:
    model = tiny()
    with torch.no_grad():
        together = loss_of(model, batch(rows(taught, random.Random(seed), WIDTH), "cpu", WIDTH)).item()
        singly = [(loss_of(model, one).item(), one.weights.sum().item()) for one in alone(taught)]
    mean = sum(loss * weight for loss, weight in singly) / sum(weight for _, weight in singly)
    assert together == pytest.approx(mean, rel=1e-4)


def reading(*asks: Ask) -> Reading:
    return Reading("set", "en", "Fees", "The fee is 5%. It is paid monthly.", asks)


def test_a_question_is_taught_in_the_very_tokens_of_its_prompt_and_its_answer() -> None:
    asks = (Ask("What?", ("5%",)), Ask("Who?"), Ask("And then?", ("monthly",), "What is it?"))
    one = reading(*asks)
    (unit,) = units([one], Letters(), 10_000)
    for ask, block, target in zip(asks, unit.blocks, ("5%", REFUSAL, "monthly"), strict=True):
        assert unit.prefix + block.ids[: block.answer] == [BOS, *Letters().ids(one.prompt(ask))]
        assert block.ids[block.answer :] == Letters().ids(target + END)


@settings(deadline=None)
@given(st.integers(1, 600))
def test_questions_that_find_no_room_open_a_unit_of_their_own_or_are_left_out(width: int) -> None:
    one = reading(*(Ask(f"What is {'it' * number}?", ("5%",)) for number in range(12)))
    made = units([one], Letters(), width)
    whole: Any = units([one], Letters(), 10_000)[0]
    fitting = [block for block in whole.blocks if len(whole.prefix) + len(block.ids) <= width]
    assert [block for unit in made for block in unit.blocks] == fitting
    assert all(len(unit) <= width and unit.prefix == whole.prefix for unit in made)
