"""What helpers and moderators tell the bot: the queue, a case, an answer, a remark, and the way back."""

from __future__ import annotations

from bot.commands.call import Call, Carry, Reach
from bot.commands.filters import Asked, asked
from bot.commands.parsing import CommandError, case_and_words
from bot.groups.staff import names
from bot.outcome import Outcome
from bot.review.cards import age, at_work, buttons, card, title
from bot.review.desk import rung_for, showing
from bot.words import words
from moderation.cases import Settled, Taken, may_take, remarking
from moderation.types import Case, Decision, Remark, Say

LINES = 10
"""Cases that /queue shows."""
VIEWED = 100
"""Cases of a view that it counts."""


async def queue(reach: Reach, call: Call) -> Outcome:
    """Open cases, the most urgent first; no word of a member is in it, because a group may read along."""
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    cases = await _viewed(reach, call, asked(call.typed, policy))
    if not cases:
        return call.told(call.says("queue_nothing") if call.typed else words(call.lang)("queue.empty"))
    known = await names(reach.books.streams.redis, call.community.name)
    lines = []
    for one in cases[:LINES]:
        place, work = one.subject.place, at_work(one, call.lang, known)
        parts = (title(one, policy, call.lang), f"#{place.title or place.channel}", age(one, call.lang), *work)
        lines.append(" · ".join(part for part in parts if part))
    waiting = len(cases) if call.typed else (await reach.books.cases.counts(call.community.name)).open
    more = [call.says("queue_more", n=waiting - len(lines))] if waiting > len(lines) else []
    return call.told("\n".join([*lines, *more]))


async def _viewed(reach: Reach, call: Call, wanted: Asked) -> list[Case]:
    """The cases of a view, and of one's own also those that were given to the caller."""
    book, community = reach.books.cases, call.community.name
    cases = await book.queue(community, VIEWED, view=wanted.view, by=call.by)
    if wanted.mine:
        given = wanted.view._replace(holder="", assigned=call.by)
        cases = [*cases, *await book.queue(community, VIEWED, view=given, by=call.by)]
    return list({one.id: one for one in cases}.values())


async def case(reach: Reach, call: Call) -> Outcome:
    """One case with its buttons. In a group where all read along, nothing that was said is repeated."""
    one = await _case(reach, call)
    return await shown(reach, call, one) if one else _none(call)


async def shown(reach: Reach, call: Call, one: Case) -> Outcome:
    """A case's card as the answer."""
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    known = await names(reach.books.streams.redis, call.community.name)
    rung = await rung_for(reach.books, policy, one)
    text = card(one, policy, call.lang, known, quoting=call.alone, rung=rung)
    outcome = call.told(text if call.alone else f"{text}\n{call.says('case_alone')}", buttons=buttons(one, call.lang))
    [said] = outcome.effects
    return outcome._replace(writes=tuple(showing(one, said))) if isinstance(said, Say) and call.alone else outcome


async def answer(reach: Reach, call: Call) -> Outcome:
    """A person's answer to a question that was handed over."""
    name, text = case_and_words(call.typed)
    if not text:
        raise CommandError("/answer: the answer is missing; write /answer CASE WORDS")
    one = await reach.books.cases.get(call.community.name, name)
    if one is None or one.kind != "handoff":
        return _none(call)
    if one.asked and not may_take(one, call.by, call.tier):
        return call.told(call.says("refused", tier=words(call.lang)(f"tier.{one.asked}")))
    decision = Decision(
        case=name, action="answer", by=call.by, by_name=call.by_name, text=text[:4096], at=call.message.sent_at
    )
    try:
        await reach.books.cases.decide(call.community.name, decision)
    except Settled as fault:
        return call.told(words(call.lang)("case.settled_first", name=fault.decision.by_name or fault.decision.by))
    except Taken as fault:
        known = await names(reach.books.streams.redis, call.community.name)
        return call.told(words(call.lang)("case.taken_first", name=known.get(fault.holder, fault.holder)))
    return call.told(call.says("answered", case=name))


async def note(reach: Reach, call: Call) -> Outcome:
    """A remark on a case, for the other moderators."""
    _, text = case_and_words(call.typed)
    if not text:
        raise CommandError("/note: the remark is missing; write /note CASE WORDS")
    one = await _case(reach, call)
    if one is None:
        return _none(call)
    remark = Remark(by=call.by, by_name=call.by_name, text=text[:2000], at=call.message.sent_at)
    return call.told(call.says("noted", case=one.id), *remarking(call.community.name, one.id, remark))


async def _case(reach: Reach, call: Call) -> Case | None:
    return await reach.books.cases.get(call.community.name, case_and_words(call.typed)[0])


def _none(call: Call) -> Outcome:
    return call.told(call.says("no_case", case=case_and_words(call.typed)[0]))


CARRY: dict[str, Carry] = {"queue": queue, "case": case, "answer": answer, "note": note}
