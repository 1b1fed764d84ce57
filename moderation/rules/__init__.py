"""The rules: findings that need no training. Each looks at the normalised text, in linear time, and explains itself.

`Rules.find` gives what speaks against a message, `Rules.soften` what speaks for it: a quote, a warning, a question.
"""

from __future__ import annotations

from collections.abc import Sequence

from moderation.judging.normalise import Normalised
from moderation.policy import Policy
from moderation.rules.campaigns import duplicates, flood
from moderation.rules.contacts import PATTERNS as CONTACTS
from moderation.rules.links import Links
from moderation.rules.numbers import numbers
from moderation.rules.offers import offers
from moderation.rules.patterns import PatternSet, phrases, softeners
from moderation.types import Message, Signal

CONCRETE = frozenset(
    {
        "contact", "invite", "payment_code", "phone", "e_mail", "card_number", "identity_number", "wallet",
        "shortener", "lookalike_link", "hidden_letters_link", "flood", "duplicate",
    }
)  # fmt: skip
"""Checks that found a thing and not only words: a quote or a warning that holds one still goes to a person."""


class Rules:
    """All rules under one policy. Raises WordListError when a word list is broken."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._patterns = PatternSet([*CONTACTS, *phrases()])
        self._softeners = softeners()
        self._links = Links(policy.links)

    def find(self, message: Message, plain: Normalised, recent: Sequence[Message]) -> list[Signal]:
        """What speaks against the message. `recent` is what was said before it, oldest first."""
        profile = self._policy.rules_of(message.place.profile)
        trust = message.author.trust
        return [
            *self._patterns.find(plain),
            *numbers(plain),
            *self._links.find(plain, welcome=trust in profile.links),
            *(offers(plain) if trust not in profile.offers else ()),
            *flood(message, recent, self._policy.flood),
            *duplicates(message, recent, self._policy.duplicates),
        ]

    def soften(self, plain: Normalised) -> list[Signal]:
        """What speaks for the message; these signals have no clause."""
        return list(self._softeners.find(plain))
