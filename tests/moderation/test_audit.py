"""The audit trail: what a line holds, who seals it, and that no change of the past goes unseen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.redis_server import open_client
from moderation.audit import AuditBook, auditing, setting
from moderation.keys import Write
from moderation.seals import FRESH_MS, Entry, Sealer, Wrong, audit_key, seals_key

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINES, SEALS = audit_key("sample"), seals_key("sample")


def line(number: int, by: str = "telegram:42") -> Write:
    return auditing("sample", by, "moderator", f"/case {number}", "done", AT, case=f"CASE{number}")


async def write(redis: Redis, *writes: Write) -> None:
    pipe = redis.pipeline(transaction=False)
    for one in writes:
        pipe.execute_command(*one)
    await pipe.execute()


async def entries(redis: Redis, stream: str) -> list[Entry]:
    return cast(list[Entry], await redis.xrange(stream))


async def rewrite(redis: Redis, stream: str, rows: Sequence[Entry]) -> None:
    """What somebody does who holds the server: Redis itself changes no entry in its place."""
    await redis.delete(stream)
    await write(
        redis, *(("XADD", stream, id_, *(part for pair in fields.items() for part in pair)) for id_, fields in rows)
    )


async def wrong(redis: Redis, head: str = "") -> Wrong | None:
    found = await AuditBook(redis).verify("sample", head=head)
    return found.fault.wrong if found.fault else None


async def test_a_line_says_who_did_what_and_keeps_nothing_long(redis: Redis) -> None:
    await write(redis, line(1), setting("sample", "operator", "mode training -> live " + "x" * 1000))
    book = AuditBook(redis)
    latest, first = await book.read("sample")
    assert (first.by, first.tier, first.kind, first.what) == ("telegram:42", "moderator", "command", "/case 1")
    assert (first.result, first.case, first.at) == ("done", "CASE1", AT)
    assert (latest.kind, latest.tier, len(latest.what)) == ("setting", "", 300)


async def test_lines_are_read_backwards_by_kind_person_and_case(redis: Redis) -> None:
    await write(redis, *(line(number, f"web:{number % 2}") for number in range(6)), setting("sample", "web:1", "x"))
    book = AuditBook(redis)
    assert [one.what for one in await book.read("sample", by="web:1")] == ["x", "/case 5", "/case 3", "/case 1"]
    assert [one.kind for one in await book.read("sample", kind="setting")] == ["setting"]
    assert [one.what for one in await book.read("sample", case="CASE4")] == ["/case 4"]
    page = await book.read("sample", limit=2)
    assert [one.what for one in await book.read("sample", before=page[-1].id, limit=2)] == ["/case 4", "/case 3"]
    assert await book.read("other") == []


async def test_an_empty_trail_and_a_fresh_one_are_good(redis: Redis) -> None:
    book = AuditBook(redis)
    assert (await book.verify("sample")).fault is None
    await write(redis, line(1))
    found = await book.verify("sample")
    assert (found.lines, found.fresh, found.fault) == (0, 1, None)


async def test_an_old_line_must_have_its_seal(redis: Redis) -> None:
    old = f"{int(time.time() * 1000) - 2 * FRESH_MS}-0"
    await rewrite(redis, LINES, [(old, {"by": "web:1", "what": "x", "result": "done", "at": AT.isoformat()})])
    assert await wrong(redis) == "unsealed"
    await Sealer(redis).seal("sample")
    assert await wrong(redis) is None


async def test_several_workers_seal_each_line_once(redis_url: str) -> None:
    async with open_client(redis_url) as redis:
        sealers = [Sealer(redis) for _ in range(4)]
        for start in range(0, 200, 20):
            await write(redis, *(line(start + number) for number in range(20)))
            await asyncio.gather(*(sealer.seal("sample") for sealer in sealers))
        assert [id_ for id_, _ in await entries(redis, SEALS)] == [id_ for id_, _ in await entries(redis, LINES)]
        found = await AuditBook(redis).verify("sample")
        assert (found.lines, found.fault) == (200, None)


async def test_the_head_that_was_kept_shows_a_trail_written_anew(redis: Redis) -> None:
    sealer = Sealer(redis)
    await write(redis, line(1), line(2))
    await sealer.seal("sample")
    kept = (await sealer.head("sample")).seal
    await write(redis, line(3))
    await sealer.seal("sample")
    assert await wrong(redis, kept) is None
    first, *_ = await entries(redis, LINES)
    await redis.delete(SEALS)
    await rewrite(redis, LINES, [first])
    await sealer.seal("sample")
    assert await wrong(redis) is None
    assert await wrong(redis, kept) == "head"


async def test_no_trail_passes_for_another_communitys(redis: Redis) -> None:
    await write(redis, line(1))
    await Sealer(redis).seal("sample")
    for name, key in ((LINES, audit_key("other")), (SEALS, seals_key("other"))):
        await rewrite(redis, key, await entries(redis, name))
    fault = (await AuditBook(redis).verify("other")).fault
    assert fault is not None
    assert fault.wrong == "changed"


async def test_what_redis_was_told_to_delete_is_seen_at_the_end_too(redis: Redis) -> None:
    await write(redis, line(1), line(2))
    await Sealer(redis).seal("sample")
    for stream in (LINES, SEALS):
        await redis.xdel(stream, (await entries(redis, stream))[-1][0])
    assert await wrong(redis) == "deleted"


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_what_is_sealed_is_found(redis_url: str, data: st.DataObject) -> None:
    """One entry of the lines or of the seals is changed, removed, inserted, or swapped with another."""
    stream = data.draw(st.sampled_from([LINES, SEALS]))
    rows = [(f"{ten}0-0", fields(str(ten))) for ten in range(1, data.draw(st.integers(2, 8)) + 1)]

    async def play() -> None:
        async with open_client(redis_url) as redis:
            await redis.delete(SEALS)
            await rewrite(redis, LINES, rows)
            await Sealer(redis).seal("sample")
            head = (await Sealer(redis).head("sample")).seal
            assert await wrong(redis, head) is None
            await rewrite(redis, stream, tampered(await entries(redis, stream), data))
            assert await wrong(redis, head) is not None

    asyncio.run(play())


def fields(what: str) -> dict[str, str]:
    return {"kind": "command", "by": "web:1", "what": what, "result": "done", "at": AT.isoformat()}


def tampered(before: Sequence[Entry], data: st.DataObject) -> list[Entry]:
    rows = list(before)
    at, other = data.draw(st.permutations(range(len(rows))))[:2]
    id_, said = rows[at]
    match data.draw(st.sampled_from(["change", "remove", "insert", "swap"])):
        case "change":
            name = data.draw(st.sampled_from(sorted(said)))
            rows[at] = (id_, {**said, name: said[name] + data.draw(st.text(min_size=1, max_size=3))})
        case "remove":
            del rows[at]
        case "insert":
            rows.insert(at + 1, (f"{int(id_.partition('-')[0]) + 1}-0", said))
        case "swap":
            rows[at], rows[other] = (id_, rows[other][1]), (rows[other][0], said)
    return rows


async def test_ten_thousand_lines_are_proven_with_their_progress(redis: Redis) -> None:
    await write(redis, *(line(number) for number in range(10_000)))
    assert await Sealer(redis).seal("sample") == 10_000
    steps: list[float] = []
    found = await AuditBook(redis).verify("sample", progress=steps.append)
    assert (found.lines, found.fresh, found.fault) == (10_000, 0, None)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
