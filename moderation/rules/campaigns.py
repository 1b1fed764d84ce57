"""Floods of one author, and near duplicates across members and channels, from what was lately said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import lru_cache

from moderation.judging.normalise import normalise
from moderation.policy import DuplicateRules, FloodRules
from moderation.types import Message, Signal

SHINGLE = 4
"""Characters of a piece: two Chinese words or most of an English one."""
MOST = 300
"""How many of the latest messages are compared: keeps one message within a millisecond or two."""


def flood(message: Message, recent: Sequence[Message], rules: FloodRules) -> Iterator[Signal]:
    """More than the allowed messages of one author in the window; twice as many is beyond doubt."""
    since = message.sent_at - timedelta(seconds=rules.seconds)
    count = 1 + sum(1 for other in recent if other.author.id == message.author.id and since < other.sent_at)
    if count > rules.messages:
        score = 0.95 if count >= 2 * rules.messages else 0.65
        yield Signal(check="flood", clause="spam_ads", score=score, evidence=f"{count} in {rules.seconds} s")


def duplicates(message: Message, recent: Sequence[Message], rules: DuplicateRules) -> Iterator[Signal]:
    """Earlier look-alikes in the window. Several authors with one text are a campaign, more so than one who repeats."""
    if len(message.text) < rules.min_chars:
        return
    pieces = shingles(message.text)
    since = message.sent_at - timedelta(seconds=rules.seconds)
    alike = [
        other
        for other in recent[-MOST:]
        if other.sent_at > since
        and other.id != message.id
        and similarity(pieces, shingles(other.text)) >= rules.similarity
    ]
    if len(alike) >= rules.copies:
        authors = len({other.author.id for other in alike} | {message.author.id})
        score = min(0.96, 0.55 + 0.08 * len(alike) + 0.08 * (authors - 1))
        evidence = f"{len(alike)} look-alikes of {authors} members in {rules.seconds} s"
        yield Signal(check="duplicate", clause="spam_ads", score=score, evidence=evidence)


@lru_cache(maxsize=4096)
def shingles(text: str) -> frozenset[str]:
    """The 4-character pieces of the letters and digits of a text, digits as one."""
    letters = "".join("0" if char.isdigit() else char for char in normalise(text).text if char.isalnum())
    return frozenset(letters[index : index + SHINGLE] for index in range(max(1, len(letters) - SHINGLE + 1)))


def similarity(left: frozenset[str], right: frozenset[str]) -> float:
    """Jaccard index; 0 at once where the sizes alone forbid a high one."""
    if not left or not right or 2 * min(len(left), len(right)) < max(len(left), len(right)):
        return 0.0
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)
