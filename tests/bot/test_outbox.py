"""The outbox in virtual time, against a platform that records each call and asks to wait when it is told to."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outbox import Budget, Later, Outbox, Priority, Refused
from tests.bot.leaping import run

E, PERSON, ANSWER, PUSH = Priority
TOTAL = Budget(6, 1)
CHAT = (Budget(1, 0.5), Budget(5, 20))


@dataclass(frozen=True)
class Job:
    """A call to make at a time; it takes `seconds`, and is told to wait as `waits` say, one each time it is tried."""

    name: int
    chat: str
    priority: Priority = ANSWER
    at: float = 0.0
    seconds: float = 0.0
    waits: tuple[float, ...] = ()


@dataclass
class Platform:
    """Records when jobs were submitted, and the beginning, the end and the outcome of each try."""

    submitted: dict[Job, float] = field(default_factory=dict)
    tries: list[tuple[float, float, Job, float | None]] = field(default_factory=list)

    async def perform(self, job: Job, everywhere: bool = False) -> int:
        begun = asyncio.get_running_loop().time()
        wait = dict(enumerate(job.waits)).get(sum(tried == job for _, _, tried, _ in self.tries))
        await asyncio.sleep(job.seconds)
        self.tries.append((begun, asyncio.get_running_loop().time(), job, wait))
        if wait is not None:
            raise Later(wait, everywhere)
        return job.name

    def begun(self, job: Job) -> float:
        """When the job first began."""
        return min(begun for begun, _, tried, _ in self.tries if tried == job)

    def done(self) -> list[Job]:
        """The jobs that went through, in the order in which they began."""
        return [job for _, _, job, wait in sorted(self.tries, key=lambda one: one[0]) if wait is None]


def telegram(chat: str) -> tuple[Budget, ...]:
    return Budget(1, 1), Budget(20, 60)


async def play(outbox: Outbox, jobs: list[Job], everywhere: bool = False) -> Platform:
    """Submit each job at its time, those of one moment in their order; every caller hears its own result."""
    platform = Platform()

    async def one(job: Job) -> None:
        platform.submitted[job] = asyncio.get_running_loop().time()
        assert await outbox.send(job.chat, job.priority, lambda: platform.perform(job, everywhere)) == job.name

    async with asyncio.TaskGroup() as group:
        for at, together in groupby(sorted(jobs, key=lambda job: job.at), key=lambda job: job.at):
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            for job in together:
                group.create_task(one(job))
    return platform


def check_budget(begun: list[float], budget: Budget) -> None:
    begun.sort()
    assert all(
        later - first >= budget.seconds - 1e-6 for first, later in zip(begun, begun[budget.count :], strict=False)
    )


def check_all_sent_once_in_order(platform: Platform) -> None:
    assert Counter(platform.done()) == Counter(platform.submitted.keys())
    for chat, priority in {(job.chat, job.priority) for job in platform.submitted}:
        wanted = [job for job in platform.submitted if (job.chat, job.priority) == (chat, priority)]
        assert [job for job in platform.done() if (job.chat, job.priority) == (chat, priority)] == wanted


def check_one_at_a_time(platform: Platform) -> None:
    spans = defaultdict(list)
    for begun, ended, job, _ in platform.tries:
        spans[job.chat].append((begun, ended))
    for one in spans.values():
        assert all(ended <= begun + 1e-6 for (_, ended), (begun, _) in pairwise(sorted(one)))


def check_budgets(platform: Platform, total: Budget, chat: tuple[Budget, ...]) -> None:
    check_budget([begun for begun, *_ in platform.tries], total)
    messages = defaultdict(list)
    for begun, _, job, _ in platform.tries:
        if job.priority != E:
            messages[job.chat].append(begun)
    for begun_there in messages.values():
        for budget in chat:
            check_budget(begun_there, budget)


def check_waits_obeyed(platform: Platform) -> None:
    """What was told to wait holds back its chat: a message the messages, an enforcement everything."""
    for told, until, held in [(told, told + (wait or 0), held) for _, told, held, wait in platform.tries]:
        for begun, _, job, _ in platform.tries:
            if job.chat == held.chat and (held.priority == E or job.priority != E):
                assert not told + 1e-6 < begun < until - 1e-6


def check_enforcement_first(platform: Platform) -> None:
    """No message begins while an enforcement waits, unless its chat is busy or was told to wait."""
    barred = defaultdict(list)
    for begun, ended, job, wait in platform.tries:
        barred[job.chat].append((begun, ended + (wait or 0 if job.priority == E else 0)))
    urgent = [(at, platform.begun(job), job) for job, at in platform.submitted.items() if job.priority == E]
    for now in [begun for begun, _, job, _ in platform.tries if job.priority != E]:
        for job in [job for at, begun, job in urgent if at < now - 1e-6 and begun > now + 1e-6]:
            assert any(start <= now <= end + 1e-6 for start, end in barred[job.chat])


jobs = st.lists(
    st.builds(
        Job,
        name=st.just(0),
        chat=st.sampled_from("abc"),
        priority=st.sampled_from(Priority),
        at=st.integers(0, 40).map(lambda tenths: tenths / 10),
        seconds=st.sampled_from([0.0, 0.05, 0.7]),
        waits=st.sampled_from([(), (), (), (0.0,), (1.5,), (0.3, 30.0)]),
    ),
    max_size=30,
).map(lambda many: [Job(at, one.chat, one.priority, one.at, one.seconds, one.waits) for at, one in enumerate(many)])


@settings(max_examples=80, deadline=None)
@given(jobs=jobs)
def test_all_leave_once_in_order_within_every_budget(jobs: list[Job]) -> None:
    outbox = Outbox(TOTAL, lambda _: CHAT)
    platform = run(play(outbox, jobs))
    check_all_sent_once_in_order(platform)
    check_one_at_a_time(platform)
    check_budgets(platform, TOTAL, CHAT)
    check_waits_obeyed(platform)
    check_enforcement_first(platform)
    assert set(outbox.waiting().values()) == {0}


@settings(max_examples=30, deadline=None)
@given(jobs=jobs)
def test_a_wait_everywhere_holds_every_chat(jobs: list[Job]) -> None:
    platform = run(play(Outbox(TOTAL, lambda _: CHAT), jobs, everywhere=True))
    check_all_sent_once_in_order(platform)
    for _, told, _, wait in platform.tries:
        assert not any(told + 1e-6 < begun < told + (wait or 0) - 1e-6 for begun, *_ in platform.tries)


def test_a_flood_leaves_with_enforcement_first_and_no_chat_starves() -> None:
    """300 messages in 10 s over 30 chats, with a wait for every third of 20 chats."""
    chance = random.Random(7)
    flood = [
        Job(
            name=number,
            chat=f"{number % 30}",
            priority=chance.choices([*Priority], [3, 2, 10, 1])[0],
            at=round(chance.uniform(0, 10), 3),
            seconds=0.05,
            waits=(chance.uniform(1, 35),) if number % 3 == 0 and number % 30 < 20 else (),
        )
        for number in range(300)
    ]
    platform = run(play(Outbox(Budget(30, 1), telegram), flood))
    check_all_sent_once_in_order(platform)
    check_budgets(platform, Budget(30, 1), telegram(""))
    check_waits_obeyed(platform)
    check_enforcement_first(platform)
    unhindered = [job for job in flood if not any(other.waits for other in flood if other.chat == job.chat)]
    assert unhindered
    assert all(platform.begun(job) - job.at < 20 for job in unhindered), "its own chat's second each, and no more"


def test_chats_take_turns() -> None:
    flood = [Job(0, "-"), *(Job(number, chat) for chat in "abc" for number in range(4))]
    platform = run(play(Outbox(Budget(1, 1), lambda _: ()), flood))
    assert "".join(job.chat for job in platform.done()) == "-abcabcabcabc"


def test_a_call_told_to_wait_everywhere_is_the_first_afterwards() -> None:
    held = Job(1, "a", waits=(5.0,))
    platform = run(play(Outbox(Budget(1, 1), lambda _: ()), [Job(0, "-"), held, Job(2, "b"), Job(3, "c")], True))
    assert [job.name for job in platform.done()] == [0, 1, 2, 3]
    assert [begun for begun, _, job, _ in platform.tries if job == held] == [1, 6]


def test_new_chats_line_up_behind_those_that_wait() -> None:
    old = [Job(number, "old") for number in range(4)]
    fresh = [Job(number, f"fresh {number}", at=number) for number in range(1, 9)]
    platform = run(play(Outbox(Budget(1, 1), lambda _: ()), old + fresh))
    assert all(platform.begun(job) <= 6 for job in old)


def test_one_chat_s_wait_stops_neither_other_chats_nor_its_enforcement() -> None:
    noisy, behind = Job(1, "noisy", waits=(35.0,)), Job(2, "noisy")
    ban, calm = Job(3, "noisy", E, at=1), Job(4, "calm", at=1)
    platform = run(play(Outbox(Budget(30, 1), telegram), [noisy, behind, ban, calm]))
    assert [platform.begun(job) for job in (ban, calm)] == [1, 1]
    assert platform.done()[2:] == [noisy, behind]
    assert platform.begun(behind) == 36


def test_enforcement_is_not_counted_among_the_chat_s_messages() -> None:
    bans = [Job(number, "a", E) for number in range(25)]
    message = Job(99, "a", at=1)
    platform = run(play(Outbox(Budget(30, 1), telegram), [*bans, message]))
    assert {platform.begun(job) for job in bans} == {0}
    assert platform.begun(message) == 1


def test_a_refusal_goes_to_the_caller_and_the_next_call_begins() -> None:
    async def refuse() -> int:
        raise Refused("moved", "the group is a supergroup now", moved_to="-100")

    async def main() -> None:
        outbox = Outbox(TOTAL, lambda _: ())
        first = asyncio.create_task(outbox.send("a", ANSWER, refuse))
        second = asyncio.create_task(outbox.send("a", ANSWER, lambda: asyncio.sleep(0, 2)))
        with pytest.raises(Refused, match="supergroup") as refused:
            await first
        assert (refused.value.why, refused.value.moved_to) == ("moved", "-100")
        assert await second == 2

    run(main())


@pytest.mark.parametrize("after", [0.0, 0.5, 1.0])
def test_a_cancelled_caller_withdraws_a_call_that_has_not_begun(after: float) -> None:
    """Also at the very moment of its turn, which comes after 1 s."""
    called = []

    async def call(name: str) -> None:
        called.append(name)

    async def main() -> None:
        outbox = Outbox(Budget(1, 1), lambda _: ())
        await outbox.send("a", ANSWER, lambda: call("first"))
        await asyncio.sleep(0)
        withdrawn = asyncio.create_task(outbox.send("a", ANSWER, lambda: call("withdrawn")))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(after, withdrawn.cancel)
        with pytest.raises(asyncio.CancelledError):
            await withdrawn
        await outbox.send("a", ANSWER, lambda: call("last"))
        assert set(outbox.waiting().values()) == {0}

    run(main())
    assert called == ["first", "last"]


def test_a_cancelled_call_frees_its_chat() -> None:
    async def main() -> int:
        outbox = Outbox(TOTAL, lambda _: ())
        stuck = asyncio.create_task(outbox.send("a", ANSWER, lambda: asyncio.sleep(3600)))
        after = asyncio.create_task(outbox.send("a", ANSWER, lambda: asyncio.sleep(0, 2)))
        await asyncio.sleep(1)
        assert outbox.waiting() == {"enforcement": 0, "person": 0, "answer": 1, "push": 0}
        stuck.cancel()
        return await after

    assert run(main()) == 2
