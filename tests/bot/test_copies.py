"""A decision about a message covers its copies: all go, each author is dealt with once, and all of it can be undone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.outcome import Outcome
from bot.review.effects import carrying_out
from bot.review.undoing import undone
from moderation.cases import CaseBook, opening, settling
from moderation.cases.undoing import Reversals
from moderation.keys import Write, key
from moderation.policy import load
from moderation.types import ENFORCING, UNDO, Action, Author, Case, Decision, Enforce, Message, Place, Say
from tests.bot.commands.calling import DOUBT, said, told
from tests.bot.test_router import handled, router, write

POLICY = load()
START = datetime(2026, 11, 22, tzinfo=UTC)


def message(number: int, by: str, home: str = "guild", edit: int = 0) -> Message:
    place = Place(platform="discord", community="sample", channel=f"c{number % 3}", home=home)
    at = START + timedelta(seconds=number)
    return Message(id=f"m{number}", place=place, author=Author(id=by, name=by.title()), text="x", sent_at=at, edit=edit)


def campaign(*copies: Message) -> Case:
    return Case(id="7KQF2M9D", kind="moderation", subject=message(0, "mallory"), copies=copies)


def decision(action: Action, strikes: int = 0) -> Decision:
    return Decision(
        case="7KQF2M9D", action=action, by="anna", reason="abuse", seconds=3600 * (action == "timeout"), strikes=strikes
    )


def enforced(case: Case, action: Action) -> list[tuple[str, str]]:
    found = carrying_out(POLICY, case, decision(action))
    assert len({effect.id for effect in found}) == len(found)
    assert found == carrying_out(POLICY, case, decision(action))
    return [
        (one.action, one.message if one.action == "delete" else one.member) for one in found if isinstance(one, Enforce)
    ]


def test_all_copies_go_and_each_author_is_dealt_with_once() -> None:
    case = campaign(message(1, "trudy"), message(2, "mallory"), message(3, "trudy"), message(4, "eve"))
    assert Counter(enforced(case, "ban")) == Counter(
        [("delete", f"m{number}") for number in range(5)] + [("ban", name) for name in ("mallory", "trudy", "eve")]
    )
    notices = [one for one in carrying_out(POLICY, case, decision("ban")) if isinstance(one, Say)]
    assert [one.to for one in notices] == ["mallory", "trudy", "eve"]
    assert {one.case for one in notices} == {case.id}


def test_a_warning_leaves_the_messages_and_is_told_under_each_authors_first() -> None:
    case = campaign(message(1, "trudy"), message(2, "trudy"))
    found = carrying_out(POLICY, case, decision("warn"))
    assert [(one.to, one.reply_to) for one in found if isinstance(one, Say)] == [("mallory", "m0"), ("trudy", "m1")]
    assert enforced(case, "warn") == []


def test_a_member_of_two_servers_is_dealt_with_in_both() -> None:
    case = campaign(message(1, "mallory", home="other guild"))
    assert enforced(case, "ban") == [("delete", "m0"), ("ban", "mallory"), ("delete", "m1"), ("ban", "mallory")]


def test_two_versions_of_one_message_go_once() -> None:
    case = campaign(message(1, "trudy"), message(1, "trudy", edit=7))
    assert enforced(case, "remove") == [("delete", "m0"), ("delete", "m1")]


@pytest.mark.parametrize("action", ["dismiss", "remove"])
def test_what_does_nothing_about_the_first_does_nothing_about_copies(action: Action) -> None:
    case = campaign(message(1, "trudy"))
    assert len(enforced(case, action)) == (0 if action == "dismiss" else 2)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(ENFORCING), st.lists(st.sampled_from(["mallory", "trudy", "eve"]), max_size=6))
async def test_whatever_is_done_is_undone(action: Action, authors: list[str]) -> None:
    case = campaign(*(message(number, name) for number, name in enumerate(authors, 1)))
    case = case.model_copy(update={"state": "settled", "decision": decision(action)})

    class NothingElse(Reversals):
        async def standing(self, case: Case) -> list[Case]:
            return []

    back = await undone(NothingElse(Redis()), case, decision("overturn"))
    assert len({effect.id for effect in back.effects}) == len(back.effects)
    held = Counter(one for one in enforced(case, action) if one[0] in UNDO)
    freed = Counter((one.action, one.member) for one in back.effects if isinstance(one, Enforce))
    assert freed == Counter({(UNDO[name], who): count for (name, who), count in held.items()})  # type: ignore[index]


async def decided(redis: Redis, action: Action) -> tuple[Case, Outcome]:
    """Three members' copies of one message, decided and carried out."""
    walk = router(redis)
    for number, by in enumerate(("mallory", "trudy", "eve")):
        await handled(redis, walk, said(DOUBT, by, id_=f"m{number}", channel=f"c{number}"))
    [case] = await CaseBook(redis).queue("sample")
    settled = await CaseBook(redis).decide("sample", decision(action, strikes=2).model_copy(update={"case": case.id}))
    assert settled.decision
    outcome = await walk.carry_out(settled, settled.decision)
    await write(redis, outcome)
    return settled, outcome


