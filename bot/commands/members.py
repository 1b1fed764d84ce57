"""What every member may tell the bot: help, a report, an appeal, and what it keeps of the member."""

from __future__ import annotations

import re

from bot.answering.people import handing
from bot.commands.call import Call, Carry, Reach
from bot.commands.finding import found
from bot.commands.parsing import CommandError, case_and_words
from bot.commands.table import COMMANDS, TABLE, Command
from bot.groups.channels import placed_in
from bot.groups.personal import confirming
from bot.outcome import Outcome, context, handoff
from bot.words import words
from moderation.audit import auditing
from moderation.cases import changing, grading, opening, reporting
from moderation.cases.clocks import dated
from moderation.cases.copies import own_message
from moderation.cases.folding import Folding, Near
from moderation.judging.lately import identity, moderation_case, surroundings
from moderation.keys import Write
from moderation.members import REPORTS_PER_HOUR, counting_report, reaches
from moderation.types import Case, Message, Reply, case_id

URGENT = 3
"""Where a report or an appeal waits among the clauses' severities, which run from 1 to 5."""


async def ask(_reach: Reach, _call: Call) -> Outcome:
    """A question without words; one with words is the answer room's."""
    raise CommandError("/ask: there is no question; write /ask QUESTION")


async def help_(_reach: Reach, call: Call) -> Outcome:
    """The commands that the caller may use, or how to write one of them."""
    wanted = COMMANDS.get(call.typed.lstrip("/／").casefold())
    if wanted and reaches(call.tier, wanted.tier):
        return call.told(f"{wanted.description(call.lang)}\n{wanted.usage(call.lang)}")
    own = [one for one in TABLE if reaches(call.tier, one.tier)]
    lines = [words(call.lang)("say.about"), *(_line(one, call) for one in own)]
    return call.told("\n".join(lines))


def _line(command: Command, call: Call) -> str:
    chinese = next((name for name in command.aliases if not name.isascii()), "")
    shown = f"/{command.name} /{chinese}" if chinese and call.lang == "zh" else f"/{command.name}"
    return f"{shown} - {command.description(call.lang)}"


async def report(reach: Reach, call: Call) -> Outcome:
    """Lays a message before the moderators: one case for it, however many report it."""
    message, community = call.message, call.community.name
    if not call.typed and not message.reply_to:
        raise CommandError("/report: nothing is reported; reply to a message, or add its link or some words")
    if await reach.books.members.reported(community, call.by) >= REPORTS_PER_HOUR:
        return call.told(call.says("too_many_reports"))
    subject = await found(reach.books.history, message, call.typed)
    if subject is None:
        return await _complaint(reach, call)
    own = await _case_of(reach, subject)
    if own and own.state == "settled":
        return call.told(call.says("reported_settled"))
    policy = (await reach.bench.sitting(community)).judge.policy
    fresh = own or dated(policy, await _reported(reach, subject))
    near = Near(own) if own else await Folding(reach.books.streams.redis).near(fresh, policy.duplicates, severity=1)
    case = near.case or fresh
    if call.by in case.reporters:
        return call.told(call.says("reported", case=case.id))
    counted = (*counting_report(community, call.by), reporting(community, case.id, call.by))
    if near.case:
        raised = [grading(community, case.id, URGENT)] if case.severity < URGENT else []
        counted = (*counted, *raised)
        told = call.told(call.says("reported", case=case.id), *near.writes, *counted, *changing(community, case.id))
        return told._replace(expects=near.expects)
    writes = (*opening(case), *near.writes, *counted, *handing(case))
    told = call.told(call.says("reported", case=case.id), *writes)
    return told._replace(fate="escalated", case=case, expects=near.expects)


async def _case_of(reach: Reach, message: Message) -> Case | None:
    """The case that the message has of its own, or is a copy on."""
    cases, community = reach.books.cases, message.place.community
    if own := await cases.get(community, moderation_case(message)):
        return own
    others = await cases.of_member(community, message.place.platform, message.author.id)
    return next((one for one in others if identity(message) in map(identity, one.copies)), None)


