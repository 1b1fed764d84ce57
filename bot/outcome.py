"""What becomes of a message, a decision or a vote, and what the two straight paths ask of other rooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from bot.bench import Sitting
from moderation.keys import Write
from moderation.types import Case, Enforce, Message, Reply, Say, Verdict, case_id

CONTEXT = 6
"""Messages of the channel that a case shows before its subject."""

Fate = Literal["silent", "asked", "answered", "enforced", "escalated", "settled", "voted", "forgotten"]


class Answers(Protocol):
    """The answer room, as the router sees it."""

    async def answer(
        self,
        community: str,
        question: str,
        history: Sequence[str] = (),
        *,
        floor: float = ...,
        confidence: float | None = ...,
    ) -> Reply: ...


class Bench(Protocol):
    """Who judges in a community, as the router sees it."""

    async def sitting(self, community: str) -> Sitting: ...


class Outcome(NamedTuple):
    """What became of a message, a decision or a vote, and what is to be done about it.

    `shadow` is the verdict of the policy beside the one in force; nothing follows from it. `would` is what would have
    become of it, where a community only tries the bot out. `expects` are what must still hold when it is written; else
    what becomes of it is asked again.
    """

    fate: Fate
    effects: tuple[Say | Enforce, ...] = ()
    writes: tuple[Write, ...] = ()
    verdict: Verdict | None = None
    case: Case | None = None
    reply: Reply | None = None
    shadow: Verdict | None = None
    would: Fate | None = None
    expects: tuple[Write, ...] = ()

    def only_tried(self) -> Outcome:
        """The same where nothing is to be said or done: what would have become of it, and why."""
        return Outcome("silent", verdict=self.verdict, reply=self.reply, would=self.fate)


def handoff(subject: Message, recent: Sequence[Message], reply: Reply, verdict: Verdict | None = None) -> Case:
    """The case that hands a question to a person, with what was said before it and the draft; one for each message."""
    id_, before = case_id("handoff", subject), context(subject, recent)
    return Case(id=id_, kind="handoff", subject=subject, context=before, verdict=verdict, reply=reply)


def context(message: Message, recent: Sequence[Message]) -> tuple[Message, ...]:
    """What was said in the channel before it, oldest first."""
    before = [said for said in recent if said.place.channel == message.place.channel and said.key != message.key]
    return tuple(said for said in before if said.sent_at <= message.sent_at)[-CONTEXT:]
