"""The moderators' desk: cards that follow their cases, and what their buttons do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import pytest
from redis.asyncio import Redis

from bot.groups.communities import Community
from bot.groups.happenings import Membership, Press
from bot.groups.presence import Presence
from bot.outcome import Outcome
from bot.review.cards import card as card_text
from bot.review.desk import Desk
from bot.stream import CARDS, Streams, happening, names, pressing
from bot.worker import Worker
from moderation.cases import CaseBook, Steps, furthering, strikes_key
from moderation.keys import Write, key
from moderation.policy import load
from moderation.types import Author, Case, Decision, Message, Place, Say, Tier, effects
from tests.bot.answering.test_feedback import until
from tests.bot.commands.calling import DOUBT, said, trail
from tests.bot.test_router import StubBench, books, handled, put, router, write

STAFF = Place(platform="web", community="sample", channel="staff")


async def desk(redis: Redis) -> Desk:
    """A desk whose community has its cards in #staff."""
    await books(redis).communities.keep(Community(name="sample", desk="web:staff"))
    return Desk(books(redis), StubBench(load()))


async def doubtful(redis: Redis) -> Case:
    outcome = await handled(redis, router(redis), said(DOUBT, by="mallory", id_="m1"))
    assert outcome.case is not None
    return outcome.case


async def question(redis: Redis) -> Case:
    outcome = await router(redis, sure=False).answer(put(said("支持火星吗？", id_="m1")))
    await write(redis, outcome)
    assert outcome.case is not None
    return outcome.case


def press(case: Case, verb: str, by: str = "anna", tier: Tier = "moderator", second: int = 0) -> Press:
    at = datetime(2026, 11, 22, 12, 0, second, tzinfo=UTC)
    return Press(
        place=STAFF, button=f"case:{case.id}:{verb}", member=Author(id=by, name=by, tier=tier), card="9", at=at
    )


async def pressed(redis: Redis, one: Desk, press_: Press) -> str:
    """What who pressed is told, with everything written; "" for nothing."""
    writes = await one.press(press_)
    await perform(redis, writes)
    notices = [say for say in map(said_by, writes) if say and say.to]
    return notices[0].text if notices else ""


def said_by(write_: Write) -> Say | None:
    effect = effects.validate_json(write_[-1]) if ":effects:" in write_[1] else None
    return effect if isinstance(effect, Say) else None


async def perform(redis: Redis, writes: Sequence[Write]) -> None:
    for one in writes:
        await redis.execute_command(*one)


async def follow(redis: Redis, one: Desk) -> list[Say]:
    """Bring the cards up to date by what waits on their stream; what is said at the desk by that."""
    [stream], shown = names("sample", [CARDS]), []
    for id_, fields in cast(list[tuple[str, dict[str, str]]], await redis.xrange(stream)):
        writes = await one.card("sample", fields["body"], id_)
        assert writes == await one.card("sample", fields["body"], id_)
        await perform(redis, writes)
        await redis.xdel(stream, id_)
        shown += [say for say in map(said_by, writes) if say]
    return shown


