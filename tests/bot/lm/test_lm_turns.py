"""Turns at the model, whatever comes and goes: bounded, in order, and nobody waits while another group eats twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lm.turns import Turns
from bot.lm.types import LmBusy

GROUPS = "abc"


class Step(NamedTuple):
    """A caller comes, or one of those that are there goes: with its turn, or tired of waiting."""

    does: Literal["come", "go"]
    group: str
    rows: int
    which: int
    settled: bool = True
    """Whether everybody has acted on it before the next step."""


def plans(settled: st.SearchStrategy[bool]) -> st.SearchStrategy[list[Step]]:
    does, group = st.sampled_from(["come", "come", "go"]), st.sampled_from(GROUPS)
    return st.lists(st.builds(Step, does, group, st.integers(1, 4), st.integers(0), settled), max_size=40)


@dataclass(eq=False)
class Caller:
    group: str
    rows: int
    number: int
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    came: bool = False
    turn: bool = False
    refused: bool = False
    others: Counter[str] = field(default_factory=Counter)
    """Turns that other groups had while it was the first of its own to wait."""


class Scene:
    """Real callers at real turns, looked at after every step."""

    def __init__(self, rows: int, size: int) -> None:
        self.rows = rows
        self.turns = Turns(rows=rows, size=size)
        self.there: list[tuple[Caller, asyncio.Task[None]]] = []
        self.order: list[Caller] = []

    async def call(self, caller: Caller) -> None:
        caller.came = True
        try:
            async with self.turns.turn(caller.group, caller.rows):
                caller.turn = True
                self.had_a_turn(caller)
                await caller.leave.wait()
        except LmBusy:
            caller.refused = True

    def had_a_turn(self, caller: Caller) -> None:
        self.order.append(caller)
        for group in GROUPS:
            if group != caller.group and (waiting := self.waiting(group)):
                waiting[0].others[caller.group] += 1

    def waiting(self, group: str) -> list[Caller]:
        there = [caller for caller, _ in self.there if caller.group == group and caller.came]
        return [caller for caller in there if not caller.turn and not caller.refused]

    async def take(self, step: Step, number: int) -> None:
        if step.does == "come":
            caller = Caller(step.group, step.rows, number)
            self.there.append((caller, asyncio.create_task(self.call(caller))))
        elif self.there:
            caller, task = self.there[step.which % len(self.there)]
            caller.leave.set() if caller.turn else task.cancel()
        if step.settled:
            await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        self.there = [(caller, task) for caller, task in self.there if not task.done()]

    def look(self) -> None:
        waiting = [caller for group in GROUPS for caller in self.waiting(group)]
        assert len(waiting) == self.turns.waiting <= self.turns.size
        assert all(len(self.waiting(group)) <= self.turns.share for group in GROUPS)
        running = [caller for caller, _ in self.there if caller.turn]
        assert sum(min(caller.rows, self.rows) for caller in running) <= self.rows
        assert running or not waiting, "rows are free and somebody waits"

    def look_at_the_order(self) -> None:
        for group in GROUPS:
            numbers = [caller.number for caller in self.order if caller.group == group]
            assert numbers == sorted(numbers), "order within a group"
        assert all(times <= 1 for caller in self.order for times in caller.others.values()), "a group had two turns"


async def play(rows: int, size: int, plan: list[Step]) -> Scene:
    scene = Scene(rows, size)
    for number, step in enumerate(plan):
        await scene.take(step, number)
        if step.settled:
            scene.look()
    await scene.settle()
    while scene.there:
        running = next(at for at, (caller, _) in enumerate(scene.there) if caller.turn)
        await scene.take(Step("go", "", 0, running), 0)
        scene.look()
    assert scene.turns.waiting == 0
    return scene


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(1, 7), plans(st.just(True)))
def test_groups_take_turns_and_keep_their_order_whatever_comes_and_goes(rows: int, size: int, plan: list[Step]) -> None:
    asyncio.run(play(rows, size, plan)).look_at_the_order()


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(1, 7), plans(st.booleans()))
def test_no_row_and_no_place_is_lost_when_many_come_and_go_at_once(rows: int, size: int, plan: list[Step]) -> None:
    asyncio.run(play(rows, size, plan))


def test_all_rows_are_free_again_once_everybody_has_gone() -> None:
    come, go = (Step("come", "a", 2, 0), Step("go", "a", 0, 1))
    scene = asyncio.run(play(2, 4, [come, come, go, come, Step("go", "a", 0, 0)]))
    assert [caller.number for caller in scene.order] == [0, 3]

    async def alone() -> None:
        async with asyncio.timeout(60), scene.turns.turn("b", 2):
            pass

    asyncio.run(alone())


def test_a_group_fills_half_the_places_and_no_more() -> None:
    loud = [Step("come", "a", 1, 0)] * 8
    scene = asyncio.run(play(1, 6, [*loud, Step("come", "b", 1, 0)]))
    assert Counter(caller.group for caller in scene.order) == {"a": 1 + 3, "b": 1}
