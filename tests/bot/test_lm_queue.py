"""The queue in front of a model: bounded, timed, and fair to callers that give up."""

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
        self.batches: list[list[str]] = []
        self.cancelled = 0
        self.closed = False
        self.fault: Exception | None = None

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        self.batches.append(list(prompts))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fault:
            raise self.fault
        return [Completion(prompt, 0.0, max_tokens) for prompt in prompts]

    def count(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        self.closed = True


async def started(engine: StubEngine, batches: int = 1) -> None:
    while len(engine.batches) < batches:
        await asyncio.sleep(0)


def model(engine: StubEngine, queue: int = 2, timeout_s: float = 30.0, batch: int = 4) -> Bounded:
    return Bounded(engine, queue=queue, timeout_s=timeout_s, batch=batch)


async def test_a_full_queue_refuses_at_once_and_serves_the_others() -> None:
    engine = StubEngine()
    lm = model(engine)
    first = asyncio.create_task(lm.complete(["a"], max_tokens=1))
    await started(engine)
    waiting = [asyncio.create_task(lm.complete([name], max_tokens=1)) for name in "bc"]
    await asyncio.sleep(0)
    with pytest.raises(LmBusy, match="2 questions waiting"):
        await lm.complete(["d"], max_tokens=1)
    engine.gate.set()
    assert [[said.text for said in await task] for task in (first, *waiting)] == [["a"], ["b"], ["c"]]
    assert engine.batches == [["a"], ["b", "c"]]


async def test_waiting_calls_share_a_batch_up_to_its_size_and_its_length() -> None:
    engine = StubEngine()
    lm = model(engine, queue=9)
    tasks = [asyncio.create_task(lm.complete(["a"], max_tokens=1))]
    await started(engine)
    for prompts, size in ((["b", "c"], 1), (["d", "e"], 1), (["f"], 1), (["g"], 2)):
        tasks.append(asyncio.create_task(lm.complete(prompts, max_tokens=size)))
    engine.gate.set()
    done = await asyncio.gather(*tasks)
    assert engine.batches == [["a"], ["b", "c", "d", "e"], ["f"], ["g"]]
    assert [said.text for call in done for said in call] == list("abcdefg")


async def test_a_call_that_takes_too_long_ends_and_its_work_is_stopped() -> None:
    engine = StubEngine()
    lm = model(engine, timeout_s=0.05)
    with pytest.raises(LmTimeout):
        await lm.complete(["a"], max_tokens=1)
    engine.gate.set()
    assert [said.text for said in await lm.complete(["b"], max_tokens=1)] == ["b"]
    assert engine.cancelled == 1


async def test_one_caller_giving_up_does_not_stop_the_batch_of_another() -> None:
    engine = StubEngine()
    lm = model(engine)
    blocker = asyncio.create_task(lm.complete(["a"], max_tokens=1))
    await started(engine)
    leaving, staying = (asyncio.create_task(lm.complete([name], max_tokens=1)) for name in "bc")
    engine.gate.set()
    await blocker
    engine.gate.clear()
    await started(engine, 2)
    leaving.cancel()
    await asyncio.sleep(0)
    engine.gate.set()
    assert [said.text for said in await staying] == ["c"]
    assert engine.cancelled == 0


async def test_who_gives_up_in_the_queue_is_never_run() -> None:
    engine = StubEngine()
    lm = model(engine)
    first = asyncio.create_task(lm.complete(["a"], max_tokens=1))
    await started(engine)
    second = asyncio.create_task(lm.complete(["b"], max_tokens=1))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    engine.gate.set()
    await first
    assert engine.batches == [["a"]]


async def test_a_fault_reaches_every_caller_of_the_batch_and_the_queue_goes_on() -> None:
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
    tasks = [asyncio.create_task(lm.complete(["a"], max_tokens=1))]
    await started(engine)
    tasks.append(asyncio.create_task(lm.complete(["b"], max_tokens=1)))
    await asyncio.sleep(0)
    await lm.close()
    faults = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(fault) for fault in faults] == [LmError, LmError]
    assert engine.closed
    with pytest.raises(LmError, match="closed"):
        await lm.complete(["c"], max_tokens=1)


async def test_nothing_asked_is_nothing_answered() -> None:
    assert await model(StubEngine()).complete([], max_tokens=1) == []
