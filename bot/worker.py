"""The worker: reads messages, questions, decisions and votes, asks what they lead to, and has it written."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from bot.consumer import Consumer
from bot.outcome import Outcome
from bot.router import Router
from bot.stream import DECISIONS, MESSAGES, OUTAGE, QUESTIONS, VOTES, Entry, Streams, saying
from bot.talk import Question
from bot.voting import Votes
from moderation.cases import CaseBook, NoSuchCase
from moderation.keys import Write
from moderation.types import Decision, Message, Vote

Told = Callable[[Message, Outcome], None]
"""Hears what became of each message, each decision and each vote, for the line on the screen and the metrics."""


class Worker:
    """Two loops over the same router, so that a slow model never holds up the judge."""

    def __init__(self, streams: Streams, router: Router, cases: CaseBook, votes: Votes, told: Told) -> None:
        self._streams = streams
        self._router = router
        self._cases = cases
        self._votes = votes
        self._told = told
        self._loops = (
            Consumer(streams, [MESSAGES, DECISIONS, VOTES], self._handle),
            Consumer(streams, [QUESTIONS], self._answer),
        )

    async def run(self) -> None:
        """Work until cancelled. An outage at the start only means that the first message finds its judge."""
        with contextlib.suppress(*OUTAGE):
            await self._router.prepare(await self._streams.communities())
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(loop.run())

    async def _handle(self, entry: Entry) -> Sequence[Write]:
        if f":{DECISIONS}:" in entry.stream:
            return await self._carry_out(entry)
        if f":{VOTES}:" in entry.stream:
            return await self._count(entry)
        message = Message.model_validate_json(entry.body)
        return self._written(message, await self._router.handle(message))

    async def _answer(self, entry: Entry) -> Sequence[Write]:
        question = Question.model_validate_json(entry.body)
        return self._written(question.message, await self._router.answer(question))

    async def _carry_out(self, entry: Entry) -> Sequence[Write]:
        decision = Decision.model_validate_json(entry.body)
        case = await self._cases.get(entry.community, decision.case)
        if case is None:
            raise NoSuchCase(decision.case)
        return self._written(case.subject, await self._router.carry_out(case, decision))

    async def _count(self, entry: Entry) -> Sequence[Write]:
        counted = await self._votes.count(Vote.model_validate_json(entry.body))
        return self._written(*counted) if counted else ()

    def _written(self, message: Message, outcome: Outcome) -> Sequence[Write]:
        """Everything to be written for an outcome: the effects come last, when what they speak of is on record."""
        self._told(message, outcome)
        return (*outcome.writes, *(saying(effect) for effect in outcome.effects))
