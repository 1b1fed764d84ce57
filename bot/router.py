"""The two straight paths: what a message leads to, and what a decision leads to.

The router knows no chat platform. It returns an outcome: effects for the edges, and writes for the stream, which
performs both in one transaction with the acknowledgement. It performs nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from bot.bench import Sitting
from bot.commands import CommandError, is_command, taught
from bot.effects import carrying_out, in_reply
from bot.fitness import unfit
from bot.history import History, archiving, noting
from bot.knowledge.documents import guess_lang
from bot.knowledge.shelf import teaching
from bot.questions import Speech, speech
from bot.stream import asking
from bot.words import words
from moderation.backtest import placed
from moderation.cases import opening, settling
from moderation.keys import Write
from moderation.lately import moderation_case, surroundings, unchanged
from moderation.members import MemberBook, Standing, passing
from moderation.policy import Policy
from moderation.shadow import comparing
from moderation.types import (
    Case,
    Decision,
    Enforce,
    Message,
    Reply,
    Ruling,
    Say,
    Verdict,
    case_id,
)

CONTEXT = 6
"""Messages of the channel that a case shows before its subject."""

Fate = Literal["silent", "asked", "answered", "enforced", "escalated", "settled"]


class Answers(Protocol):
    """The answer room, as the router sees it."""

    async def answer(self, community: str, question: str, history: Sequence[str] = ()) -> Reply: ...


class Bench(Protocol):
    """Who judges in a community, as the router sees it."""

    async def sitting(self, community: str) -> Sitting: ...


class Outcome(NamedTuple):
    """What became of a message or a decision, and what is to be done about it.

    `shadow` is the verdict of the policy beside the one in force; nothing follows from it.
    """

    fate: Fate
    effects: tuple[Say | Enforce, ...] = ()
    writes: tuple[Write, ...] = ()
    verdict: Verdict | None = None
    case: Case | None = None
    reply: Reply | None = None
    shadow: Verdict | None = None


class Router:
    """Judges, answers, escalates and carries out. One for all communities; it holds no state of its own.

    Messages are archived for `archive_days` days, 0 keeps none.
    """

    def __init__(
        self, bench: Bench, answers: Answers, members: MemberBook, history: History, *, archive_days: int = 0
    ) -> None:
        self._bench = bench
        self._answers = answers
        self._members = members
        self._history = history
        self._archive_days = archive_days

    async def prepare(self, communities: Sequence[str]) -> None:
        """Have the judges of these communities ready before the first message comes."""
        for community in communities:
            await self._bench.sitting(community)

    async def handle(self, message: Message) -> Outcome:
        """What a message leads to: silence, a question for the answer room, a case for a person, or enforcement."""
        if message.author.bot:
            return Outcome("silent")
        community = message.place.community
        recent = await self._history.recent(community)
        if unchanged(message, recent):
            return Outcome("silent")
        sitting, standing = await self._bench.sitting(community), await self._members.standing(message)
        author = message.author.model_copy(update={"trust": standing.trust})
        message = placed(message.model_copy(update={"author": author}), sitting.judge.policy)
        said = surroundings(message, recent)
        verdict = sitting.judge.judge(message, said)
        outcome = _ruled(sitting.judge.policy, message, verdict, standing, recent)
        writes = (*outcome.writes, *noting(message), *archiving(message, verdict, self._archive_days))
        if sitting.shadow is None:
            return outcome._replace(verdict=verdict, writes=writes)
        beside = sitting.shadow.judge(placed(message, sitting.shadow.policy), said)
        writes += tuple(comparing(message, verdict, beside, self._archive_days))
        return outcome._replace(verdict=verdict, writes=writes, shadow=beside)

    async def answer(self, message: Message) -> Outcome:
        """What a question leads to: an answer with its source, or a case for a person that carries the draft.

        The bot's own words are judged like anyone's; those that the community would not want are such a draft.
        """
        community, lang = message.place.community, guess_lang(message.text)
        reply = await self._answers.answer(community, message.text)
        verdict = None
        if not reply.handoff:
            verdict = unfit((await self._bench.sitting(community)).judge, message.place, reply)
            if verdict is None:
                return Outcome("answered", (in_reply(message, reply.text, "answer", reply),), reply=reply)
            reply = reply.model_copy(update={"handoff": True, "why": "unfit"})
        case = Case(
            id=case_id("handoff", message),
            kind="handoff",
            subject=message,
            context=_context(message, await self._history.recent(community)),
            verdict=verdict,
            reply=reply,
        )
        notice = in_reply(message, words(lang)("say.handoff", case=case.id), "handoff", case=case.id)
        return Outcome("escalated", (notice,), tuple(opening(case)), case=case, reply=reply)

    async def carry_out(self, case: Case, decision: Decision) -> Outcome:
        """What a decision leads to, a person's and the policy's alike."""
        policy = (await self._bench.sitting(case.community)).judge.policy
        return _carried_out(policy, case, decision)


def _ruled(
    policy: Policy, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]
) -> Outcome:
    match verdict.ruling:
        case Ruling.ACT:
            return _act(policy, message, verdict, standing, recent)
        case Ruling.REVIEW:
            return _review(policy, message, verdict, recent)
        case Ruling.ALLOW if is_command(message):
            return _command(message, standing)
        case Ruling.ALLOW:
            return _allow(message)


def _act(policy: Policy, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]) -> Outcome:
    clause = verdict.clause or ""
    rung = policy.rung(clause, standing.strikes)
    case = _moderation_case(message, verdict, recent)
    decision = Decision(
        case=case.id,
        action=rung.action,
        by="policy",
        by_name="policy",
        reason=clause,
        seconds=rung.seconds,
        strikes=rung.strikes,
    )
    case = case.model_copy(update={"state": "settled", "decision": decision})
    return _carried_out(policy, case, decision)._replace(writes=tuple(settling(case, decision)))


def _review(policy: Policy, message: Message, verdict: Verdict, recent: Sequence[Message]) -> Outcome:
    """Ask a person; the member is told only where silence would be unkind."""
    case = _moderation_case(message, verdict, recent)
    clause = policy.clauses.get(verdict.clause or "")
    told: tuple[Say, ...] = ()
    if verdict.clause == "distress":
        told = (in_reply(message, words(guess_lang(message.text))("say.distress"), "notice", case=case.id),)
    writes = opening(case, clause.severity) if clause else opening(case)
    return Outcome("escalated", told, tuple(writes), case=case)


def _carried_out(policy: Policy, case: Case, decision: Decision) -> Outcome:
    effects = carrying_out(policy, case, decision)
    return Outcome("enforced" if decision.by == "policy" else "settled", effects, case=case)


def _command(message: Message, standing: Standing) -> Outcome:
    """An admin's command, carried out in one transaction with its answer; from others it changes nothing."""
    say = words(guess_lang(message.text))
    if not standing.admin:
        return Outcome("answered", (in_reply(message, say("say.not_admin"), "answer"),))
    try:
        document = taught(message)
    except CommandError:
        return Outcome("answered", (in_reply(message, say("say.teach_how"), "answer"),))
    told = say("say.taught", title=document.title)
    return Outcome("answered", (in_reply(message, told, "answer"),), tuple(teaching(message.place.community, document)))


def _allow(message: Message) -> Outcome:
    """A message that broke no rule: to the answer room when it asks the bot, a polite word when it thanks it."""
    writes: tuple[Write, ...] = () if message.edit else (passing(message),)  # nobody earns trust by editing
    heard = speech(message)
    if heard is Speech.QUESTION:
        return Outcome("asked", writes=(*writes, asking(message)))
    if heard is Speech.NOTHING:
        return Outcome("silent", writes=writes)
    polite = words(guess_lang(message.text))("say.thanks" if heard is Speech.THANKS else "say.hello")
    return Outcome("answered", (in_reply(message, polite, "answer"),), writes)


def _moderation_case(message: Message, verdict: Verdict, recent: Sequence[Message]) -> Case:
    id_, context = moderation_case(message), _context(message, recent)
    return Case(id=id_, kind="moderation", subject=message, context=context, verdict=verdict)


def _context(message: Message, recent: Sequence[Message]) -> tuple[Message, ...]:
    """What was said in the channel before it, oldest first."""
    before = [said for said in recent if said.place.channel == message.place.channel and said.key != message.key]
    return tuple(said for said in before if said.sent_at <= message.sent_at)[-CONTEXT:]