async def test_an_open_case_gets_a_card_that_is_edited_as_it_changes(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    [card] = await follow(redis, one)
    assert (card.id, card.place, card.edits) == (f"{case.id}:card", STAFF, None)
    assert DOUBT in card.text
    assert all(len(button.id) <= 60 for button in card.buttons)
    assert await pressed(redis, one, press(case, "claim")) == ""
    [claimed] = await follow(redis, one)
    assert claimed.edits == card.id
    assert "anna is on it" in claimed.text
    await pressed(redis, one, press(case, "release"))
    [released] = await follow(redis, one)
    assert "anna" not in released.text
    assert len({card.id, claimed.id, released.id}) == 3


async def test_what_a_member_asks_further_stands_on_the_card_of_its_question(redis: Redis) -> None:
    one, case = await desk(redis), await question(redis)
    [first] = await follow(redis, one)
    await perform(redis, furthering("sample", case.id, said("那*木星*呢？", id_="m2")))
    [card] = await follow(redis, one)
    assert (card.edits, "Asked further: 那*木星*呢？" in card.text) == (first.id, True)
    now = await CaseBook(redis).get("sample", case.id)
    assert now is not None
    assert "木星" not in card_text(now, load(), "zh", {}, quoting=False)


async def test_a_decision_in_the_console_changes_the_card_too(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    [card] = await follow(redis, one)
    await CaseBook(redis).decide("sample", Decision(case=case.id, action="remove", by="console-1", by_name="Sam"))
    [edit] = await follow(redis, one)
    assert edit.edits == card.id
    assert "Removed by Sam" in edit.text
    assert [button.id for button in edit.buttons] == [f"case:{case.id}:undo"]


async def test_without_a_desk_there_are_no_cards(redis: Redis) -> None:
    one = Desk(books(redis), StubBench(load()))
    await doubtful(redis)
    assert await follow(redis, one) == []


@pytest.mark.parametrize(
    ("verb", "action", "seconds"),
    [
        ("warn", "warn", 0),
        ("remove", "remove", 0),
        ("timeout", "timeout", 3600),
        ("mute", "mute", 0),
        ("kick", "kick", 0),
    ],
)
async def test_a_button_decides_once_and_the_loser_learns_who_was_faster(
    redis: Redis, verb: str, action: str, seconds: int
) -> None:
    one, case, cases = await desk(redis), await doubtful(redis), CaseBook(redis)
    first = press(case, verb)
    assert await pressed(redis, one, first) == ""
    assert await pressed(redis, one, first) == ""  # the same press, handled again after a crash
    assert "anna was faster" in await pressed(redis, one, press(case, "dismiss", "ben"))
    settled = await cases.get("sample", case.id)
    assert settled is not None
    assert settled.decision is not None
    decided = settled.decision
    assert (decided.action, decided.by, decided.seconds, decided.reason) == (
        action,
        "web:anna",
        seconds,
        "prompt_injection",
    )
    assert await redis.xlen(key("sample", "decisions", "0")) == 1
    assert decided.strikes == load().clause("prompt_injection").strikes


async def test_two_at_once_one_wins(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    told = await asyncio.gather(*(pressed(redis, one, press(case, "remove", f"mod{number}")) for number in range(8)))
    assert sorted(map(bool, told)) == [False] + [True] * 7
    assert await redis.xlen(key("sample", "decisions", "0")) == 1


async def test_who_works_on_a_case_keeps_it(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    await pressed(redis, one, press(case, "claim"))
    assert "anna has taken this case" in await pressed(redis, one, press(case, "ban", "ben"))
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    assert (found.state, found.claimed_by) == ("open", "web:anna")


@pytest.mark.parametrize(
    ("tier", "verb", "may"),
    [
        ("member", "claim", False),
        ("member", "ban", False),
        ("helper", "claim", True),
        ("helper", "ban", False),
        ("moderator", "ban", True),
        ("owner", "remove", True),
    ],
)
async def test_the_tier_is_looked_up_when_a_button_is_pressed(redis: Redis, tier: Tier, verb: str, may: bool) -> None:
    one, case = await desk(redis), await doubtful(redis)
    told = await pressed(redis, one, press(case, verb, tier=tier))
    assert ("Only" in told) is not may
    assert await trail(redis) == [("web:anna", f"[{verb}] {case.id}", "done" if may else "refused")]


async def test_a_helper_sends_the_draft_of_a_question_or_is_told_how_to_answer(redis: Redis) -> None:
    one, case = await desk(redis), await question(redis)
    [card] = await follow(redis, one)
    assert "Draft: T+7" in card.text
    told = await pressed(redis, one, press(case, "answer", tier="helper"))
    assert told == f"Write: /answer {case.id} YOUR ANSWER"
    assert await pressed(redis, one, press(case, "send", tier="helper")) == ""
    settled = await CaseBook(redis).get("sample", case.id)
    assert settled is not None
    assert settled.decision is not None
    assert (settled.decision.action, settled.decision.text) == ("answer", "T+7")


async def test_an_enforcement_is_undone_by_its_button_and_once(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    await follow(redis, one)
    await pressed(redis, one, press(case, "mute"))
    await follow(redis, one)
    await perform(redis, await one.press(press(case, "undo", "ben")))
    rows = await redis.xrange(key("sample", "enforcements", "web"))
    [(_, enforced)] = cast(list[tuple[str, dict[str, str]]], rows)
    assert '"unmute"' in enforced["body"]
    assert await redis.zcard(strikes_key("sample", "mallory")) == 0
    [edit] = await follow(redis, one)
    assert ("Taken back by ben" in edit.text, edit.buttons) == (True, ())
    assert not any(":effects:" in one_[1] for one_ in await one.press(press(case, "undo", "ben", second=9)))


async def test_a_ban_needs_two_moderators_and_whoever_had_a_part_decides_no_appeal(redis: Redis) -> None:
    one, case, walk = await desk(redis), await doubtful(redis), router(redis)
    await follow(redis, one)
    for second in (0, 1):
        assert "Two people must want this" in await pressed(redis, one, press(case, "ban", second=second))
    [edit] = await follow(redis, one)
    assert "anna would: Ban" in edit.text
    assert await pressed(redis, one, press(case, "ban", "ben")) == ""
    settled = await CaseBook(redis).get("sample", case.id)
    assert settled is not None
    assert settled.decision is not None
    assert (settled.decision.action, settled.decision.by) == ("ban", "web:ben")
    await handled(redis, walk, said(f"/appeal {case.id} it was a joke", by="mallory", id_="c1", private=True))
    [appeal] = await CaseBook(redis).queue("sample")
    for by in ("anna", "ben"):
        assert "another moderator" in await pressed(redis, one, press(appeal, "uphold", by))


async def test_an_owner_s_ban_needs_nobody_else(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    assert await pressed(redis, one, press(case, "ban", tier="owner")) == ""
    assert await redis.xlen(key("sample", "decisions", "0")) == 1


async def test_what_is_laid_before_admins_is_theirs_to_decide(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    await Steps(redis).escalate("sample", case.id, by="web:anna", asked="admin")
    assert any("for admins to decide" in say.text for say in await follow(redis, one))
    for verb in ("claim", "remove"):
        assert "Only admins" in await pressed(redis, one, press(case, verb))
    assert await pressed(redis, one, press(case, "remove", "lin", "admin")) == ""


async def test_an_appeal_is_not_decided_by_whom_it_is_against(redis: Redis) -> None:
    one, case, walk = await desk(redis), await doubtful(redis), router(redis)
    await pressed(redis, one, press(case, "mute"))
    await handled(redis, walk, said(f"/appeal {case.id} it was a joke", by="mallory", id_="c1", private=True))
    [appeal] = await CaseBook(redis).queue("sample")
    assert "another moderator" in await pressed(redis, one, press(appeal, "uphold"))
    assert await pressed(redis, one, press(appeal, "overturn", "ben")) == ""
    settled = await CaseBook(redis).get("sample", appeal.id)
    assert settled is not None
    assert settled.decision is not None
    assert settled.decision.action == "overturn"


@pytest.mark.parametrize("button", ["case:7KQF2M9D:ban", "case::ban", "nonsense", "case:7KQF2M9D:" + "x" * 40])
async def test_a_button_of_nothing_does_nothing(redis: Redis, button: str) -> None:
    one, case = await desk(redis), await doubtful(redis)
    await pressed(redis, one, press(case, "claim").model_copy(update={"button": button}))
    assert await redis.xlen(key("sample", "decisions", "0")) == 0
    for verb in ("uphold", "send", "fly"):
        assert await pressed(redis, one, press(case, verb)) == ""
    assert await redis.xlen(key("sample", "decisions", "0")) == 0


async def test_another_community_s_button_reaches_no_case(redis: Redis) -> None:
    one, case = await desk(redis), await doubtful(redis)
    place = STAFF.model_copy(update={"community": "other"})
    assert "no case" in await pressed(redis, one, press(case, "ban").model_copy(update={"place": place}))


async def test_the_worker_hears_presses_and_keeps_the_cards(redis: Redis) -> None:
    """The whole loop: a message, its card, a press, the enforcement, and the card's edit."""
    await desk(redis)
    streams, told = Streams(redis), list[tuple[Message, Outcome]]()
    await streams.register("sample")
    worker = Worker(router(redis), books(redis), StubBench(load()), lambda *what: told.append(what))
    task = asyncio.create_task(worker.run())

    async def at_desk(number: int) -> bool:
        return len(await staff(redis)) >= number

    try:
        await streams.put(said(DOUBT, by="mallory", id_="m1"))
        await until(lambda: at_desk(1))
        [case] = await CaseBook(redis).queue("sample")
        await redis.execute_command(*pressing(press(case, "remove")))
        await until(lambda: at_desk(2))
        await redis.execute_command(*happening(Membership(place=STAFF, change="bot_removed")))

        async def gone() -> bool:
            return (await books(redis).communities.get("sample")).desk == ""

        await until(gone)
    finally:
        task.cancel()
        await asyncio.wait([task])
    card, edit = await staff(redis)
    assert (edit.edits, "Removed by anna" in edit.text) == (card.id, True)
    assert [outcome.fate for _, outcome in told] == ["escalated", "settled"]


async def staff(redis: Redis) -> list[Say]:
    rows = cast(list[tuple[str, dict[str, str]]], await redis.xrange(key("sample", "effects", "web")))
    found = [effects.validate_json(fields["body"]) for _, fields in rows]
    return [one for one in found if isinstance(one, Say) and one.place.channel == "staff"]


async def test_a_group_that_moves_takes_its_desk_and_kinds_along(redis: Redis) -> None:
    known = books(redis)
    await known.communities.keep(Community(name="sample", desk="telegram:-5/7"))
    await redis.hset(key("sample", "channels"), mapping={"telegram:-5": "help", "telegram:-5/7": "general"})
    group = Place(platform="telegram", community="sample", channel="-5")
    moved = Membership(place=group, change="moved", moved_to="-1005")
    await perform(redis, await Presence(known).changed(moved))
    assert (await known.communities.get("sample")).desk == "telegram:-1005/7"
    assert await known.channels.profile(group.model_copy(update={"channel": "-1005"})) == "help"
    topic = group.model_copy(update={"channel": "-1005/7", "parent": "-1005"})
    assert await known.channels.profile(topic) == "general"
    assert [what for _, what, _ in await trail(redis, "setting")] == ["moved -5 -1005"]


async def test_members_who_come_and_go_leave_no_trace(redis: Redis) -> None:
    for change in ("joined", "left"):
        came = Membership.model_validate({"place": STAFF, "change": change, "member": Author(id="li")})
        assert await Presence(books(redis)).changed(came) == ()
