"""The figures of questions that were asked: what was answered, found and said, how sure, how fast, what is promised."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bot.evaluation.asking import Asked
from bot.evaluation.conformal import Draft, lowest_risk, promise
from bot.lm.evaluate import mean, separation
from moderation.evaluation.calibration import Tenth, ece, tenths
from moderation.evaluation.rates import Rate, counted
from moderation.types import Noun

ALL = "all"
CROSS = "cross"
FEWEST = 20
"""Drafts below which confidence is not measured."""


class Group(Noun):
    """Which questions: a house, a language or ALL, a kind or ALL."""

    house: str
    lang: str
    kind: str


class Figures(Noun):
    """What became of a group's questions.

    `precision` is the share of right answers among those given, `coverage` that of answerable questions which got one,
    `tempted` that of unanswerable ones which got one, `handoff` that of hand-offs which were due: no right draft was
    kept back. `recall_N`: the right document is among the first N passages that search and witness find, `searched`
    first of the search alone. `f1_*` and `exact_*` are over answerable questions with gold answers, of the answers
    given or of all drafts (none counts 0). Of the answers given: `language` is the question's, apart for kind cross;
    `numbers` all stand in a source; `stale` ones quote what is deleted or not valid. `failed` counts questions at which
    the model failed.
    """

    group: Group
    questions: int
    precision: Rate
    coverage: Rate
    tempted: Rate
    handoff: Rate
    recall_1: Rate
    recall_3: Rate
    recall_5: Rate
    searched: Rate
    f1_given: float | None
    exact_given: Rate
    f1_drafts: float | None
    exact_drafts: Rate
    language: Rate
    language_cross: Rate
    numbers: Rate
    stale: Rate
    failed: int
    median_ms: float
    p95_ms: float


class Point(Noun):
    """A threshold: the share of all questions that it answers, and the share of these answers that are wrong."""

    threshold: float
    answered: float
    wrong: float


class Confidence(Noun):
    """How far the confidence of a group's drafts can be believed: `ece` is the expected calibration error, `separation`
    the chance that a right draft is surer than a wrong one, `curve` what each threshold gives, the strictest first."""

    group: Group
    drafts: int
    ece: float
    separation: float | None
    tenths: tuple[Tenth, ...]
    curve: tuple[Point, ...]


class Promised(Noun):
    """A threshold and what is promised of it, calibrated on one half of the contexts and tried on the other.

    `threshold` is None when none keeps the risk; then `held_back` and `covered` are empty. `lowest` is the lowest risk
    that can be promised at all.
    """

    group: Group
    risk: float
    sure: float
    threshold: float | None
    calibrated_on: int
    bound: float
    held_back: Rate
    covered: Rate
    lowest: float | None

    def sentence(self) -> str:
        """The promise in words."""
        kept = f"at most {_percent(self.risk)} of answers are wrong, with {_percent(self.sure)} confidence"
        if self.threshold is not None:
            return (
                f"With threshold {self.threshold:.2f}, {kept} (calibrated on {self.calibrated_on} answers); on "
                f"questions held back {_percent(self.held_back.share)} were wrong, "
                f"{_percent(self.covered.share)} of the answerable were answered."
            )
        if self.lowest is None:
            return f"No threshold promises that {kept}; no risk can be promised: too few drafts, or too many wrong."
        return f"No threshold promises that {kept}; the lowest risk that can be promised is {_percent(self.lowest)}."


def _percent(share: float | None) -> str:
    """`5 %`, `3.1 %`."""
    return "–" if share is None else f"{100 * share:.1f}".removesuffix(".0") + " %"


def groups(asked: Sequence[Asked]) -> Iterator[tuple[Group, list[Asked]]]:
    """Per house: all its questions, each language, and each kind in it."""
    for house in dict.fromkeys(one.house for one in asked):
        mine = [one for one in asked if one.house == house]
        yield Group(house=house, lang=ALL, kind=ALL), mine
        for lang in dict.fromkeys(one.question.lang for one in mine):
            spoken = [one for one in mine if one.question.lang == lang]
            yield Group(house=house, lang=lang, kind=ALL), spoken
            for kind in dict.fromkeys(one.question.kind for one in spoken):
                yield Group(house=house, lang=lang, kind=kind), [one for one in spoken if one.question.kind == kind]


def figures(group: Group, asked: Sequence[Asked]) -> Figures:
    """Of at least one question."""
    given = [one for one in asked if one.answered]
    answerable = [one for one in asked if one.question.answerable]
    gold = [one for one in answerable if one.question.answers]
    took = [one.took_ms for one in asked]
    return Figures(
        group=group,
        questions=len(asked),
        precision=counted(one.right for one in given),
        coverage=counted(one.answered for one in answerable),
        tempted=counted(one.answered for one in asked if not one.question.answerable),
        handoff=counted(not one.right for one in asked if not one.answered),
        recall_1=counted(one.found_within(1) for one in answerable),
        recall_3=counted(one.found_within(3) for one in answerable),
        recall_5=counted(one.found_within(5) for one in answerable),
        searched=counted(one.searched_first for one in answerable),
        f1_given=mean([one.f1 or 0.0 for one in gold if one.answered]),
        exact_given=counted(bool(one.exact) for one in gold if one.answered),
        f1_drafts=mean([one.f1 or 0.0 for one in gold]),
        exact_drafts=counted(bool(one.exact) for one in gold),
        language=_language(one for one in given if one.question.kind != CROSS),
        language_cross=_language(one for one in given if one.question.kind == CROSS),
        numbers=counted(one.numbers_stand for one in given),
        stale=counted(one.stale for one in given),
        failed=sum(one.why == "model_failed" for one in asked),
        median_ms=statistics.median(took),
        p95_ms=float(np.percentile(took, 95)),
    )


def _language(given: Iterable[Asked]) -> Rate:
    return counted(one.lang == one.question.lang for one in given if one.lang)


def confidence(group: Group, asked: Sequence[Asked]) -> Confidence | None:
    """None for fewer than FEWEST drafts."""
    drafts = [one for one in asked if one.draft]
    if len(drafts) < FEWEST:
        return None
    scores = np.array([one.confidence for one in drafts])
    truths = np.array([one.right for one in drafts], dtype=np.bool_)
    alike = np.ones(len(drafts))
    return Confidence(
        group=group,
        drafts=len(drafts),
        ece=ece(scores, truths, alike),
        separation=separation(scores[~truths].tolist(), scores[truths].tolist()),
        tenths=tuple(tenths(scores, truths, alike)),
        curve=tuple(_curve(drafts, len(asked))),
    )


def _curve(drafts: Sequence[Asked], questions: int) -> Iterator[Point]:
    """A point for each confidence that a draft has."""
    wrong = 0
    ordered = sorted(drafts, key=lambda one: -one.confidence)
    for number, one in enumerate(ordered, 1):
        wrong += not one.right
        if number == len(ordered) or ordered[number].confidence < one.confidence:
            yield Point(threshold=one.confidence, answered=number / questions, wrong=wrong / number)


def calibrating(asked: Sequence[Asked], seed: int) -> frozenset[str]:
    """The contexts that a threshold, and the confidence before it, are fitted to: one half of them."""
    contexts = sorted({one.question.context for one in asked})
    random.Random(seed).shuffle(contexts)  # noqa: S311 - a reproducible split, no secret
    return frozenset(contexts[: len(contexts) // 2])


def promised(group: Group, asked: Sequence[Asked], *, risk: float, sure: float, seed: int) -> Promised:
    """The promise for a group; no context has questions on both sides."""
    first = calibrating(asked, seed)
    drafts = [Draft(one.confidence, not one.right) for one in asked if one.draft and one.question.context in first]
    kept = promise(drafts, risk, sure)
    line = kept.threshold if kept else 1.0
    rest = [
        (one, bool(one.draft) and one.confidence >= line) for one in asked if kept and one.question.context not in first
    ]
    return Promised(
        group=group,
        risk=risk,
        sure=sure,
        threshold=kept.threshold if kept else None,
        calibrated_on=kept.answered if kept else 0,
        bound=kept.bound if kept else 1.0,
        held_back=counted(not one.right for one, given in rest if given),
        covered=counted(given for one, given in rest if one.question.answerable),
        lowest=lowest_risk(drafts, sure),
    )
