"""The two straight paths: what a message leads to, and what a decision leads to.

The router knows no chat platform. It returns an outcome: effects for the edges, and writes for the stream, which
performs both in one transaction with the acknowledgement. It performs nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.answering.floor import Floor, hearing
from bot.answering.people import settled
from bot.answering.questions import Speech, speech
from bot.answering.responder import Responder
from bot.answering.talk import Question, between_people, own_earlier
from bot.books import Books
from bot.commands import Commands, parsed
from bot.commands.finding import unlinked
from bot.groups.channels import placed_in
from bot.history import archiving, noting
from bot.knowledge.documents import guess_lang
from bot.knowledge.learnt import learnt
from bot.knowledge.proposals import proposing
from bot.outcome import Answers, Bench, Outcome
from bot.review.docket import Docket, carried_out
from bot.review.effects import in_reply
from bot.review.undoing import undone
from bot.stream import asking
from bot.words import words
from moderation.audit import deciding, setting
from moderation.cases import striking
from moderation.cases.folding import Folding, unfolding
from moderation.cases.undoing import Reversals
from moderation.judging.lately import surroundings, unchanged
from moderation.keys import Write
from moderation.members import Standing, passing
from moderation.policy import Policy
from moderation.policy.shadow import comparing
from moderation.types import (
    Case,
    Decision,
    Message,
    Ruling,
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
        books: Books,
        floor: Floor,
        commands: Commands,
        *,
        archive_days: int = 0,
    ) -> None:
        self._bench = bench
        self._books = books
        self._floor = floor
        self._commands = commands
        self._responder = Responder(bench, answers, books.history, floor, books.communities)
        self._docket = Docket(Folding(books.streams.redis))
        self._reversals = Reversals(books.streams.redis)
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
        recent = await self._books.history.recent(community)
        message = _as_question(message, recent)
        if unchanged(message, recent):
            return Outcome("silent")
        sitting, standing = await self._bench.sitting(community), await self._books.members.standing(message)
        kind = await self._books.channels.profile(message.place)
        author = message.author.model_copy(update={"trust": standing.trust})
        message = placed_in(message.model_copy(update={"author": author}), sitting.judge.policy, kind)
        said = surroundings(message, recent)
        verdict = sitting.judge.judge(unlinked(message), said)
        if message.quoted:
            return (
                _shown(message)._replace(verdict=verdict)
                if verdict.ruling is Ruling.ALLOW
                else _unfit(message, verdict)
            )
        outcome = await self._led_to(sitting.judge.policy, message, verdict, standing, recent)
        if outcome.fate == "forgotten":  # nor is this message kept
            return outcome._replace(verdict=verdict)
        writes = (*outcome.writes, *noting(message), *archiving(message, verdict, self._archive_days))
        if sitting.shadow is None:
            return outcome._replace(verdict=verdict, writes=writes)
        beside = sitting.shadow.judge(placed_in(unlinked(message), sitting.shadow.policy, kind), said)
        writes += tuple(comparing(message, verdict, beside, self._archive_days))
        return outcome._replace(verdict=verdict, writes=writes, shadow=beside)

    async def _led_to(
        self, policy: Policy, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]
    ) -> Outcome:
        """What follows from a verdict; how far the bot may go by itself is the community's choice."""
        if _is_heard_as_command(message, verdict, standing):
            return await self._commands.carry_out(message, standing)
        community = await self._books.communities.get(message.place.community)
        if community.is_desk(message.place):  # where they quote what they judge
            return self._allow(message, recent) if message.addressed else Outcome("silent")
        if verdict.ruling is Ruling.ALLOW and not message.blocked:
            return self._allow(message, recent)
        outcome = await self._docket.ruled(policy, message, verdict, standing, recent, community.mode)
        return outcome.only_tried() if community.mode == "dry-run" else outcome

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
        """What a decision leads to, a person's and the policy's alike; an answer to keep awaits a second person."""
        policy = (await self._bench.sitting(case.community)).judge.policy
        document = learnt(case, decision)
        taught: Sequence[Write] = ()
        if document:
            line = setting(case.community, decision.by, f"knowledge proposed: {document.id}", at=decision.at)
            taught = (proposing(case.community, document), line)
        writes = (
            *settled(case, decision),
            *striking(case, decision),
            *unfolding(case),
            *taught,
            deciding(case, decision),
        )
        outcome = carried_out(policy, case, await self._as_it_stands(case, decision))._replace(writes=writes)
        return await self._overturned(case, decision, outcome) if decision.action == "overturn" else outcome

    async def _as_it_stands(self, case: Case, decision: Decision) -> Decision:
        """The decision as the member is told of it: where the first one is gone already, no appeal is turned down."""
        first = await self._books.cases.get(case.community, case.of) if decision.action == "uphold" else None
        return decision.model_copy(update={"action": "overturn"}) if first and first.reversal else decision

    async def _overturned(self, appeal: Case, decision: Decision, outcome: Outcome) -> Outcome:
        """The same with the first decision's effects taken back, unless that was done before."""
        first = await self._books.cases.get(appeal.community, appeal.of)
        if first is None or first.reversal:
            return outcome
        back = await undone(self._reversals, first, decision)
        writes = (*outcome.writes, *back.writes)
        return outcome._replace(effects=(*back.effects, *outcome.effects), writes=writes)


def _as_question(message: Message, recent: Sequence[Message]) -> Message:
    """`/ask` with its words, or in reply to a message, as the question that it is; anything else as it stands."""
    typed = parsed(message.text)
    if typed is None or typed.command.name != "ask":
        return message
    replied = (said for said in reversed(recent) if _is_replied(message, said))
    text = typed.words or next((said.text for said in replied), "")
    return message.model_copy(update={"text": text, "addressed": True}) if text else message


def _is_replied(message: Message, said: Message) -> bool:
    places = (message.place.platform, message.place.channel), (said.place.platform, said.place.channel)
    return places[0] == places[1] and said.id == message.reply_to


def _shown(message: Message) -> Outcome:
    """Another member's words as a question. They are no part of what the one who shows them has said."""
    return Outcome("asked", writes=(asking(Question(message=message, heard_at=datetime.now(UTC))),))


def _unfit(message: Message, verdict: Verdict) -> Outcome:
    """Words that were judged when they were said; who shows them is told how to report them."""
    told = in_reply(message, words(guess_lang(message.text))("say.quoted_unfit"), "notice")
    return Outcome("answered", (told.model_copy(update={"to": message.author.id}),), verdict=verdict)


def _is_heard_as_command(message: Message, verdict: Verdict, standing: Standing) -> bool:
    """Whether a message is carried out as a command, whatever it quotes.

    The staff's always is. A member's report or appeal goes to a person anyway, who may see what the judge doubts; in a
    direct message nobody else reads what it quotes. A bare command holds nothing to be doubted but its haste.
    """
    typed = parsed(message.text)
    if typed is None:
        return False
    if verdict.ruling is Ruling.ALLOW or standing.tier != "member":
        return True
    if verdict.ruling is Ruling.REVIEW:
        return not typed.words or typed.command.name in ("report", "appeal", "forgetme")
    return message.place.private and typed.command.name in ("report", "appeal")
