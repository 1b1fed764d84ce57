"""Two policies over the same messages: what the second rules otherwise, and which of them moderators agree with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime, computed_field

from moderation.types import Case, Message, Noun, Ruling, Trust, Verdict

EXAMPLES = 5
"""Examples kept for each kind of change, unless told otherwise."""
DAY_S = 86400


class Mark(NamedTuple):
    """A ruling with its clause, as far as they lead to anything: a message that passes has none. `act scam_fraud`."""

    ruling: Ruling
    clause: str = ""

    def __str__(self) -> str:
        return f"{self.ruling} {self.clause}".rstrip()


def mark(verdict: Verdict) -> Mark:
    """What a verdict leads to."""
    return Mark(verdict.ruling, "" if verdict.ruling is Ruling.ALLOW else verdict.clause or "")


def parse_mark(text: str) -> Mark:
    """The mark that `str` wrote."""
    ruling, _, clause = text.partition(" ")
    return Mark(Ruling(ruling), clause)


def breach(case: Case) -> bool | None:
    """What a moderator decided: dismissed or taken back is harmless, any enforcement a breach; None where none did."""
    decision = case.decision
    if case.kind == "moderation" and case.reversal:
        return False
    if case.kind != "moderation" or decision is None or decision.by == "policy" or decision.action == "answer":
        return None
    return decision.action != "dismiss"


class Example(Noun):
    """A message that the second policy rules otherwise. `text` is what the member wrote."""

    key: str
    channel: str
    trust: Trust
    at: AwareDatetime
    text: str


def example(message: Message) -> Example:
    """The message as an example."""
    place, author = message.place, message.author
    return Example(key=message.key, channel=place.channel, trust=author.trust, at=message.sent_at, text=message.text)


class Transition(Noun):
    """So many messages go from `old` to `new`, two marks."""

    old: str
    new: str
    count: int
    examples: tuple[Example, ...] = ()


class Agreement(Noun):
    """A policy against what moderators decided: breaches and harmless messages, and how many of each it flags and acts
    upon by itself. To flag is to review or to act."""

    breaches: int = 0
    harmless: int = 0
    flagged_breaches: int = 0
    flagged_harmless: int = 0
    acted_breaches: int = 0
    acted_harmless: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def precision(self) -> float | None:
        """The part of what it flags that moderators found a breach; None when it flags nothing that was decided."""
        return _share(self.flagged_breaches, self.flagged_breaches + self.flagged_harmless)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def recall(self) -> float | None:
        """The part of the breaches that it flags; None without breaches."""
        return _share(self.flagged_breaches, self.breaches)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def act_precision(self) -> float | None:
        """The part of what it acts upon that moderators found a breach; None when it acts on nothing decided."""
        return _share(self.acted_breaches, self.acted_breaches + self.acted_harmless)


class Side(Noun):
    """One of the two policies, as `name@version`: cases for people, enforcements by itself, agreement with people."""

    policy: str
    reviews: int
    acts: int
    agreement: Agreement


class Report(Noun):
    """The comparison. `since` and `until` are the first and the last message's times; None when they have none."""

    old: Side
    new: Side
    messages: int
    unchanged: int
    transitions: tuple[Transition, ...]
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def days(self) -> float | None:
        """The span of the messages in days, one at least: a few hours say nothing about a day."""
        if self.since is None or self.until is None:
            return None
        return max(1.0, (self.until - self.since).total_seconds() / DAY_S)


class Comparison:
    """Gathers pairs of marks, examples and decisions, in any order."""

    def __init__(self, *, examples: int = EXAMPLES) -> None:
        self._most = examples
        self._pairs: Counter[tuple[Mark, Mark]] = Counter()
        self._examples: defaultdict[tuple[Mark, Mark], list[Example]] = defaultdict(list)
        self._decided: Counter[tuple[Mark, Mark, bool]] = Counter()

    def count(self, old: Mark, new: Mark, number: int = 1) -> None:
        """So many messages with these marks."""
        self._pairs[old, new] += number

    def show(self, old: Mark, new: Mark, shown: Example) -> None:
        """An example of a change; those beyond the bound are passed over."""
        kept = self._examples[old, new]
        if len(kept) < self._most:
            kept.append(shown)

    def decided(self, old: Mark, new: Mark, is_breach: bool) -> None:
        """What a moderator decided about a message with these marks."""
        self._decided[old, new, is_breach] += 1

    def report(self, old: str, new: str, since: datetime | None = None, until: datetime | None = None) -> Report:
        """All that was gathered, the most frequent change first; `old` and `new` name the policies."""
        changed = [(pair, count) for pair, count in self._pairs.most_common() if pair[0] != pair[1]]
        messages = self._pairs.total()
        return Report(
            old=self._side(old, 0),
            new=self._side(new, 1),
            messages=messages,
            unchanged=messages - sum(count for _, count in changed),
            transitions=tuple(
                Transition(old=str(pair[0]), new=str(pair[1]), count=count, examples=tuple(self._examples[pair]))
                for pair, count in changed
            ),
            since=since,
            until=until,
        )

    def _side(self, policy: str, place: int) -> Side:
        rulings: Counter[Ruling] = Counter()
        for pair, number in self._pairs.items():
            rulings[pair[place].ruling] += number
        decided: Counter[tuple[Ruling, bool]] = Counter()
        for (old, new, is_breach), number in self._decided.items():
            decided[(old, new)[place].ruling, is_breach] += number
        return Side(
            policy=policy, reviews=rulings[Ruling.REVIEW], acts=rulings[Ruling.ACT], agreement=_agreement(decided)
        )


def _agreement(decided: Mapping[tuple[Ruling, bool], int]) -> Agreement:
    def number(is_breach: bool, *rulings: Ruling) -> int:
        return sum(decided.get((ruling, is_breach), 0) for ruling in rulings)

    flags = (Ruling.REVIEW, Ruling.ACT)
    return Agreement(
        breaches=number(True, *Ruling),
        harmless=number(False, *Ruling),
        flagged_breaches=number(True, *flags),
        flagged_harmless=number(False, *flags),
        acted_breaches=number(True, Ruling.ACT),
        acted_harmless=number(False, Ruling.ACT),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
