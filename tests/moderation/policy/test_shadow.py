"""A policy in shadow, on record: counts, the latest examples, and moderators' decisions about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from moderation.cases import CaseBook, opening
from moderation.judging.lately import moderation_case
from moderation.keys import Write, key
from moderation.policy.shadow import SHOWN, ShadowBook, comparing, keeping
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Verdict

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIVE, BESIDE = "a@1111111111", "b@2222222222"


def message(id_: str, community: str = "sample") -> Message:
    place = Place(platform="web", community=community, channel="help")
    return Message(id=id_, place=place, author=Author(id="li"), text=f"text {id_}", sent_at=NOON)


def verdict(ruling: str, policy: str, clause: str | None = "abuse") -> Verdict:
    return Verdict(ruling=Ruling(ruling), clause=clause, policy=policy)


async def write(redis: Redis, writes: Iterable[Write]) -> None:
    for one in writes:
        await redis.execute_command(*one)


async def compare(redis: Redis, id_: str, live: str, shadow: str, *, days: int = 30, community: str = "sample") -> None:
    one = message(id_, community)
    await write(redis, comparing(one, verdict(live, LIVE), verdict(shadow, BESIDE), days))


async def test_differences_are_counted_with_their_examples(redis: Redis) -> None:
    await compare(redis, "m1", "allow", "allow")
    await compare(redis, "m2", "allow", "review")
    await compare(redis, "m3", "allow", "review")
    await compare(redis, "m4", "act", "review")
    report = await ShadowBook(redis, CaseBook(redis)).report("sample", LIVE, BESIDE, examples=1)
    assert (report.messages, report.unchanged) == (4, 1)
    found = [(one.old, one.new, one.count) for one in report.transitions]
    assert sorted(found) == [("act abuse", "review abuse", 1), ("allow", "review abuse", 2)]
    [most, _] = report.transitions
    assert [(shown.text, shown.key) for shown in most.examples] == [("text m3", message("m3").key)]
    assert (report.since, report.until) == (NOON, NOON)


async def test_every_pair_of_versions_and_every_community_begins_at_nothing(redis: Redis) -> None:
    await compare(redis, "m1", "allow", "review")
    await compare(redis, "m1", "allow", "act", community="other")
    book = ShadowBook(redis, CaseBook(redis))
    assert (await book.report("sample", LIVE, "b@3333333333")).messages == 0
    [there] = (await book.report("other", LIVE, BESIDE)).transitions
    assert there.new == "act abuse"


async def test_moderators_decisions_come_in_when_they_are_made(redis: Redis) -> None:
    cases = CaseBook(redis)
    decided = {"m1": ("review", "dismiss"), "m2": ("allow", "dismiss"), "m3": ("act", "remove"), "m4": ("allow", "ban")}
    for id_, (shadow, _) in decided.items():
        await compare(redis, id_, "review", shadow)
        case = Case(id=moderation_case(message(id_)), kind="moderation", subject=message(id_))
        await write(redis, opening(case))
    book = ShadowBook(redis, cases)
    assert (await book.report("sample", LIVE, BESIDE)).old.agreement.breaches == 0
    for id_, (_, action) in decided.items():
        decision = {"case": moderation_case(message(id_)), "action": action, "by": "anna"}
        await cases.decide("sample", Decision.model_validate(decision))
    report = await book.report("sample", LIVE, BESIDE)
    assert (report.old.agreement.precision, report.old.agreement.recall) == (0.5, 1.0)
    assert (report.new.agreement.precision, report.new.agreement.recall) == (0.5, 0.5)
    assert report.new.agreement.act_precision == 1.0


async def test_no_text_is_kept_without_an_archive_and_never_too_many(redis: Redis) -> None:
    await compare(redis, "m0", "allow", "review", days=0)
    differ = key("sample", "shadow", "1111111111..2222222222:differ")
    assert not await redis.exists(differ)
    for number in range(SHOWN + 5):
        await compare(redis, f"m{number}", "allow", "review")
    assert await redis.xlen(differ) == SHOWN
    assert 0 < await redis.ttl(differ) <= timedelta(days=30).total_seconds()


async def test_what_is_kept_is_dropped_when_it_is_too_old(redis: Redis) -> None:
    for days in (40, 31, 29, 0):
        stamp = int((datetime.now(UTC) - timedelta(days=days)).timestamp() * 1000)
        await redis.xadd("s", {"days": days}, id=f"{stamp}-0")
    await write(redis, keeping("s", 30, "days", "now"))
    rows = await redis.xrange("s")
    assert rows is not None
    assert [fields["days"] for _, fields in rows if fields] == ["29", "0", "now"]