async def strikes(redis: Redis) -> list[int]:
    return [int(await redis.zcard(key("sample", "strikes", by))) for by in ("mallory", "trudy", "eve")]


async def test_each_author_has_the_strike_and_loses_it_with_the_undoing(redis: Redis) -> None:
    case, outcome = await decided(redis, "mute")
    assert [one.member for one in outcome.effects if isinstance(one, Enforce) and one.action == "mute"] == [
        *("mallory", "trudy", "eve")
    ]
    assert await strikes(redis) == [1, 1, 1]
    undo = await handled(redis, router(redis), said(f"/undo {case.id}", "anna", "moderator", id_="u1"))
    assert [one.member for one in undo.effects if isinstance(one, Enforce)] == ["mallory", "trudy", "eve"]
    assert await strikes(redis) == [0, 0, 0]
    again = await router(redis).carry_out(*await _settled(redis, case))
    assert not [one for one in again.writes if "strikes" in one[1]]


async def _settled(redis: Redis, case: Case) -> tuple[Case, Decision]:
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    assert found.decision is not None
    return found, found.decision


async def test_who_wrote_a_copy_may_appeal_and_all_is_taken_back(redis: Redis) -> None:
    case, _ = await decided(redis, "ban")
    walk = router(redis)
    appeal = said(f"/appeal {case.id} somebody copied me", "trudy", id_="a1", private=True)
    assert "Your appeal is filed" in await told(redis, walk, appeal)
    assert "no case" in await told(redis, walk, said(f"/appeal {case.id} me too", "nobody", id_="a2", private=True))
    [open_] = await CaseBook(redis).queue("sample")
    assert [about.author.id for about in open_.context] == ["trudy"]
    overturned = await CaseBook(redis).decide("sample", Decision(case=open_.id, action="overturn", by="ben"))
    assert overturned.decision
    outcome = await walk.carry_out(overturned, overturned.decision)
    assert {one.member for one in outcome.effects if isinstance(one, Enforce)} == {"mallory", "trudy", "eve"}


async def test_who_is_held_by_another_decision_stays_held(redis: Redis) -> None:
    case, _ = await decided(redis, "mute")
    other = Case(id="OTHER123", kind="moderation", subject=said("worse", "trudy", id_="w1"))
    ban = Decision(case=other.id, action="mute", by="policy", strikes=1, at=case.opened_at)
    writes: list[Write] = [*opening(other), *settling(other.model_copy(update={"state": "settled"}), ban)]
    for one in writes:
        await redis.execute_command(*one)
    back = await undone(Reversals(redis), (await _settled(redis, case))[0], decision("overturn"))
    assert [one.member for one in back.effects if isinstance(one, Enforce)] == ["mallory", "eve"]


async def test_who_is_held_as_the_author_of_a_copy_stays_held_too(redis: Redis) -> None:
    await decided(redis, "mute")
    own = Case(id="OTHER123", kind="moderation", subject=said("worse", "trudy", id_="w1"))
    mute = Decision(case=own.id, action="mute", by="policy", strikes=1)
    own = own.model_copy(update={"state": "settled", "decision": mute})
    back = await undone(Reversals(redis), own, decision("overturn"))
    assert [one for one in back.effects if isinstance(one, Enforce)] == []
