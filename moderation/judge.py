"""The judge: rules and classifier together, weighed by the policy into one verdict.

Pure and synchronous: no clock but its own timer, no network, no state. The rules explain, the classifier generalises;
what speaks for a message (a quote, a warning, a question about the rules) is weighed last and only makes it milder.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from moderation.classifier import Classifier, ClassifierError
from moderation.evidence import explained, words_of
from moderation.examples import OFFER
from moderation.normalise import Normalised, normalise
from moderation.policy import Policy
from moderation.rules import CONCRETE, Rules
from moderation.types import Message, Profile, Ruling, Signal, Trust, Verdict

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
    "question": frozenset({"off_platform_contact", "brushing_fake_reviews", "counterfeit_illegal", "account_trading"}),
    "negation": TOLD - {"spam_ads"},
    "criticism": frozenset({"abuse", "hate"}),
}
"""Softener to the clauses that it clears, as long as the rules found only words and no thing (a link, a contact)."""
CAPS = {"quote": frozenset({"threat", "abuse", "hate", "sexual", "personal_data"}) | TOLD, **DROPS}
"""Softener to the clauses on which it keeps the policy from acting by itself."""
DIRECT = frozenset({"abuse", "hate"})
"""Clauses whose phrases name a person: anger at a thing does not clear them."""
BELIEVED = 0.1
"""A classifier's score from which on a phrase of the same clause counts whole."""
CLEARED = 0.3
"""What is left of a score that a softener clears."""
TERSE = 24
"""Letters, a Chinese character counting six, below which the classifier alone says little but of insults."""
PLAIN = frozenset({"abuse", "hate", "sexual", "threat"})
"""Clauses that a word or two can break. For the others a terse text's scores shrink with the square of its length."""
WORTH_SHOWING = 0.25
"""A classifier's score from which on it is listed as a signal."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out for one clause. `margin` is the score over its threshold, `explained` says that a rule found it."""

    clause: str
    score: float
    ruling: Ruling
    margin: float
    explained: bool
    severity: int
    shadow: bool


