"""The worker: reads messages, questions, decisions, votes and presses, asks what they lead to, and has it written."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from bot.answering.talk import Question
from bot.answering.voting import Votes
from bot.books import Books
from bot.consumer import Consumer
from bot.groups.arrivals import UNASKED, Arrivals, Rights
from bot.groups.happenings import Membership, Press
from bot.groups.presence import Presence
from bot.groups.setup import open_setup
from bot.groups.setup_cards import BUTTONS
from bot.outcome import Bench, Outcome
from bot.review.desk import Desk
from bot.review.log import DeskLog
from bot.review.sealing import Sealing
from bot.review.second import BUTTONS as SECOND_BUTTONS
from bot.review.second import SecondDesk
from bot.review.watch import Watch
from bot.router import Router
from bot.stream import (
    CARDS,
    DECISIONS,
    MEMBERSHIPS,
    MESSAGES,
    OUTAGE,
    PRESSES,
    QUESTIONS,
    VOTES,
    Entry,
    saying,
)
from moderation.cases import NoSuchCase
from moderation.keys import Write
from moderation.members import Standing
from moderation.types import Decision, Message, Vote

Told = Callable[[Message, Outcome], None]
"""Hears what became of each message, each decision and each vote, for the line on the screen and the metrics."""


class Worker:
    """Two loops over the same router, so that a slow model never holds up the judge."""

    def __init__(self, router: Router, books: Books, bench: Bench, told: Told, rights: Rights = UNASKED) -> None:
        streams = self._streams = books.streams
        self._router = router
        self._cases = books.cases
        self._votes = Votes(books.feedback, books.cases, books.history, bench)
        self._desk_log = DeskLog(streams, books.communities)
        self._sealing = Sealing(streams)
        self._desk = Desk(books, bench)
        self._second = SecondDesk(books, bench)
        self._presence = Presence(books)
        self._members = books.members
        self._setup = open_setup(books, rights)
        self._arrivals = Arrivals(streams.redis, books.communities, rights)
        self._watch = Watch(books, bench)
        self._told = told
        self._loops = (
            Consumer(streams, [MESSAGES, DECISIONS, VOTES, PRESSES, MEMBERSHIPS, CARDS], self._handle),
            Consumer(streams, [QUESTIONS], self._answer),
        )

    async def run(self) -> None:
        """Work until cancelled. An outage at the start only means that the first message finds its judge."""
        with contextlib.suppress(*OUTAGE):
            await self._router.prepare(await self._streams.communities())
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(loop.run())
            group.create_task(self._desk_log.run())
            group.create_task(self._watch.run())
            group.create_task(self._sealing.run())

    async def _handle(self, entry: Entry) -> Sequence[Write]:
        match entry.stream.split(":")[-2]:
            case "decisions":
                return await self._carry_out(entry)
            case "votes":
                return await self._count(entry)
            case "presses":
                return await self._press(Press.model_validate_json(entry.body))
            case "memberships":
                return await self._change(Membership.model_validate_json(entry.body))
            case "cards":
                return await self._desk.card(entry.community, entry.body, entry.id)
        message = Message.model_validate_json(entry.body)
        return self._written(message, await self._router.handle(message))

    async def _press(self, press: Press) -> Sequence[Write]:
        if press.button.startswith(SECOND_BUTTONS):
            return await self._second.press(press)
        if not press.button.startswith(BUTTONS):
            return await self._desk.press(press)
        tier = await self._members.tier(press.place.community, press.place.platform, press.member)
        return _all(await self._setup.pressed(press, Standing("new", 0, tier)))

    async def _change(self, change: Membership) -> Sequence[Write]:
        led_to = await self._arrivals.happened(change)  # first: it still knows the desk that a removal takes away
        return (*await self._presence.changed(change), *_all(led_to))

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
        """Everything to be written for an outcome, which is told to the operator."""
        self._told(message, outcome)
        return _all(outcome)


def _all(outcome: Outcome) -> Sequence[Write]:
    """Everything to be written: the effects come last, when what they speak of is on record."""
    return (*outcome.expects, *outcome.writes, *(saying(effect) for effect in outcome.effects))
