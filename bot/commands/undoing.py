"""`/undo`: a decision is taken back, or all that the policy did under one rule, first shown and then confirmed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import AwareDatetime, ValidationError

from bot.commands.call import Call, Carry, Reach
from bot.commands.parsing import CommandError, case_and_words
from bot.commands.times import length
from bot.outcome import Outcome
from bot.review.cards import can_undo
from bot.review.undoing import undo_all, undone
from bot.words import words
from moderation.audit import auditing
from moderation.cases.undoing import Reversals, Wanted
from moderation.keys import key
from moderation.members import reaches
from moderation.policy import Policy
from moderation.types import Case, Decision, Noun, Tier

RULE = ("rule", "规则")
BULK_TIER: Tier = "admin"
CONFIRM_S = 600
SHOWN = 5
"""Cases that the preview names."""


class Plan(NamedTuple):
    """What is asked for: a clause with its title, how far back (as typed), and the word that confirms it, if any."""

    clause: str
    title: str
    lasts: timedelta
    span: str
    word: str


class Kept(Noun):
    """What a person was shown and has yet to confirm: the policy's decisions under a clause within these times."""

    word: str
    clause: str
    span: str
    since: AwareDatetime
    until: AwareDatetime

    @property
    def wanted(self) -> Wanted:
        return Wanted(since=self.since, until=self.until, clause=self.clause, by="policy")


async def undo(reach: Reach, call: Call) -> Outcome:
    """Takes a decision back: the effects, the strike, and the member is told."""
    if call.typed.casefold().startswith(RULE):
        return await _rule(reach, call)
    name, _ = case_and_words(call.typed)
    one = await reach.books.cases.get(call.community.name, name)
    if one is None:
        return call.told(call.says("no_case", case=name))
    if not can_undo(one):
        return call.told(call.says("undo_nothing", case=one.id))
    back = await undone(Reversals(reach.books.streams.redis), one, _reversal(call, one.id))
    return call.told(call.says("undone", case=one.id), *back.writes, effects=back.effects)


async def _rule(reach: Reach, call: Call) -> Outcome:
    """What the policy did by itself under a rule. What people decided is taken back one by one."""
    if not reaches(call.tier, BULK_TIER):
        return call.told(call.says("refused", tier=words(call.lang)(f"tier.{BULK_TIER}")))
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    plan, reversals = _plan(call, policy), Reversals(reach.books.streams.redis)
    kept = await _kept(reach, call)
    if kept and plan.word == kept.word and (plan.clause, plan.span) == (kept.clause, kept.span):
        found = await reversals.found(call.community.name, kept.wanted)
        done = await undo_all(reversals, found, _reversal(call, "-"))
        what = f"took back {done} of {kept.clause} since {kept.since.isoformat()}"
        line = auditing(call.community.name, call.by, call.tier, what, "done", call.message.sent_at, kind="undo")
        return call.told(call.says("undo_rule_done", n=done), line, ("DEL", _key(call)))
    return await _preview(call, plan, reversals)


async def _preview(call: Call, plan: Plan, reversals: Reversals) -> Outcome:
    """What would be taken back, kept until it is confirmed by the word that the answer ends with."""
    word = hashlib.blake2b(call.message.key.encode(), digest_size=2).hexdigest()  # the same when it is handled again
    now = datetime.now(UTC)
    kept = Kept(word=word, clause=plan.clause, span=plan.span, since=now - plan.lasts, until=now)
    found = await reversals.found(call.community.name, kept.wanted)
    if not found:
        return call.told(call.says("undo_rule_none", title=plan.title, span=plan.span))
    members = len({(case.subject.place.platform, case.subject.author.id) for case in found})
    counted = {"n": len(found), "members": members, "actions": _actions(call, found)}
    told = [
        call.says("undo_rule_found", title=plan.title, span=plan.span, **counted),
        call.says("undo_rule_cases", cases=", ".join(case.id for case in found[-SHOWN:])),
        call.says("undo_rule_sure", clause=plan.clause, span=plan.span, word=word),
    ]
    return call.told("\n".join(told), ("SET", _key(call), kept.model_dump_json(), "EX", str(CONFIRM_S)))


def _actions(call: Call, cases: Sequence[Case]) -> str:
    """How many of which: `3 x ban`."""
    counts = Counter(case.decision.action for case in cases if case.decision)
    say = words(call.lang)
    return ", ".join(f"{n} × {say(f'card.do_{action}')}" for action, n in counts.most_common())


def _plan(call: Call, policy: Policy) -> Plan:
    """`rule scam_fraud 24h 3fa1` in its parts; a clause may be called by its title. Raises CommandError."""
    _, *typed = call.typed.split()
    clauses = {
        title.casefold(): name for name, one in policy.clauses.items() for title in (name, one.title.zh, one.title.en)
    }
    at = next((at for at, part in enumerate(typed) if length(part)), 0)
    lasts, clause = length(typed[at]) if typed else None, clauses.get(" ".join(typed[:at]).casefold())
    if lasts is None or clause is None:
        raise CommandError("/undo rule: write a rule and how far back, such as /undo rule scam_fraud 24h")
    word = typed[at + 1].casefold() if typed[at + 1 :] else ""
    title = policy.clauses[clause].title
    return Plan(clause, title.of(call.lang), lasts, typed[at], word)


async def _kept(reach: Reach, call: Call) -> Kept | None:
    found = await reach.books.streams.redis.get(_key(call))
    try:
        return Kept.model_validate_json(found) if found else None
    except ValidationError:  # of another version
        return None


def _reversal(call: Call, case: str) -> Decision:
    return Decision(case=case, action="overturn", by=call.by, by_name=call.by_name, at=call.message.sent_at)


def _key(call: Call) -> str:
    return key(call.community.name, "undo", call.by)


CARRY: dict[str, Carry] = {"undo": undo}
