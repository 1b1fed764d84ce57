"""The two straight paths: what a message leads to, and what a decision leads to.

The router knows no chat platform. It returns an outcome: effects for the edges, and writes for the stream, which
performs both in one transaction with the acknowledgement. It performs nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from bot.commands import CommandError, is_command, taught
from bot.history import History, noting
from bot.knowledge.documents import guess_lang
from bot.knowledge.shelf import teaching
from bot.questions import Speech, speech
from bot.stream import asking
from bot.words import span, words
from moderation.cases import opening, settling
from moderation.judge import Judge
from moderation.keys import Write
from moderation.members import MemberBook, Standing, passing
from moderation.policy import Policy
from moderation.types import (
    Case,
    Decision,
    Enforce,
    Lang,
    Message,
    Place,
    Reply,
    Ruling,
    Say,
    SayKind,
    Verdict,
    case_id,
)

CONTEXT = 6
"""Messages of the channel that a case shows before its subject."""

Fate = Literal["silent", "asked", "answered", "enforced", "escalated", "settled"]


class Answers(Protocol):
    """The answer room, as the router sees it."""

    async def answer(self, community: str, question: str, history: Sequence[str] = ()) -> Reply: ...


class Outcome(NamedTuple):
    """What became of a message or a decision, and what is to be done about it."""

    fate: Fate
    effects: tuple[Say | Enforce, ...] = ()
    writes: tuple[Write, ...] = ()
    verdict: Verdict | None = None
    case: Case | None = None
    reply: Reply | None = None


class Router:
    """Judges, answers, escalates and carries out. One for all communities; it holds no state of its own."""

    def __init__(self, judge: Judge, answers: Answers, members: MemberBook, history: History) -> None:
        self._judge = judge
        self._policy: Policy = judge.policy
        self._answers = answers
        self._members = members
        self._history = history

    async def handle(self, message: Message) -> Outcome:
        """What a message leads to: silence, a question for the answer room, a case for a person, or enforcement."""
        if message.author.bot:
            return Outcome("silent")
        standing = await self._members.standing(message)
        author = message.author.model_copy(update={"trust": standing.trust})
        message = message.model_copy(update={"author": author})
        recent = await self._history.recent(message.place.community)
        verdict = self._judge.judge(message, recent)
        outcome = self._ruled(message, verdict, standing, recent)
        return outcome._replace(verdict=verdict, writes=(*outcome.writes, *noting(message)))

    async def answer(self, message: Message) -> Outcome:
        """What a question leads to: an answer with its source, or a case for a person that carries the draft."""
        community, lang = message.place.community, guess_lang(message.text)
        reply = await self._answers.answer(community, message.text)
        if not reply.handoff:
            return Outcome("answered", (_reply(message, reply.text, "answer", reply),), reply=reply)
        context = _context(message, await self._history.recent(community))
        case = Case(id=case_id("handoff", message), kind="handoff", subject=message, context=context, reply=reply)
        notice = _reply(message, words(lang)("say.handoff", case=case.id), "handoff", case=case.id)
        return Outcome("escalated", (notice,), tuple(opening(case)), case=case, reply=reply)

    def carry_out(self, case: Case, decision: Decision) -> Outcome:
        """What a decision leads to, a person's and the policy's alike."""
        effects = self._effects(case, decision)
        return Outcome("enforced" if decision.by == "policy" else "settled", effects, case=case)

    def _ruled(self, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]) -> Outcome:
        match verdict.ruling:
            case Ruling.ACT:
                return self._act(message, verdict, standing, recent)
            case Ruling.REVIEW:
                return self._review(message, verdict, recent)
            case Ruling.ALLOW if is_command(message):
                return _command(message, standing)
            case Ruling.ALLOW:
                return _allow(message)

    def _act(self, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]) -> Outcome:
        clause = verdict.clause or ""
        rung = self._policy.rung(clause, standing.strikes)
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
        return self.carry_out(case, decision)._replace(writes=tuple(settling(case, decision)))

    def _review(self, message: Message, verdict: Verdict, recent: Sequence[Message]) -> Outcome:
        """Ask a person; the member is told only where silence would be unkind."""
        case = _moderation_case(message, verdict, recent)
        clause = self._policy.clauses.get(verdict.clause or "")
        told: tuple[Say, ...] = ()
        if verdict.clause == "distress":
            told = (_reply(message, words(guess_lang(message.text))("say.distress"), "notice", case=case.id),)
        writes = opening(case, clause.severity) if clause else opening(case)
        return Outcome("escalated", told, tuple(writes), case=case)

    def _effects(self, case: Case, decision: Decision) -> tuple[Say | Enforce, ...]:
        message, lang = case.subject, guess_lang(case.subject.text)
        match decision.action:
            case "dismiss":
                return ()
            case "answer":
                return (_reply(message, decision.text, "moderator", case=case.id),)
            case "remove":
                return (_enforce(case, "delete", decision), self._notice(case, decision, lang))
            case "timeout" | "ban" as action:
                steps = (_enforce(case, "delete", decision), _enforce(case, action, decision))
                return (*steps, self._notice(case, decision, lang))

    def _notice(self, case: Case, decision: Decision, lang: Lang) -> Say:
        """The reason, the length of a timeout and how to disagree; never the removed text."""
        known = decision.reason in self._policy.clauses
        reason = self._policy.explain(decision.reason, lang) if known else decision.reason
        told = " ".join(part for part in (reason, decision.text) if part)
        say = words(lang)
        text = say("say.removed", reason=told, case=case.id)
        if decision.action == "timeout":
            text = f"{text} {say('say.timeout', length=span(decision.seconds, lang))}"
        if decision.action == "ban":
            text = f"{text} {say('say.ban')}"
        subject = case.subject
        id_ = f"{case.id}:notice"
        return Say(id=id_, place=subject.place, text=text, kind="notice", to=subject.author.id, case=case.id)


def _command(message: Message, standing: Standing) -> Outcome:
    """An admin's command, carried out in one transaction with its answer; from others it changes nothing."""
    say = words(guess_lang(message.text))
    if not standing.admin:
        return Outcome("answered", (_reply(message, say("say.not_admin"), "answer"),))
    try:
        document = taught(message)
    except CommandError:
        return Outcome("answered", (_reply(message, say("say.teach_how"), "answer"),))
    told = say("say.taught", title=document.title)
    return Outcome("answered", (_reply(message, told, "answer"),), tuple(teaching(message.place.community, document)))


