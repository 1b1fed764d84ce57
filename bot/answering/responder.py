"""What a question leads to, once its author has finished it: an answer, a person, a polite word, or silence."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from bot.answering.feedback import recording
from bot.answering.fitness import unfit
from bot.answering.floor import Floor, Turn, answered, exchanging, giving_back
from bot.answering.people import handing
from bot.answering.questions import Speech
from bot.answering.talk import Question
from bot.groups.communities import Communities, Community
from bot.history import History
from bot.knowledge.documents import guess_lang
from bot.outcome import Answers, Bench, Outcome, handoff
from bot.review.effects import a_moment, in_reply
from bot.words import words
from moderation.cases import opening
from moderation.cases.clocks import dated
from moderation.types import Message, Reply, Verdict

_POLITE = {Speech.THANKS: "say.thanks", Speech.GREETING: "say.hello", Speech.ABOUT: "say.about"}
MOMENT_S = 4.0
"""Seconds without an answer after which a member who spoke to the bot is told that it takes a moment."""


class Responder:
    """The bot's side of a talk. One for all communities; nothing is remembered here."""

    def __init__(
        self, bench: Bench, answers: Answers, history: History, floor: Floor, communities: Communities
    ) -> None:
        self._bench = bench
        self._communities = communities
        self._answers = answers
        self._history = history
        self._floor = floor

    async def answer(self, question: Question) -> Outcome:
        """What a question leads to: an answer with its source, or a case for a person that carries the draft.

        A question that nobody put to the bot leads to silence when it is not sure; in a help channel to a person, who
        gets it with the one before where that waits still.
        The bot's own words are judged like anyone's; those that the community would not want are such a draft. In
        training every answer is one; in a dry run nothing is said.
        """
        turn = await self._floor.turn(question)
        if not turn.speak:
            return Outcome("silent", writes=turn.writes)
        community = await self._communities.get(turn.message.place.community)
        outcome = await self._led_to(turn, community)
        if community.mode == "dry-run":
            outcome = outcome.only_tried()
        return outcome._replace(writes=(*turn.writes, *outcome.writes))

    async def _led_to(self, turn: Turn, community: Community) -> Outcome:
        if polite := _POLITE.get(turn.speech):
            said = words(guess_lang(turn.message.text))(polite)
            return Outcome("answered", (in_reply(turn.message, said, "answer"),))
        if turn.speech is Speech.CHAT:
            return Outcome("silent")
        if turn.unasked and not await self._floor.reserve(turn.message):
            return await self._over_budget(turn)
        outcome = await self._answered(turn, community)
        ended = () if turn.unasked else (answered(turn.message),)
        return outcome._replace(writes=(*ended, *outcome.writes))

    async def _answered(self, turn: Turn, community: Community) -> Outcome:
        message, helping, mode = turn.message, turn.message.place.profile == "help", community.mode
        floor = self._floor.manners.score if turn.unasked and not helping else 0.0
        asked = self._answers.answer(
            community.name, message.text, turn.history, floor=floor, confidence=community.confidence
        )
        waits = not turn.unasked and mode == "live"
        reply, verdict = await (self._in_a_moment(message, asked) if waits else asked), None
        if not reply.handoff:
            verdict = unfit((await self._bench.sitting(community.name)).judge, message.place, reply)
            if verdict is None and mode != "training":
                said = in_reply(message, reply.text, "answer", reply)
                writes = (*exchanging(message, reply.text), *recording(said, message, reply))
                return Outcome("answered", (said,), writes, reply=reply)
            reply = reply.model_copy(update={"handoff": True, "why": "unfit" if verdict else "training"})
        if turn.unasked and (turn.people.handed or not helping) and reply.why != "training":
            return Outcome("silent", writes=(giving_back(message), *turn.people.told(message)), reply=reply)
        outcome = await self._handed_over(message, reply, verdict)
        if turn.unasked and mode == "training":
            return outcome
        notice = words(guess_lang(message.text))("say.handoff", case=outcome.case.id if outcome.case else "")
        told = in_reply(message, notice, "handoff", case=outcome.case.id if outcome.case else None)
        return outcome._replace(effects=(told,))

    async def _in_a_moment(self, message: Message, asked: Coroutine[None, None, Reply]) -> Reply:
        """The reply; a wait that grows long is told of first, so that the answer always comes after that."""
        answering = asyncio.create_task(asked)
        try:
            await asyncio.wait([answering], timeout=MOMENT_S)
            if not answering.done():
                await self._floor.say_meanwhile(message, a_moment(message))
            return await answering
        finally:
            answering.cancel()

    async def _over_budget(self, turn: Turn) -> Outcome:
        """The bot has said enough this hour: it is silent, and in a help channel a person sees the question."""
        if turn.people.handed or turn.message.place.profile != "help":
            return Outcome("silent", writes=turn.people.told(turn.message))
        return await self._handed_over(turn.message, Reply(handoff=True, why="over_budget"), None)

    async def _handed_over(self, message: Message, reply: Reply, verdict: Verdict | None) -> Outcome:
        """A case for a person; nothing is said."""
        policy = (await self._bench.sitting(message.place.community)).judge.policy
        recent = await self._history.recent(message.place.community)
        case = dated(policy, handoff(message, recent, reply, verdict))
        return Outcome("escalated", writes=(*opening(case), *handing(case)), case=case, reply=reply)
