"""`/bulk`: one decision for open cases that are alike, first shown and then confirmed with a word."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic import ValidationError

from bot.commands.call import Call, Carry, Reach
from bot.commands.parsing import CommandError, case_and_words
from bot.groups.staff import names
from bot.outcome import Outcome
from bot.review.bulk import MOST, Done, alike, decide_each
from bot.review.desk import enforcing
from bot.words import words
from moderation.cases.clusters import Cluster
from moderation.cases.steps import needs_second
from moderation.keys import key
from moderation.policy import Policy
from moderation.types import ENFORCING, Action, Case, Decision, Noun

LINES = 10
QUOTED = 200
"""Characters of a message that the preview shows where only moderators read along."""
CONFIRM_S = 600

ACTIONS: tuple[Action, ...] = ("dismiss", *ENFORCING)
_NAMED: dict[str, Action] = {name: action for action in ACTIONS for name in (action, words("zh")(f"card.do_{action}"))}
"""The actions by what people type, in both languages."""


class Plan(Noun):
    """What a person was shown and has yet to confirm: these cases, in this order, decided by this action."""

    word: str
    cluster: str
    action: Action
    cases: tuple[str, ...]


async def bulk(reach: Reach, call: Call) -> Outcome:
    """The groups of cases that are alike, one of them with what would be done, or the decision about it."""
    if not call.typed:
        return call.told(await _overview(reach, call))
    name, rest = case_and_words(call.typed)
    verb, _, word = rest.partition(" ")
    action = _NAMED.get(verb.casefold())
    if action is None:
        raise CommandError(f"/bulk: write what is to be done: {', '.join(ACTIONS)}")
    plan = await _planned(reach, call)
    if plan and word.strip().casefold() == plan.word and (plan.cluster, plan.action) == (name, action):
        done = await _decided(reach, call, plan)
        return call.told(await _told(reach, call, done), ("DEL", _plan(call)))
    return await _preview(reach, call, name, action)


async def _found(reach: Reach, call: Call) -> list[Cluster]:
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    return await alike(reach.books.cases, call.community.name, policy)


async def _overview(reach: Reach, call: Call) -> str:
    found = await _found(reach, call)
    if not found:
        return call.says("bulk_none")
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    lines = [_line(cluster, call, policy) for cluster in found[:LINES]]
    return "\n".join([*lines, call.says("bulk_how")])


def _line(cluster: Cluster, call: Call, policy: Policy) -> str:
    """A group in a line, without a word or a name of a member."""
    clause = policy.clauses.get(cluster.clause)
    title = clause.title.of(call.lang) if clause else words(call.lang)("queue.review")
    members = len({(case.subject.place.platform, case.subject.author.id) for case in cluster.cases})
    return call.says("bulk_group", case=cluster.name, title=title, n=len(cluster.cases), members=members)


async def _preview(reach: Reach, call: Call, name: str, action: Action) -> Outcome:
    """What would be decided, kept until it is confirmed by the word that the answer ends with."""
    found = await _found(reach, call)
    cluster = next((one for one in found if any(case.id == name for case in one.cases)), None)
    if cluster is None:
        return call.told(call.says("bulk_gone", case=name))
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    chosen = cluster.cases[:MOST]
    plan = Plan(word=_word(call), cluster=name, action=action, cases=tuple(case.id for case in chosen))
    quoted = [f"> {cluster.sample.subject.text[:QUOTED]}"] if call.alone else []
    doing = words(call.lang)(f"card.do_{action}")
    verb = doing if call.lang == "zh" else action
    sure = call.says("bulk_sure", n=len(chosen), action=doing, case=name, word=plan.word, verb=verb)
    kept = ("SET", _plan(call), plan.model_dump_json(), "EX", str(CONFIRM_S))
    return call.told("\n".join([_line(cluster, call, policy), *quoted, sure]), kept)


async def _planned(reach: Reach, call: Call) -> Plan | None:
    found = await reach.books.streams.redis.get(_plan(call))
    try:
        return Plan.model_validate_json(found) if found else None
    except ValidationError:  # of another version
        return None


async def _decided(reach: Reach, call: Call, plan: Plan) -> Done:
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    seconded = needs_second(policy.review, plan.action, call.tier)

    def choose(case: Case) -> Decision:
        return _decision(call, case, plan.action, policy)

    return await decide_each(
        reach.books.cases, call.community.name, plan.cases, choose, seconded=seconded, tier=call.tier
    )


def _decision(call: Call, case: Case, action: Action, policy: Policy) -> Decision:
    more = enforcing(case, action, policy) if action in ENFORCING else {}
    named = {"case": case.id, "action": action, "by": call.by, "by_name": call.by_name, "at": call.message.sent_at}
    return Decision.model_validate({**named, **more})


async def _told(reach: Reach, call: Call, done: Done) -> str:
    lines = [call.says("bulk_done", n=len(done.decided))]
    if done.waiting:
        lines.append(call.says("bulk_seconded", n=len(done.waiting)))
    if done.before:
        lines.append(call.says("bulk_before", cases=await _by_whom(reach, call, done.before)))
    if done.held:
        lines.append(call.says("bulk_held", cases=await _by_whom(reach, call, done.held)))
    return "\n".join(lines)


async def _by_whom(reach: Reach, call: Call, ids: Sequence[str]) -> str:
    """The cases with who decided or holds each."""
    known = await names(reach.books.streams.redis, call.community.name)
    told = []
    for id_ in ids:
        case = await reach.books.cases.get(call.community.name, id_)
        by = (case.decision.by if case.decision else case.claimed_by) if case else ""
        told.append(f"{id_} ({known.get(by, by)})" if by else id_)
    return ", ".join(told)


def _word(call: Call) -> str:
    """The same word whenever this message is handled again."""
    return hashlib.blake2b(call.message.key.encode(), digest_size=2).hexdigest()


def _plan(call: Call) -> str:
    return key(call.community.name, "bulk", call.by)


CARRY: dict[str, Carry] = {"bulk": bulk}