def _allow(message: Message) -> Outcome:
    """A message that broke no rule: to the answer room when it asks the bot, a polite word when it thanks it."""
    writes: tuple[Write, ...] = (passing(message),)
    heard = speech(message)
    if heard is Speech.QUESTION:
        return Outcome("asked", writes=(*writes, asking(message)))
    if heard is Speech.NOTHING:
        return Outcome("silent", writes=writes)
    polite = words(guess_lang(message.text))("say.thanks" if heard is Speech.THANKS else "say.hello")
    return Outcome("answered", (_reply(message, polite, "answer"),), writes)


def _moderation_case(message: Message, verdict: Verdict, recent: Sequence[Message]) -> Case:
    id_ = case_id("moderation", message)
    return Case(id=id_, kind="moderation", subject=message, context=_context(message, recent), verdict=verdict)


def _context(message: Message, recent: Sequence[Message]) -> tuple[Message, ...]:
    """What was said in the channel before it, oldest first."""
    before = [said for said in recent if said.place.channel == message.place.channel and said.key != message.key]
    return tuple(said for said in before if said.sent_at <= message.sent_at)[-CONTEXT:]


def _reply(message: Message, text: str, kind: SayKind, reply: Reply | None = None, case: str | None = None) -> Say:
    """Words in answer to a message; the id is fixed by the message, or the case, and the kind."""
    place: Place = message.place
    passages = reply.passages if reply else ()
    id_ = f"{case or message.key}:{kind}"
    return Say(id=id_, place=place, text=text, kind=kind, reply_to=message.id, passages=passages, case=case)


def _enforce(case: Case, action: Literal["delete", "timeout", "ban"], decision: Decision) -> Enforce:
    message = case.subject
    return Enforce(
        id=f"{case.id}:{action}",
        place=message.place,
        action=action,
        message=message.id,
        member=message.author.id,
        seconds=decision.seconds,
        reason=decision.reason,
        case=case.id,
    )
