"""How moderators share the work by commands: who has a case, when it comes back, and whom it is laid before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from bot.commands.call import Call, Carry, Reach
from bot.commands.finding import member_named
from bot.commands.moderators import shown
from bot.commands.parsing import CommandError, case_and_words
from bot.commands.times import length, until
from bot.groups.staff import introducing, names
from bot.outcome import Outcome
from bot.review.desk import DECIDES
from bot.words import LANGS, span, words
from moderation.cases import Settled, Steps, Taken, may_take
from moderation.cases.book import LEASE_S
from moderation.keys import Write
from moderation.members import admin, reaches
from moderation.types import TIERS, Case, Decision, Tier

SELF = ("me", "我", "自己")


class Person(NamedTuple):
    """A moderator: the id, and what the others call them."""

    id: str
    name: str


Work = Callable[[Reach, Call, Case, str], Awaitable[str]]
"""What is done with a case, by the words behind its name; returns what the caller is told. Raises CommandError, Settled
or Taken."""


def step(work: Work, *, taking: bool = True) -> Carry:
    """A command about one case. With `taking`, where others are asked for it, nobody else may."""

    async def carry(reach: Reach, call: Call) -> Outcome:
        name, rest = case_and_words(call.typed)
        case = await reach.books.cases.get(call.community.name, name)
        if case is None:
            return call.told(call.says("no_case", case=name))
        if taking and case.asked and not may_take(case, call.by, call.tier):
            return call.told(call.says("refused", tier=words(call.lang)(f"tier.{case.asked}")))
        try:
            told = await work(reach, call, case, rest)
        except (Settled, Taken) as fault:
            return call.told(await _late(reach, call, fault))
        return call.told(told, _known(call, call.by, call.by_name))

    return carry


async def claim(reach: Reach, call: Call, case: Case, _rest: str) -> str:
    """Takes a case, or renews one's hold of it."""
    await reach.books.cases.claim(call.community.name, case.id, call.by)
    return call.says("claimed", case=case.id, length=span(LEASE_S, call.lang))


async def release(reach: Reach, call: Call, case: Case, _rest: str) -> str:
    """Puts one's case back."""
    await reach.books.cases.release(call.community.name, case.id, call.by)
    return call.says("released", case=case.id)


async def assign(reach: Reach, call: Call, case: Case, rest: str) -> str:
    """Gives a case to a person, or takes that back."""
    steps = Steps(reach.books.streams.redis)
    if not rest:
        await steps.assign(call.community.name, case.id, "", by=call.by)
        return call.says("assigned_nobody", case=case.id)
    person = await _person(reach, call, rest)
    if person is None:
        return call.says("no_person", name=rest)
    await steps.assign(call.community.name, case.id, person.id, by=call.by)
    return call.says("assigned", case=case.id, name=person.name)


async def hold(reach: Reach, call: Call, case: Case, rest: str) -> str:
    """Puts a case aside until a time."""
    zone = (await reach.bench.sitting(call.community.name)).judge.policy.review.local
    at = until(rest, call.message.sent_at, zone)
    if at is None:
        raise CommandError("/hold: until when is not understood; write 30m, 2h, 1d, 09:30 or tomorrow")
    await Steps(reach.books.streams.redis).hold(call.community.name, case.id, at, by=call.by)
    lasts = length(rest)
    if lasts:
        return call.says("held_for", case=case.id, length=span(int(lasts.total_seconds()), call.lang))
    return call.says("held_until", case=case.id, time=at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), zone=zone.key)


async def skip(reach: Reach, call: Call, case: Case, _rest: str) -> str:
    """Passes a case by."""
    await Steps(reach.books.streams.redis).skip(call.community.name, case.id, by=call.by)
    return call.says("skipped", case=case.id)


async def escalate(reach: Reach, call: Call, case: Case, rest: str) -> str:
    """Asks a named person, or a tier: without either the one above the caller's own."""
    steps = Steps(reach.books.streams.redis)
    asked = _tier(rest) if rest else TIERS[min(TIERS.index(call.tier) + 1, len(TIERS) - 1)]
    if asked:
        await steps.escalate(call.community.name, case.id, by=call.by, asked=asked)
        return call.says("escalated", case=case.id, name=words(call.lang)(f"tier.{asked}"))
    person = await _person(reach, call, rest)
    if person is None:
        return call.says("no_person", name=rest)
    await steps.escalate(call.community.name, case.id, by=call.by, to=person.id)
    return call.says("escalated", case=case.id, name=person.name)


async def opinion(reach: Reach, call: Call, case: Case, rest: str) -> str:
    """What the caller would decide; it settles nothing."""
    action = _action(rest, case)
    if action is None:
        raise CommandError(f"/opinion: no decision is named; write one of {', '.join(DECIDES[case.kind])}")
    named = {"case": case.id, "action": action, "by": call.by, "by_name": call.by_name, "at": call.message.sent_at}
    await reach.books.cases.opine(call.community.name, Decision.model_validate(named))
    return call.says("opined", case=case.id)


async def next_(reach: Reach, call: Call) -> Outcome:
    """The most urgent case that the caller may take, with its buttons."""
    steps = Steps(reach.books.streams.redis)
    case = await steps.next(call.community.name, call.by, tier=call.tier)
    return await shown(reach, call, case) if case else call.told(words(call.lang)("queue.empty"))


async def _person(reach: Reach, call: Call, typed: str) -> Person | None:
    """The moderator who is named; None for nobody, and for a mere member."""
    wanted = typed.removeprefix("@").strip().casefold()
    if wanted in SELF:
        return Person(call.by, call.by_name)
    known = await names(reach.books.streams.redis, call.community.name)
    for id_, name in known.items():
        if wanted in (id_.casefold(), name.casefold()):
            return Person(id_, name)
    platform = call.message.place.platform
    member = await member_named(reach.books.history, call.message, typed)
    tier = await reach.books.members.tier(call.community.name, platform, member) if member else "member"
    if member is None or not reaches(tier, "helper"):
        return None
    return Person(admin(platform, member.id), member.name or member.id)


def _tier(typed: str) -> Tier | None:
    """A tier that can be asked, by its name in any language."""
    named = {words(lang)(f"tier.{tier}").casefold(): tier for lang in LANGS for tier in TIERS[1:]}
    return named.get(typed.strip().casefold())


def _action(typed: str, case: Case) -> str | None:
    """A decision about this kind of case, by its name or by what its button says in any language."""
    actions = [action for action in DECIDES[case.kind] if action != "answer"]
    named = {words(lang)(f"card.do_{action}").casefold(): action for lang in LANGS for action in actions}
    wanted = typed.strip().casefold()
    return wanted if wanted in actions else named.get(wanted)


async def _late(reach: Reach, call: Call, fault: Settled | Taken) -> str:
    """Who was faster."""
    known, by_policy = await names(reach.books.streams.redis, call.community.name), words(call.lang)("case.by_policy")
    if isinstance(fault, Taken):
        return call.says("step_taken", name=known.get(fault.holder, fault.holder))
    decision = fault.decision
    by = by_policy if decision.by == "policy" else decision.by_name or known.get(decision.by, decision.by)
    return call.says("step_settled", name=by)


def _known(call: Call, id_: str, name: str) -> Write:
    """The write that has a moderator called by name."""
    return introducing(call.community.name, id_, name)


CARRY: Mapping[str, Carry] = {
    "next": next_,
    "claim": step(claim),
    "release": step(release, taking=False),
    "assign": step(assign),
    "hold": step(hold),
    "skip": step(skip, taking=False),
    "escalate": step(escalate),
    "opinion": step(opinion, taking=False),
}
