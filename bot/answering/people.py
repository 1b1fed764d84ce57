"""Who else is at it: a person who deals with a member keeps the bot quiet, and learns what the member asks further.

A hand-off that nobody has taken up yet does not silence the bot. What it is sure of it answers still; what it is not
sure of is put to the case, so that the person finds all that the member asks in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from redis.asyncio import Redis

from bot.answering.talk import is_near, own_key, same_speaker
from bot.history import History
from moderation.cases import CaseBook, furthering
from moderation.keys import Write
from moderation.members import MemberBook, reaches
from moderation.types import Case, Decision, Message

FURTHER = 20
"""Questions that a hand-off takes beside its own."""
OPEN_S = 3600
"""Seconds that an open case counts; one that nobody takes must not silence the bot for good."""


class Attention(NamedTuple):
    """Whether a person is dealing with a member (`engaged`), and the member's latest hand-off that is open."""

    engaged: bool = False
    handed: Case | None = None

    def asked_near(self, message: Message) -> tuple[str, ...]:
        """What the hand-off asks, when the message may lean on it."""
        waiting = self.handed.subject if self.handed else None
        return (waiting.text,) if waiting and is_near(message, waiting.sent_at) else ()

    def told(self, message: Message) -> tuple[Write, ...]:
        """The writes that tell the person who answers the hand-off what the member asks further."""
        if self.handed is None or len(self.handed.further) >= FURTHER:
            return ()
        return tuple(furthering(self.handed.community, self.handed.id, message))


class People:
    """The people at it in all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, members: MemberBook, history: History) -> None:
        self._redis = redis
        self._members = members
        self._history = history
        self._cases = CaseBook(redis)

    async def attention(self, message: Message, quiet_s: float) -> Attention:
        """Who deals with the author of a message in its channel; a person's word to a member counts for `quiet_s`."""
        now = message.sent_at.timestamp()
        known = await self._redis.zrange(
            _people(message), now - max(quiet_s, OPEN_S), "+inf", byscore=True, withscores=True
        )
        rows = cast(list[tuple[str, float]], known)
        cases = await self._cases_of(message.place.community, [name for name, _ in rows])
        handed = next((case for case in reversed(cases) if case.kind == "handoff" and case.state == "open"), None)
        spoke = any(name.startswith("spoke:") and at >= now - quiet_s for name, at in rows)
        engaged = spoke or any(map(_is_taken, cases)) or await self._replied(message, now - quiet_s)
        return Attention(engaged, handed)

    async def _cases_of(self, community: str, names: Sequence[str]) -> list[Case]:
        ids = [name.removeprefix("case:") for name in names if name.startswith("case:")]
        found = [await self._cases.get(community, id_) for id_ in ids]
        return [case for case in found if case]

    async def _replied(self, message: Message, since: float) -> bool:
        """Whether somebody who may answer has replied to the member in the chat."""
        recent = await self._history.recent(message.place.community)
        own = {said.id for said in recent if same_speaker(said, message)}
        replies = [said for said in recent if said.reply_to in own and said.author.id != message.author.id]
        lately = {said.author.id: said for said in replies if said.sent_at.timestamp() >= since}
        return any([reaches((await self._members.standing(said)).tier, "helper") for said in lately.values()])


def _is_taken(case: Case) -> bool:
    """Whether the bot leaves the member to people: not for a question that nobody has taken up."""
    return case.kind != "handoff" or case.state != "open" or bool(case.claimed_by)


def handing(case: Case) -> Sequence[Write]:
    """The writes that tell a case is open: a person will see to the member."""
    name, subject = _people(case.subject), case.subject
    return [("ZADD", name, str(subject.sent_at.timestamp()), f"case:{case.id}"), ("EXPIRE", name, str(OPEN_S))]


def settled(case: Case, decision: Decision) -> Sequence[Write]:
    """The writes that tell it is settled; a person's answer still keeps the bot quiet for a while."""
    name = _people(case.subject)
    spoke = ("ZADD", name, str(decision.at.timestamp()), f"spoke:{case.id}")
    gone: Write = ("ZREM", name, f"case:{case.id}")
    return [gone, spoke, ("EXPIRE", name, str(OPEN_S))] if decision.action == "answer" else [gone]


def _people(message: Message) -> str:
    return own_key(message, "people")