async def _reported(reach: Reach, subject: Message) -> Case:
    """A new case for a reported message, with what the judge finds in it."""
    recent = await reach.books.history.recent(subject.place.community)
    judge = (await reach.bench.sitting(subject.place.community)).judge
    own = await reach.books.channels.profile(subject.place)
    verdict = judge.judge(placed_in(subject, judge.policy, own), surroundings(subject, recent))
    clause = judge.policy.clauses.get(verdict.clause or "")
    return Case(
        id=moderation_case(subject),
        kind="moderation",
        subject=subject,
        context=context(subject, recent),
        verdict=verdict,
        severity=max(URGENT, clause.severity if clause else 0),
        strikes=(await reach.books.members.standing(subject)).strikes,
    )


async def _complaint(reach: Reach, call: Call) -> Outcome:
    """A report of something that the bot cannot see is a matter for a person, in the reporter's words."""
    message, community = call.message, call.community.name
    recent = await reach.books.history.recent(community)
    case = handoff(message, recent, Reply(handoff=True, why="reported")).model_copy(update={"severity": URGENT})
    case = dated((await reach.bench.sitting(community)).judge.policy, case)
    writes = (*opening(case), *counting_report(community, call.by), *handing(case))
    return call.told(call.says("reported", case=case.id), *writes)._replace(fate="escalated", case=case)


async def appeal(reach: Reach, call: Call) -> Outcome:
    """Asks for another look at a decision on the caller's own message, once."""
    name, said = case_and_words(call.typed)
    if not said:
        raise CommandError("/appeal: say why; write /appeal CASE WORDS")
    first = await reach.books.cases.get(call.community.name, name)
    if first is None or not _may_appeal(first, call.message):
        return call.told(call.says("no_appeal", case=name))
    if first.reversal:
        return call.told(call.says("appeal_reversed", case=name))
    own = own_message(first, call.message.place.platform, call.message.author.id) or first.subject
    id_ = case_id("appeal", own)
    if await reach.books.cases.get(call.community.name, id_):
        return call.told(call.says("appeal_once", case=name))
    subject = call.message.model_copy(update={"text": said})
    about = (own,)
    case = Case(
        id=id_, kind="appeal", subject=subject, context=about, verdict=first.verdict, of=first.id, severity=URGENT
    )
    case = dated((await reach.bench.sitting(call.community.name)).judge.policy, case)
    known = changing(call.community.name, first.id)  # its card tells of the appeal
    at = call.message.sent_at  # who appeals is in the case, until the member is forgotten
    line = auditing(call.community.name, "member", call.tier, f"appealed {name}", "done", at, kind="step", case=id_)
    told = call.told(call.says("appealed", case=id_), *opening(case), *handing(case), *known, line)
    return told._replace(fate="escalated", case=case)


def _may_appeal(first: Case, message: Message) -> bool:
    """Whether the case is an enforcement against the message's author, of the first or of a copy; of others' cases a
    member learns nothing."""
    mine = own_message(first, message.place.platform, message.author.id) is not None
    enforced = first.decision is not None and first.decision.enforces
    return mine and enforced and first.kind == "moderation"


async def mydata(reach: Reach, call: Call) -> Outcome:
    """What is kept of the caller, in numbers."""
    kept = await reach.books.personal.kept(call.message)
    trust = words(call.lang)(f"trust.{call.message.author.trust}")
    return call.told(call.says("kept", **{**kept._asdict(), "trust": trust}))


async def forgetme(reach: Reach, call: Call) -> Outcome:
    """Deletes what is kept of the caller, once the word of the first answer is sent."""
    asked = await reach.books.personal.word(call.message)
    if asked and re.sub(r"\W", "", call.typed).casefold() == asked:
        writes: list[Write] = await reach.books.personal.forgetting(call.message)
        return call.told(call.says("forgotten"), *writes)._replace(fate="forgotten")
    word, write = confirming(call.message)
    return call.told(call.says("forget_sure", word=word), write)


CARRY: dict[str, Carry] = {
    "ask": ask,
    "help": help_,
    "report": report,
    "appeal": appeal,
    "mydata": mydata,
    "forgetme": forgetme,
}
