"""SIGKILL at every step of the walk, against a real server: nothing is lost and nothing happens twice."""

from __future__ import annotations

import multiprocessing
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.web_events import Removed, Said, Voted, events
from bot.answering.feedback import FeedbackBook, Tally
from moderation.audit import AuditBook
from moderation.cases import CaseBook, strikes_key
from moderation.keys import key
from moderation.seals import audit_key, seals_key
from tests.walk.victim import ANSWER, COMMUNITY, PARTS, REST, TEXTS, Part, play

MOST_STEPS = 200
"""More commands than any part sends: a guard against a test that never ends."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.walk.victim"])


def run(part: Part, url: str, kill_at: int = 0) -> bool:
    """Play a part in a process of its own; False when it was killed."""
    process = _processes.Process(target=play, args=(part, url, kill_at))
    process.start()
    process.join(120)
    process.kill()
    process.join()
    assert process.exitcode == 0 or (kill_at and process.exitcode == -signal.SIGKILL), (
        f"{part} ended with {process.exitcode} at step {kill_at}"
    )
    return process.exitcode == 0


def walk(url: str, victim: Part | None = None, kill_at: int = 0) -> bool:
    """The whole walk; the victim dies once at its step and is started again. False when it did die."""
    whole = True
    # The worker runs twice: for what members say, and for what the moderator decides.
    for part in ("poster", "worker", "moderator", "worker", "gateway"):
        if part == victim and whole:
            whole = run(part, url, kill_at)
            if whole:
                continue
        run(part, url)
    return whole


async def assert_everything_happened_once(redis: Redis) -> None:
    rows: Any = await redis.xrange(key(COMMUNITY, "room", "help"))
    seen = [events.validate_json(fields["event"]) for _, fields in rows]
    said = [event for event in seen if isinstance(event, Said)]
    assert sorted(event.id for event in said if event.kind == "member") == sorted(set(TEXTS) - {"scam"})
    assert [event.id for event in seen if isinstance(event, Removed)] == ["scam"]
    spoken = sorted((event.kind, event.text) for event in said if event.kind in ("answer", "moderator"))
    apart = [("answer", REST)] if ("answer", REST) in spoken else []
    assert spoken == [*apart, ("answer", "T+3"), ("answer", "T+7"), ("moderator", "目前不支持火星。")]
    assert sorted(event.kind for event in said if event.kind in ("handoff", "notice")) == [
        "handoff",
        "handoff",
        "notice",
    ]
    assert await redis.hlen(key(COMMUNITY, "proposals")) == 1  # the moderator's answer, kept for a second person
    cases = CaseBook(redis)
    assert await cases.counts(COMMUNITY) == (1, 1, 2)
    [asked_for] = await cases.queue(COMMUNITY)
    assert asked_for.subject.id == "covered"
    assert [event for event in seen if isinstance(event, Voted)] == [Voted(id=ANSWER, up=0, person=1)]
    assert await FeedbackBook(redis).tally(COMMUNITY, ANSWER) == Tally(1, up=0, person=1)
    today = datetime.now(UTC).date()
    [day] = await FeedbackBook(redis).days(COMMUNITY, today - timedelta(days=1), today)
    assert day.total == Tally(2 + len(apart), up=0, person=1)
    assert await redis.zcard(strikes_key(COMMUNITY, "member-scam")) == 1
    assert await redis.hget(key(COMMUNITY, "member", "member-chat"), "passed") == "1"
    assert await redis.llen(key(COMMUNITY, "recent")) == len(TEXTS)
    assert await redis.zcard(key(COMMUNITY, "unasked")) == len(("covered", "unknown", "burst", *apart))
    assert not await redis.exists(key(COMMUNITY, "burst", "web", "help", "member-burst"))
    archive = key(COMMUNITY, "archive")
    assert await redis.xlen(archive) == len(TEXTS)
    tallies = [name async for name in redis.scan_iter(key(COMMUNITY, "shadow", "*"), _type="hash")]
    [tally] = [name for name in tallies if not name.endswith(":cases")]
    counted = {marks: int(number) for marks, number in (await redis.hgetall(tally)).items() if " -> " in marks}
    assert (counted["allow -> allow"], sum(counted.values()), len(counted)) == (len(TEXTS) - 1, len(TEXTS), 2)
    trail = await AuditBook(redis).verify(COMMUNITY)
    assert (trail.lines + trail.fresh, trail.fault) == (3, None)  # the ban, the answer, and that it is to be kept
    kept = {archive, f"{tally}:differ", audit_key(COMMUNITY), seals_key(COMMUNITY)}
    async for stream in redis.scan_iter(f"x:{{{COMMUNITY}}}:*", _type="stream"):
        if ":room:" not in stream and stream not in kept:
            assert await redis.xlen(stream) == 0, stream
    assert not await redis.exists(key(COMMUNITY, "dead"))


async def test_the_walk_ends_well_when_nobody_dies(redis: Redis, redis_url: str) -> None:
    assert walk(redis_url)
    await assert_everything_happened_once(redis)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", PARTS)
async def test_a_kill_at_any_step_loses_nothing_and_does_nothing_twice(
    redis: Redis, redis_url: str, victim: Part
) -> None:
    steps = 0
    for kill_at in range(1, MOST_STEPS):
        await redis.flushall()
        if walk(redis_url, victim, kill_at):
            break
        await assert_everything_happened_once(redis)
        steps += 1
    assert 2 <= steps < MOST_STEPS - 1
