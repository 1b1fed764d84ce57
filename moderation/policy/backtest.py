"""A backtest: past messages, in their order, through two judges with the surroundings that the live judge sees.

Pure: no Redis, no clock, no files.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from moderation.judging.judge import Judge
from moderation.judging.lately import KEPT, Lately, surroundings, unchanged
from moderation.policy.clauses import Policy
from moderation.policy.comparison import EXAMPLES, Comparison, Report, example, mark
from moderation.types import Message


class Past(NamedTuple):
    """A message of the past, with its author's trust at the time; `breach` is what a moderator decided, if any did."""

    message: Message
    breach: bool | None = None


def placed(message: Message, policy: Policy) -> Message:
    """The message in the kind of channel that this policy makes of its channel, or of the channel that a thread is in;
    one that it does not name stays as it is."""
    place = message.place
    profile = policy.channels.get(place.channel) or policy.channels.get(place.parent) or place.profile
    if profile == place.profile:
        return message
    return message.model_copy(update={"place": place.model_copy(update={"profile": profile})})


class Backtest:
    """Compares two judges over messages that it takes one by one, the oldest first.

    `alone` judges every message without surroundings: lines of a file that belong to no conversation.
    """

    def __init__(self, old: Judge, new: Judge, *, examples: int = EXAMPLES, alone: bool = False) -> None:
        self._judges = old, new
        self._alone = alone
        self._lately = Lately(0 if alone else KEPT)
        self._comparison = Comparison(examples=examples)
        self._span: tuple[datetime, datetime] | None = None

    def take(self, past: Past) -> None:
        """Judge a message by both. Other bots and edits that change nothing are passed over, as they are live."""
        message = past.message
        said = self._lately.before(message)
        if message.author.bot or unchanged(message, said):
            return
        recent = surroundings(message, said)
        verdicts = [judge.judge(placed(message, judge.policy), recent) for judge in self._judges]
        self._lately.note(message)
        old, new = map(mark, verdicts)
        self._comparison.count(old, new)
        if old != new:
            self._comparison.show(old, new, example(message))
        if past.breach is not None:
            self._comparison.decided(old, new, past.breach)
        first, last = self._span or (message.sent_at, message.sent_at)
        self._span = min(first, message.sent_at), max(last, message.sent_at)

    def report(self) -> Report:
        """What was found so far."""
        old, new = (f"{judge.policy.name}@{judge.policy.version}" for judge in self._judges)
        since, until = self._span if self._span and not self._alone else (None, None)
        return self._comparison.report(old, new, since, until)
