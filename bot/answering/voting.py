"""What a vote under an answer leads to: it is counted, and a member who asks for a person gets one."""

from __future__ import annotations

from bot.answering.feedback import Answered, FeedbackBook, counting
from bot.answering.people import handing
from bot.history import History
from bot.knowledge.documents import guess_lang
from bot.outcome import Bench, Outcome, handoff
from bot.words import words
from moderation.cases import CaseBook, opening
from moderation.cases.clocks import dated
from moderation.types import Case, Message, Say, Vote, case_id


class Votes:
    """Counts votes. The stream hands on the votes on one answer one after the other, so what is read here still holds
    when it is written."""

    def __init__(self, book: FeedbackBook, cases: CaseBook, history: History, bench: Bench) -> None:
        self._book = book
        self._cases = cases
        self._history = history
        self._bench = bench

    async def count(self, vote: Vote) -> tuple[Message, Outcome] | None:
        """The question whose answer is voted on, and what comes of the vote.

        None when nothing does: the member votes so already, or the answer is unknown or too old.
        """
        answered = await self._book.answered(vote.community, vote.answer)
        if answered is None:
            return None
        before = await self._book.choice(vote.community, vote.answer, vote.member)
        if vote.choice == before:
            return None
        outcome = Outcome("voted", writes=tuple(counting(answered, vote, before)))
        if vote.choice == "person":
            outcome = await self._fetching(answered, vote, outcome)
        return answered.message, outcome

    async def _fetching(self, answered: Answered, vote: Vote, counted: Outcome) -> Outcome:
        """A case with the answer as its draft, one however many members ask; each of them is told."""
        question = answered.message
        case = await self._cases.get(vote.community, case_id("handoff", question))
        if case:
            return counted._replace(effects=(_told(case, vote),))
        reply = answered.reply.model_copy(update={"handoff": True, "why": "asked_for_a_person"})
        policy = (await self._bench.sitting(vote.community)).judge.policy
        case = dated(policy, handoff(question, await self._history.recent(vote.community), reply))
        writes = (*counted.writes, *opening(case), *handing(case))
        return Outcome("escalated", (_told(case, vote),), writes, case=case)


def _told(case: Case, vote: Vote) -> Say:
    """To the member alone: a person will come, or was there already."""
    question, told = case.subject, "say.person" if case.state == "open" else "say.person_was_here"
    return Say(
        id=f"{case.id}:{told}:{vote.member}",
        place=question.place,
        text=words(guess_lang(question.text))(told, case=case.id),
        kind="handoff",
        reply_to=question.id,
        to=vote.member,
        case=case.id,
    )