class Judge:
    """Judges messages under one policy. Raises WordListError when a packaged word list is broken."""

    def __init__(self, policy: Policy, classifier: Classifier) -> None:
        self.policy = policy
        self._classifier = classifier
        self._rules = Rules(policy)
        self._thresholds = {
            (profile, trust): {clause: policy.thresholds(clause, profile, trust) for clause in policy.clauses}
            for profile in get_args(Profile)
            for trust in get_args(Trust)
        }
        self._calm = {
            key: min(WORTH_SHOWING, *(found.review_at for found in thresholds.values()))
            for key, thresholds in self._thresholds.items()
        }
        self._stamp = f"{policy.name}@{policy.version}"

    def judge(self, message: Message, recent: Sequence[Message] = ()) -> Verdict:
        """One message. `recent` is what was lately said in the community, oldest first, for floods and duplicates."""
        started = time.perf_counter()
        plain = normalise(words_of(message))
        verdict = self._weigh(message, plain, recent, *self._learned([plain.text]))
        (verdict,) = explained(self._classifier, [message], [verdict], [plain])
        return verdict.model_copy(update={"took_ms": (time.perf_counter() - started) * 1000})

    def judge_all(self, messages: Sequence[Message]) -> list[Verdict]:
        """Many messages without their surroundings, faster in one go; `took_ms` is the mean."""
        started = time.perf_counter()
        plains = [normalise(words_of(message)) for message in messages]
        scores, failure = self._learned([plain.text for plain in plains])
        learned = scores or [{} for _ in plains]
        verdicts = [
            self._weigh(message, plain, (), [score], failure)
            for message, plain, score in zip(messages, plains, learned, strict=True)
        ]
        verdicts = explained(self._classifier, messages, verdicts, plains)
        took = (time.perf_counter() - started) * 1000 / max(1, len(messages))
        return [verdict.model_copy(update={"took_ms": took}) for verdict in verdicts]

    def _learned(self, texts: Sequence[str]) -> tuple[list[dict[str, float]], str]:
        """The classifier's scores and "", or none and the reason why it failed."""
        if not any(texts):
            return [{} for _ in texts], ""
        try:
            return self._classifier.scores(texts), ""
        except ClassifierError as error:
            return [], str(error)

    def _weigh(
        self,
        message: Message,
        plain: Normalised,
        recent: Sequence[Message],
        learned: Sequence[Mapping[str, float]],
        failure: str,
    ) -> Verdict:
        signals = [
            signal for signal in self._rules.find(message, plain, recent) if signal.clause in self.policy.clauses
        ]
        read = worth(plain.text, learned[0]) if learned and plain.text else {}
        scores = placed(read, welcome=self._welcome(message))
        if not signals and not failure and self._is_calm(message, scores):
            return self._passed(scores)
        signals += [
            Signal(check="classifier", clause=clause, score=score)
            for clause, score in scores.items()
            if score >= WORTH_SHOWING and clause in self.policy.clauses
        ]
        softeners = self._rules.soften(plain) if signals else []
        findings = [self._find(clause, message, signals, softeners, scores) for clause in self.policy.clauses]
        verdict = self._verdict(findings, [*signals, *softeners])
        return without_classifier(verdict, failure) if failure and plain.text else verdict

    def _is_calm(self, message: Message, scores: Mapping[str, float]) -> bool:
        """Whether no score is worth a word: the way of most messages, which is the quick one."""
        return max(scores.values(), default=0.0) < self._calm[message.place.profile, message.author.trust]

    def _passed(self, scores: Mapping[str, float]) -> Verdict:
        told = {clause: round(scores.get(clause, 0.0), 4) for clause in self.policy.clauses}
        return Verdict(ruling=Ruling.ALLOW, scores=told, model=self._classifier.name, policy=self._stamp)

    def _find(
        self,
        clause: str,
        message: Message,
        signals: Sequence[Signal],
        softeners: Sequence[Signal],
        learned: Mapping[str, float],
    ) -> Finding:
        mine = [signal for signal in signals if signal.clause == clause and signal.check != "classifier"]
        belief = learned.get(clause, 0.0)
        read = mine if not learned else [doubted(signal, belief) for signal in mine]
        score = 1 - (1 - together(read)) * (1 - belief)
        kinds = {signal.check for signal in softeners}
        if any(clause in DROPS[kind] for kind in kinds) and not stands(clause, mine, signals):
            score *= CLEARED
        capped = clause == "distress" or any(clause in CAPS[kind] for kind in kinds)
        rules = self.policy.clause(clause)
        thresholds = self._thresholds[message.place.profile, message.author.trust][clause]
        if score >= thresholds.act_at and not capped:
            ruling, margin = Ruling.ACT, score / thresholds.act_at
        elif score >= thresholds.review_at:
            ruling, margin = Ruling.REVIEW, score / thresholds.review_at
        else:
            ruling, margin = Ruling.ALLOW, score / thresholds.review_at
        return Finding(clause, score, ruling, margin, bool(mine), rules.severity, rules.shadow or self.policy.shadow)

    def _welcome(self, message: Message) -> bool:
        """Whether this author's offers are welcome here."""
        return message.author.trust in self.policy.rules_of(message.place.profile).offers

    def _verdict(self, findings: Sequence[Finding], signals: Sequence[Signal]) -> Verdict:
        live = strongest(finding for finding in findings if not finding.shadow)
        full = strongest(findings)
        told = live or full
        return Verdict(
            ruling=live.ruling if live else Ruling.ALLOW,
            clause=told.clause if told else None,
            score=told.score if told else 0.0,
            scores={finding.clause: round(finding.score, 4) for finding in findings},
            signals=tuple(sorted(signals, key=lambda signal: -signal.score)),
            model=self._classifier.name,
            policy=self._stamp,
            shadow=full.ruling if full and full is not live else None,
        )


def worth(text: str, scores: Mapping[str, float]) -> Mapping[str, float]:
    """The classifier's scores, weighed by how much text they rest on: "lol no" can be no advertisement."""
    letters = sum(6 if letter > "\u2e80" else 1 for letter in text if letter.isalnum())
    if letters >= TERSE:
        return scores
    weight = (letters / TERSE) ** 2
    return {clause: score if clause in PLAIN else score * weight for clause, score in scores.items()}


def placed(scores: Mapping[str, float], *, welcome: bool) -> Mapping[str, float]:
    """The scores of clauses alone: an offer that is not welcome here speaks for `spam_ads`."""
    rest = {clause: score for clause, score in scores.items() if clause != OFFER}
    if not welcome and OFFER in scores:
        rest["spam_ads"] = 1 - (1 - rest.get("spam_ads", 0.0)) * (1 - scores[OFFER])
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


def stands(clause: str, mine: Sequence[Signal], signals: Sequence[Signal]) -> bool:
    """Whether a softener leaves the score alone: an insult by name, or a thing (link, contact, wallet) in the text."""
    if clause in DIRECT:
        return bool(mine)
    return any(signal.check in CONCRETE for signal in signals)


def strongest(findings: Iterable[Finding]) -> Finding | None:
    """A call for help first, then the sterner ruling, then what a rule explains, then the larger margin, or None."""
    held = [finding for finding in findings if finding.ruling is not Ruling.ALLOW]
    return max(
        held,
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
