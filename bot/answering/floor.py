"""Whose turn is it to speak? The bot's, when a member has finished a question and no person is at it.

What a member says in one breath is kept for a while, and what came of it is taken off in the very transaction that
answers it: so a burst is answered once, whichever process dies in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple, cast

from pydantic import AwareDatetime
from redis.asyncio import Redis

from bot.answering.manners import Manners
from bot.answering.people import Attention, People
from bot.answering.questions import Speech, whole
from bot.answering.talk import FOLLOW_S, Burst, Question, gathered, is_near, own_key
from bot.history import History
from bot.stream import SEEN_S, saying
from moderation.keys import Write, key
from moderation.members import MemberBook
from moderation.types import TEXT_LENGTH, Message, Noun, Say

ROUNDS = 5
"""How often a burst may grow before it is answered nevertheless."""
KEPT = 20
"""Messages of one member in one channel that may wait to become a question."""
TURNS = 2
"""Earlier questions with their answers that a question may lean on."""
HOUR_S = 3600


class Heard(Noun):
    """A message of a member that broke no rule, and whether it went to the answer room itself."""

    message: Message
    asked: bool


class Exchange(Noun):
    """A question of a member with the bot's answer."""

    at: AwareDatetime
    question: str
    answer: str


class Turn(NamedTuple):
    """What is to be said something about, if `speak`: a whole burst as one message, and the member's earlier exchanges.

    `people` are those who deal with a member that did not ask the bot. `writes` take the burst off what waits; they are
    due whatever comes of it.
    """

    message: Message
    speech: Speech = Speech.CHAT
    history: tuple[str, ...] = ()
    unasked: bool = False
    speak: bool = False
    people: Attention = Attention()
    writes: tuple[Write, ...] = ()


class Floor:
    """Bursts, earlier exchanges and the budget, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, members: MemberBook, history: History, manners: Manners | None = None) -> None:
        self.manners = manners or Manners()
        self._redis = redis
        self._people = People(redis, members, history)
        scripts = files("bot") / "scripts"
        self._reserve = redis.register_script((scripts / "reserve.lua").read_text("utf-8"))
        self._once = redis.register_script((scripts / "once.lua").read_text("utf-8"))

    async def turn(self, question: Question) -> Turn:
        """Wait until the member has finished, and say whether the bot speaks."""
        message = question.message
        burst, rows = await self._heard_out(question)
        if burst is None:
            return Turn(message)
        parts = {part.id for part in burst.parts}
        done = _waiting(message)
        taken = [row for row in rows if Heard.model_validate_json(row).message.id in parts]
        writes = tuple(("LREM", done, "1", row) for row in taken)
        kind, text = whole([part.text for part in burst.parts if part.text or part.attachments])
        unasked = question.unasked and not any(part.addressed for part in burst.parts)
        mine = next((part for part in burst.parts if part.id == message.id), message)
        gone = not mine.text and bool(message.text)  # edited into something that the judge did not let pass
        message = message.model_copy(update={"text": text[:TEXT_LENGTH]})
        if gone:
            return Turn(message, writes=writes)
        people = await self._people.attention(message, self.manners.quiet_s) if unasked else Attention()
        if people.engaged:
            return Turn(message, writes=(*writes, *people.told(message)))
        history = [*await self._exchanges(message), *people.asked_near(message), question.earlier]
        return Turn(message, kind, tuple(filter(None, history)), unasked, speak=True, people=people, writes=writes)

    async def _heard_out(self, question: Question) -> tuple[Burst | None, list[str]]:
        """The burst, once nothing was added to it for a while, with the rows that hold what waits.

        Clocks of two machines may differ; a wait is never longer than the burst's own pause.
        """
        pause, message = self.manners.burst_s, question.message
        wait = pause - max(0.0, (datetime.now(UTC) - question.heard_at).total_seconds())
        last = message.key
        for _ in range(ROUNDS):
            await asyncio.sleep(max(0.0, min(pause, wait)))
            rows = await cast(Awaitable[list[str]], self._redis.lrange(_waiting(message), 0, -1))
            heard = [Heard.model_validate_json(row) for row in rows]
            burst = gathered(message, [(one.message, one.asked) for one in heard], pause)
            if burst is None or burst.last == last:
                break
            last, wait = burst.last, pause
        return burst, rows

    async def _exchanges(self, message: Message) -> list[str]:
        """The member's own last exchanges in the channel, oldest first; never another member's."""
        rows = await cast(Awaitable[list[str]], self._redis.lrange(own_key(message, "turns"), 0, TURNS - 1))
        known = [Exchange.model_validate_json(row) for row in reversed(rows)]
        near = [one for one in known if is_near(message, one.at)]
        return [text for one in near for text in (one.question, one.answer)]

    async def reserve(self, message: Message) -> bool:
        """Count an unasked answer; False when the hour's budget is spent. The same message counts once."""
        spent = key(message.place.community, "unasked")
        return bool(await self._reserve(keys=[spent], args=[message.key, HOUR_S, self.manners.per_hour]))

    async def say_meanwhile(self, message: Message, said: Say) -> None:
        """Say something while the question is still being answered, once, and never when the answer is out.

        The one effect that is not written with its outcome: that transaction is the end of the wait that this tells of.
        The mark goes with it in one step, so that who takes the question up after a crash does not say it again; and
        `answered` sets it too, so that a holder that overslept its lease does not say it after another's answer.
        """
        write = saying(said)
        await self._once(keys=[_meanwhile(message), write[1]], args=[SEEN_S, json.dumps(write)])


def answered(message: Message) -> Write:
    """The write that ends what may be said meanwhile."""
    return ("SET", _meanwhile(message), "1", "EX", str(SEEN_S))


def giving_back(message: Message) -> Write:
    """The write that takes back a reservation of which nothing came."""
    return ("ZREM", key(message.place.community, "unasked"), message.key)


def hearing(message: Message, *, asked: bool, passed: bool = True) -> Sequence[Write]:
    """The writes that keep what a member said until it is known whether it is a part of a question.

    An edit that did not pass empties what was kept of its message.
    """
    kept = message if passed else message.model_copy(update={"text": "", "attachments": ()})
    row, name = Heard(message=kept, asked=asked).model_dump_json(), _waiting(message)
    return [("RPUSH", name, row), ("LTRIM", name, str(-KEPT), "-1"), ("EXPIRE", name, str(FOLLOW_S))]


def exchanging(message: Message, answer: str) -> Sequence[Write]:
    """The writes that keep a question with its answer for what the member asks next."""
    row = Exchange(at=message.sent_at, question=message.text, answer=answer).model_dump_json()
    name = own_key(message, "turns")
    return [("LPUSH", name, row), ("LTRIM", name, "0", str(TURNS - 1)), ("EXPIRE", name, str(FOLLOW_S))]


def _waiting(message: Message) -> str:
    return own_key(message, "burst")


def _meanwhile(message: Message) -> str:
    return key(message.place.community, "meanwhile", message.key)
