"""The two straight paths: what a message leads to, and what a decision leads to.

The router knows no chat platform. It returns an outcome: effects for the edges, and writes for the stream, which
performs both in one transaction with the acknowledgement. It performs nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.commands import CommandError, is_command, taught
from bot.effects import carrying_out, in_reply
from bot.floor import Floor, handing, hearing, settled
from bot.history import History, archiving, noting
from bot.knowledge.documents import guess_lang
from bot.knowledge.learnt import learnt
from bot.knowledge.shelf import teaching
from bot.outcome import Answers, Bench, Outcome, context
from bot.questions import Speech, speech
from bot.responder import Responder
from bot.stream import asking
from bot.talk import Question, between_people, own_earlier
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
    Message,
    Ruling,
    Say,
    Verdict,
)


class Router:
    """Judges, answers, escalates and carries out. One for all communities; it holds no state of its own.

    Messages are archived for `archive_days` days, 0 keeps none.
    """

    def __init__(
        self,
        bench: Bench,
        answers: Answers,
        members: MemberBook,
        history: History,
        floor: Floor,
        *,
        archive_days: int = 0,
    ) -> None:
        self._bench = bench
        self._members = members
        self._history = history
        self._floor = floor
        self._responder = Responder(bench, answers, history, floor)
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
        if verdict.ruling is Ruling.ALLOW and not is_command(message):
            outcome = self._allow(message, recent)
        else:
            outcome = _ruled(sitting.judge.policy, message, verdict, standing, recent)
        writes = (*outcome.writes, *noting(message), *archiving(message, verdict, self._archive_days))
        if sitting.shadow is None:
            return outcome._replace(verdict=verdict, writes=writes)
        beside = sitting.shadow.judge(placed(message, sitting.shadow.policy), said)
        writes += tuple(comparing(message, verdict, beside, self._archive_days))
        return outcome._replace(verdict=verdict, writes=writes, shadow=beside)

    def _allow(self, message: Message, recent: Sequence[Message]) -> Outcome:
        """A message that broke no rule: to the answer room when it is for the bot, be it no more than a thanks."""
        writes: tuple[Write, ...] = () if message.edit else (passing(message),)  # nobody earns trust by editing
        unasked = not message.addressed
        for_the_bot = not unasked or (
            not message.edit
            and self._floor.manners.may_speak_in(message.place)
            and speech(message.text) is Speech.QUESTION
            and not between_people(message, recent)
        )
        writes = (*writes, *hearing(message, asked=for_the_bot))
        if not for_the_bot:
            return Outcome("silent", writes=writes)
        earlier, now = own_earlier(message, recent), datetime.now(UTC)
        question = Question(message=message, unasked=unasked, earlier=earlier, heard_at=now)
        return Outcome("asked", writes=(*writes, asking(question)))

    async def answer(self, question: Question) -> Outcome:
        """What a question leads to: an answer with its source, a case with the draft for a person, or silence."""
        return await self._responder.answer(question)

    async def carry_out(self, case: Case, decision: Decision) -> Outcome:
        """What a decision leads to, a person's and the policy's alike; an answer worth keeping goes onto the shelf."""
        policy = (await self._bench.sitting(case.community)).judge.policy
        document = learnt(case, decision)
        taught = teaching(case.community, document) if document else ()
        return _carried_out(policy, case, decision)._replace(writes=(*settled(case, decision), *taught))


def _ruled(
    policy: Policy, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]
) -> Outcome:
    match verdict.ruling:
        case Ruling.ACT:
            return _act(policy, message, verdict, standing, recent)
        case Ruling.REVIEW:
            return _review(policy, message, verdict, recent)
        case Ruling.ALLOW:
            return _command(message, standing)


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
    return _carried_out(policy, case, decision)._replace(writes=(*settling(case, decision), *_emptied(message)))


def _review(policy: Policy, message: Message, verdict: Verdict, recent: Sequence[Message]) -> Outcome:
    """Ask a person; the member is told only where silence would be unkind."""
    case = _moderation_case(message, verdict, recent)
    clause = policy.clauses.get(verdict.clause or "")
    told: tuple[Say, ...] = ()
    if verdict.clause == "distress":
        told = (in_reply(message, words(guess_lang(message.text))("say.distress"), "notice", case=case.id),)
    opened = opening(case, clause.severity) if clause else opening(case)
    return Outcome("escalated", told, (*opened, *handing(case), *_emptied(message)), case=case)


def _emptied(message: Message) -> Sequence[Write]:
    """An edit that did not pass is no part of a question that waits."""
    return hearing(message, asked=False, passed=False) if message.edit else ()


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


def _moderation_case(message: Message, verdict: Verdict, recent: Sequence[Message]) -> Case:
    id_, before = moderation_case(message), context(message, recent)
    return Case(id=id_, kind="moderation", subject=message, context=before, verdict=verdict)
