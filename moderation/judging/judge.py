"""The judge: rules and classifier together, weighed by the policy into one verdict.

Pure and synchronous: no clock but its own timer, no network, no state. The rules explain, the classifier generalises;
what speaks for a message (a quote, a warning, a question about the rules) is weighed last and only makes it milder.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from typing import get_args

from moderation.judging.classifier import Classifier, ClassifierError
from moderation.judging.evidence import explained, words_of
from moderation.judging.normalise import Normalised, normalise
from moderation.judging.weighing import (
    CAPS,
    Finding,
    doubted,
    is_concrete,
    milder,
    placed,
    strongest,
    together,
    without_classifier,
    worth,
)
from moderation.policy import Policy, Thresholds
from moderation.rules import Rules
from moderation.types import Message, Profile, Ruling, Signal, Trust, Verdict

WORTH_SHOWING = 0.25
"""A classifier's score from which on it is listed as a signal; a clause's own threshold, where that is lower."""


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

    def under(self, policy: Policy) -> Judge:
        """The same judge under another policy. Raises WordListError."""
        return Judge(policy, self._classifier)

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
        softeners = self._rules.soften(plain) if signals or scores else []
        told, findings = self._findings(message, signals, {signal.check for signal in softeners}, scores)
        thresholds = self._thresholds[message.place.profile, message.author.trust]
        learned_signals = (
            Signal(check="classifier", clause=clause, score=score)
            for clause, score in scores.items()
            if clause in thresholds and score >= min(WORTH_SHOWING, thresholds[clause].review_at)
        )
        verdict = self._verdict(told, findings, [*signals, *learned_signals, *softeners])
        return without_classifier(verdict, failure) if failure and plain.text else verdict

    def _is_calm(self, message: Message, scores: Mapping[str, float]) -> bool:
        """Whether no score is worth a word: the way of most messages, which is the quick one."""
        return max(scores.values(), default=0.0) < self._calm[message.place.profile, message.author.trust]

    def _passed(self, scores: Mapping[str, float]) -> Verdict:
        told = {clause: round(scores.get(clause, 0.0), 4) for clause in self.policy.clauses}
        return Verdict(ruling=Ruling.ALLOW, scores=told, model=self._classifier.name, policy=self._stamp)

    def _findings(
        self, message: Message, signals: Sequence[Signal], kinds: Set[str], scores: Mapping[str, float]
    ) -> tuple[dict[str, float], list[Finding]]:
        """Every clause's score, and the clauses that reach their threshold. `kinds` are the softeners' names."""
        thresholds = self._thresholds[message.place.profile, message.author.trust]
        concrete = is_concrete(signals)
        told: dict[str, float] = {}
        findings: list[Finding] = []
        for clause, threshold in thresholds.items():
            mine = [signal for signal in signals if signal.clause == clause] if signals else []
            score = scores.get(clause, 0.0)
            if mine:
                read = [doubted(signal, score) for signal in mine] if scores else mine
                score = 1 - (1 - together(read)) * (1 - score)
            if kinds:
                score = milder(clause, score, kinds, mine, concrete=concrete)
            told[clause] = score
            if score >= threshold.review_at:
                findings.append(self._finding(clause, score, threshold, kinds, explained=bool(mine)))
        return told, findings

    def _finding(
        self, clause: str, score: float, threshold: Thresholds, kinds: Set[str], *, explained: bool
    ) -> Finding:
        capped = clause == "distress" or any(clause in CAPS[kind] for kind in kinds)
        acts = score >= threshold.act_at and not capped
        ruling, line = (Ruling.ACT, threshold.act_at) if acts else (Ruling.REVIEW, threshold.review_at)
        rules = self.policy.clause(clause)
        return Finding(
            clause, score, ruling, score / line, explained, rules.severity, rules.shadow or self.policy.shadow
        )

    def _welcome(self, message: Message) -> bool:
        """Whether this author's offers are welcome here."""
        return message.author.trust in self.policy.rules_of(message.place.profile).offers

    def _verdict(self, told: Mapping[str, float], findings: Sequence[Finding], signals: Sequence[Signal]) -> Verdict:
        live = strongest(finding for finding in findings if not finding.shadow)
        full = strongest(findings)
        first = live or full
        return Verdict(
            ruling=live.ruling if live else Ruling.ALLOW,
            clause=first.clause if first else None,
            score=first.score if first else 0.0,
            scores={clause: round(score, 4) for clause, score in told.items()},
            signals=tuple(sorted(signals, key=lambda signal: -signal.score)),
            model=self._classifier.name,
            policy=self._stamp,
            shadow=full.ruling if full and full is not live else None,
        )
