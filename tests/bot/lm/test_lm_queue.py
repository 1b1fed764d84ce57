"""The queue in front of a model: bounded, timed, fair among groups and to callers that give up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.lm.bounded import Bounded
from bot.lm.prompt import reading
from bot.lm.types import Completion, LmBusy, LmError, LmTimeout


class StubEngine:
    """Answers with the prompt itself once `gate` is open; notes what it was asked."""

    name = "stub"
    limit = 200

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.calls: list[list[str]] = []
        self.cancelled: list[str] = []
        self.closed = False
        self.fault: Exception | None = None
        self.first_ms: float | None = None

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        self.calls.append(list(prompts))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += prompts
            raise
        if self.fault:
            raise self.fault
        return [Completion(prompt, 0.0, max_tokens, first_ms=self.first_ms) for prompt in prompts]

    def count(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        self.closed = True


async def started(engine: StubEngine, calls: int = 1) -> None:
    while len(engine.calls) < calls:
        await asyncio.sleep(0)


def model(engine: StubEngine, queue: int = 4, timeout_s: float = 30.0, rows: int = 1) -> Bounded:
    return Bounded(engine, queue=queue, timeout_s=timeout_s, rows=rows)


def asking(lm: Bounded, prompts: str, group: str = "") -> list[asyncio.Task[list[Completion]]]:
    """A call for each letter."""
    return [asyncio.create_task(lm.complete([letter], max_tokens=1, group=group)) for letter in prompts]


async def test_a_full_queue_refuses_at_once_and_serves_the_others() -> None:
    engine = StubEngine()
    lm = model(engine, queue=2)
    first = asking(lm, "a")
    await started(engine)
    waiting = [*asking(lm, "b", "one"), *asking(lm, "c", "two")]
    await asyncio.sleep(0)
    with pytest.raises(LmBusy, match="2 questions waiting"):
        await lm.complete(["d"], max_tokens=1, group="three")
    engine.gate.set()
    assert [[said.text for said in await task] for task in (*first, *waiting)] == [["a"], ["b"], ["c"]]


async def test_one_community_cannot_take_the_places_of_the_others_and_they_take_turns() -> None:
    engine = StubEngine()
    lm = model(engine, queue=6)
    tasks = asking(lm, "a")
    await started(engine)
    tasks += asking(lm, "bcd", "loud")
    await asyncio.sleep(0)
    with pytest.raises(LmBusy, match="3 questions of loud waiting, half of LM_QUEUE"):
        await lm.complete(["e"], max_tokens=1, group="loud")
    tasks += asking(lm, "xy", "quiet")
    await asyncio.sleep(0)
    assert lm.waiting == 5
    engine.gate.set()
    await asyncio.gather(*tasks)
    assert [prompt for call in engine.calls for prompt in call] == list("abxcyd")


async def test_calls_run_side_by_side_as_long_as_there_are_rows() -> None:
    engine = StubEngine()
    lm = model(engine, rows=4)
    wanted = (["a", "b", "c"], ["d"], ["e", "f"], ["g"])
    tasks = [asyncio.create_task(lm.complete(prompts, max_tokens=1)) for prompts in wanted[:2]]
    await started(engine, 2)
    tasks += [asyncio.create_task(lm.complete(prompts, max_tokens=1)) for prompts in wanted[2:]]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0.01)
    assert engine.calls == [["a", "b", "c"], ["d"]], "a small call does not overtake a large one"
    tasks[0].cancel()
    await started(engine, 4)
    assert engine.calls[2:] == [["e", "f"], ["g"]]
    engine.gate.set()
    assert [[said.text for said in await task] for task in tasks[2:]] == [["e", "f"], ["g"]]


async def test_a_call_that_takes_too_long_ends_and_its_work_is_stopped() -> None:
    engine = StubEngine()
    lm = model(engine, timeout_s=0.05)
    with pytest.raises(LmTimeout, match="LM_TIMEOUT_S"):
        await lm.complete(["a"], max_tokens=1)
    engine.gate.set()
    assert [said.text for said in await lm.complete(["b"], max_tokens=1)] == ["b"]
    assert engine.cancelled == ["a"]


async def test_the_time_limit_begins_when_a_call_runs() -> None:
    engine = StubEngine()
    lm = model(engine, timeout_s=0.3)
    tasks = asking(lm, "abc")
    await started(engine, 3)
    engine.gate.set()
    assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [LmTimeout, LmTimeout, list]


async def test_one_caller_giving_up_stops_its_own_work_alone() -> None:
    engine = StubEngine()
    lm = model(engine, rows=2)
    leaving, staying = asking(lm, "ab")
    await started(engine, 2)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.sleep(0)
    engine.gate.set()
    assert [said.text for said in await staying] == ["b"]
    assert engine.cancelled == ["a"]


async def test_who_gives_up_in_the_queue_is_never_run() -> None:
    engine = StubEngine()
    lm = model(engine)
    first, second, third = asking(lm, "abc")
    await started(engine)
    second.cancel()
    engine.gate.set()
    await asyncio.gather(first, third)
    assert engine.calls == [["a"], ["c"]]
    assert lm.waiting == 0


async def test_a_fault_reaches_its_caller_and_the_queue_goes_on() -> None:
    engine = StubEngine()
    engine.fault = LmError("down")
    engine.gate.set()
    lm = model(engine)
    with pytest.raises(LmError, match="down"):
        await lm.complete(["a"], max_tokens=1)
    engine.fault = None
    assert [said.text for said in await lm.complete(["b"], max_tokens=1)] == ["b"]


async def test_a_bug_in_a_backend_is_not_hidden_from_its_caller() -> None:
    engine = StubEngine()
    engine.fault = ZeroDivisionError()
    engine.gate.set()
    with pytest.raises(ZeroDivisionError):
        await model(engine).complete(["a"], max_tokens=1)


async def test_the_time_to_the_first_token_counts_the_wait() -> None:
    engine = StubEngine()
    engine.first_ms = 5.0
    lm = model(engine)
    first, second = asking(lm, "ab")
    await started(engine)
    await asyncio.sleep(0.05)
    engine.gate.set()
    times = [(await task)[0].first_ms for task in (first, second)]
    assert times[0] is not None
    assert times[1] is not None
    assert times[0] >= 5
    assert times[1] >= 5 + 50


async def test_a_backend_that_cannot_say_when_is_not_made_to() -> None:
    engine = StubEngine()
    engine.gate.set()
    assert (await model(engine).complete(["a"], max_tokens=1))[0].first_ms is None


async def test_a_passage_that_is_too_long_is_cut_and_a_question_is_not() -> None:
    engine = StubEngine()
    engine.gate.set()
    lm = model(engine)
    (said,) = await lm.complete([reading("why?", "t", "long " * 100)], max_tokens=1)
    assert len(said.text) == engine.limit - 1
    assert "### Question\nwhy?" in said.text
    with pytest.raises(LmError, match="shorter question"):
        await lm.complete([reading("why? " * 100, "t", "long")], max_tokens=1)


async def test_closing_fails_what_runs_and_what_waits() -> None:
    engine = StubEngine()
    lm = model(engine)
    tasks = asking(lm, "ab")
    await started(engine)
    await lm.close()
    faults = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(fault) for fault in faults] == [LmError, LmError]
    assert (engine.cancelled, engine.closed) == (["a"], True)
    with pytest.raises(LmError, match="closed"):
        await lm.complete(["c"], max_tokens=1)


async def test_nothing_asked_is_nothing_answered() -> None:
    assert await model(StubEngine()).complete([], max_tokens=1) == []
