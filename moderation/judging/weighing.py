"""How findings are weighed: what several of them come to for one clause, what speaks for a message, what counts most.

Pure functions over signals and scores; `moderation.judging.judge` walks a message through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from moderation.rules import CONCRETE
from moderation.training.examples import OFFER
from moderation.types import Ruling, Signal, Verdict

RANK = {Ruling.ALLOW: 0, Ruling.REVIEW: 1, Ruling.ACT: 2}
TOLD = frozenset(
    {
        "scam_fraud",
        "off_platform_contact",
        "brushing_fake_reviews",
        "counterfeit_illegal",
        "account_trading",
        "spam_ads",
    }
)
"""Clauses whose words are harmless in the mouth of one who tells of them. Quoted threats stay a moderator's matter."""
DROPS = {
    "quote": TOLD,
    "question": frozenset(
        {"off_platform_contact", "brushing_fake_reviews", "counterfeit_illegal", "account_trading", "personal_data"}
    ),
    "negation": TOLD - {"spam_ads"},
    "criticism": frozenset({"abuse", "hate"}),
}
"""Softener to the clauses that it clears, as long as the rules found only words and no thing (a link, a contact)."""
CAPS = {"quote": frozenset({"threat", "abuse", "hate", "sexual", "personal_data"}) | TOLD, **DROPS}
"""Softener to the clauses on which it keeps the policy from acting by itself."""
DIRECT = frozenset({"abuse", "hate"})
"""Clauses whose phrases name a person: anger at a thing does not clear them."""
SUREST_OFFER = 0.9
"""What an offer out of place comes to at most by the classifier alone: a person looks before it is removed."""
BELIEVED = 0.1
"""A classifier's score from which on a phrase of the same clause counts whole."""
CLEARED = 0.15
"""What is left of a score that a softener clears."""
TERSE, HAN_LETTERS = 24, 6
"""Letters, and how many of them a Chinese character counts, below which the classifier says little but of insults."""
PLAIN = frozenset({"abuse", "hate", "sexual", "threat"})
"""Clauses that a word or two can break. For the others a terse text's scores shrink with the square of its length."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause that a message reaches. `margin` is the score over its threshold, `explained`: a rule found it."""

    clause: str
    score: float
    ruling: Ruling
    margin: float
    explained: bool
    severity: int
    shadow: bool


def worth(text: str, scores: Mapping[str, float]) -> Mapping[str, float]:
    """The classifier's scores, weighed by how much text they rest on: "lol no" can be no advertisement."""
    letters = 0
    for letter in text:
        if letter.isalnum():
            letters += HAN_LETTERS if letter > "\u2e80" else 1
            if letters >= TERSE:
                return scores
    weight = (letters / TERSE) ** 2
    return {clause: score if clause in PLAIN else score * weight for clause, score in scores.items()}


def placed(scores: Mapping[str, float], *, welcome: bool) -> Mapping[str, float]:
    """The scores of clauses alone: an offer that is not welcome here speaks for `spam_ads`."""
    rest = {clause: score for clause, score in scores.items() if clause != OFFER}
    if not welcome and OFFER in scores:
        rest["spam_ads"] = max(rest.get("spam_ads", 0.0), SUREST_OFFER * scores[OFFER])
    return rest


def doubted(signal: Signal, belief: float) -> Signal:
    """A phrase counts half where the classifier sees nothing in the whole text; a cry for help counts whole."""
    if signal.check != "phrase" or signal.clause == "distress" or belief >= BELIEVED:
        return signal
    return signal.model_copy(update={"score": signal.score * (1 + belief / BELIEVED) / 2})


def together(signals: Iterable[Signal]) -> float:
    """Several findings of one clause as one score: noisy or over those that do not overlap in the text."""
    doubt = 1.0
    taken: list[tuple[int, int]] = []
    for signal in sorted(signals, key=lambda signal: -signal.score):
        span = signal.span
        if span and any(span[0] < end and start < span[1] for start, end in taken):
            continue
        if span:
            taken.append(span)
        doubt *= 1 - signal.score
    return 1 - doubt


def milder(clause: str, score: float, kinds: Iterable[str], mine: Sequence[Signal], *, concrete: bool) -> float:
    """What softeners of these kinds leave of a score. An insult by name stands, and so does whatever comes with a thing
    (a link, a contact, a wallet): `concrete` says that the text holds one."""
    stands = bool(mine) if clause in DIRECT else concrete
    return score if stands or not any(clause in DROPS[kind] for kind in kinds) else score * CLEARED


def is_concrete(signals: Iterable[Signal]) -> bool:
    """Whether a rule found a thing and not only words."""
    return any(signal.check in CONCRETE for signal in signals)


def strongest(findings: Iterable[Finding]) -> Finding | None:
    """A call for help first, then the sterner ruling, then what a rule explains, then the larger margin, or None."""
    return max(
        findings,
        key=lambda finding: (
            finding.clause == "distress",
            RANK[finding.ruling],
            finding.explained,
            finding.margin,
            finding.severity,
        ),
        default=None,
    )


def without_classifier(verdict: Verdict, failure: str) -> Verdict:
    """A verdict by rules alone: what they act on stands, anything milder goes to a person."""
    signal = Signal(check="classifier", clause=verdict.clause or "", score=0.0, evidence=failure[:200])
    ruling = verdict.ruling if verdict.ruling is Ruling.ACT else Ruling.REVIEW
    return verdict.model_copy(update={"ruling": ruling, "signals": (*verdict.signals, signal)})
