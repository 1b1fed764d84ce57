"""The passages of an index, each in a row of its own, ranked for a question by words and by meaning.

Words find candidates by BM25 (`postings.py`), meaning by the nearest vectors (`nearest.py`); every candidate of either
is then judged by the same few measures, and a logistic model turns those into the probability that the passage covers
the question (`relevance.py`). Without token vectors words do it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from bot.knowledge.documents import Document
from bot.knowledge.extract import Piece
from bot.knowledge.meaning import Meaning, Sense, Tokens
from bot.knowledge.nearest import Nearest, best
from bot.knowledge.postings import Postings
from bot.knowledge.relevance import OWN_FIRST, Doubles, Evidence, by_all, by_words, probability, rarity
from bot.knowledge.twins import age, is_version, say_the_same

CANDIDATES = 30
"""How many passages words, and again meaning, propose; meaning as many of each language: vectors of one language lie
nearer to each other than to those of the other."""
SAME = 0.9
"""Passages whose terms overlap by this share (Jaccard) may be one text in two documents: the newer one is shown. Whole
documents that are one text are folded before, by `twins.py`."""

FOREIGN = 3
"""Of the passages shown, the places kept for the other language, so that what it alone says is found too."""

Rows = npt.NDArray[np.intp]


@cache
def _blas() -> ThreadpoolController:
    """The products of a search are small: on a busy machine threads would wait for each other four times as long."""
    return ThreadpoolController()


class Question(NamedTuple):
    """Its distinct terms, and with a meaning its sense."""

    terms: Sequence[str]
    sense: Sense | None


class Candidate(NamedTuple):
    """A passage that a search proposes: the log-odds that it covers the question, whether it is in the other language,
    its distinct terms. `own` is False for one of a shelf that others lie above."""

    weight: float
    foreign: bool
    document: Document
    text: str
    terms: frozenset[str]
    own: bool

    @property
    def score(self) -> float:
        """The probability that it covers the question."""
        return probability(self.weight)


class _Entry(NamedTuple):
    document: Document
    text: str
    tokens: Tokens | None


class Ranking:
    """Passages by row. Not safe to use from many threads at once."""

    def __init__(self, meaning: Meaning | None) -> None:
        self._meaning = meaning
        self._words = Postings()
        self._nearest = Nearest(meaning.width) if meaning else None
        self._english = np.zeros(256, np.bool_)
        """Which rows are in English, with a meaning."""
        self._entries: dict[int, _Entry] = {}
        self._free: list[int] = []

    def add(self, document: Document, piece: Piece) -> int:
        """Adds a passage and tells its row; rows of removed ones are used again."""
        row = self._free.pop() if self._free else len(self._entries)
        self._entries[row] = _Entry(document, piece.text, piece.tokens)
        self._words.put(row, piece.words)
        if self._nearest and piece.vector is not None and piece.tokens:
            self._nearest.put(row, piece.vector)
            while row >= len(self._english):
                self._english = np.concatenate([self._english, np.zeros_like(self._english)])
            self._english[row] = piece.tokens.lang == "en"
        return row

    def remove(self, row: int) -> None:
        """Takes a passage out."""
        del self._entries[row]
        self._words.remove(row)
        if self._nearest:
            self._nearest.remove(row)
        self._free.append(row)

    def candidates(self, question: Question, shown: Rows, *, own: bool = True) -> list[Candidate]:
        """Of the rows `shown` those that words or meaning propose, in no order."""
        with _blas().limit(limits=1, user_api="blas"):
            rows, evidence, foreign = self._weighed(question, shown)
        return [
            Candidate(weight, other, self._entries[row].document, self._entries[row].text, self._words.terms(row), own)
            for row, weight, other in zip(rows.tolist(), evidence.tolist(), foreign.tolist(), strict=True)
        ]

    def _weighed(self, question: Question, shown: Rows) -> tuple[Rows, Doubles, npt.NDArray[np.bool_]]:
        """The candidates among the rows `shown`, their log-odds, and which are in the other language."""
        hits = self._words.found(question.terms)
        weights = rarity(question.terms, hits.spans, len(self._words))
        coverage = self._words.sums(hits, weights) / (weights.sum() or 1.0)
        ranks = self._words.ranks(hits)[shown]
        proposed = best(ranks, CANDIDATES)
        rows = shown[proposed[ranks[proposed] > 0]]
        sense = question.sense
        if not (self._nearest and self._meaning and sense):
            return rows, by_words(coverage[rows]), np.zeros(len(rows), np.bool_)
        cosine = self._nearest.likeness(sense.vector)
        apart = (shown[self._english[shown] == lang] for lang in (False, True))
        near = [row for own in apart for row in own[best(cosine[own], CANDIDATES)].tolist()]
        rows = np.array(list(dict.fromkeys([*rows.tolist(), *near])), np.intp)
        tokens = [tokens for row in rows.tolist() if (tokens := self._entries[row].tokens)]
        foreign = self._english[rows] != (sense.tokens.lang == "en")
        return rows, by_all(Evidence(coverage[rows], cosine[rows], tokens, foreign), sense, self._meaning), foreign


def choose(found: Sequence[Candidate], limit: int) -> list[Candidate]:
    """The `limit` best, best first, of one shelf's candidates or of several shelves'.

    Near-identical passages of different documents are folded: the own shelf's is kept, of one shelf the newest.
    """
    kept: list[Candidate] = []
    for one in sorted(found, key=lambda one: OWN_FIRST * one.foreign - one.weight):
        if len(kept) >= limit and sum(held.foreign for held in kept) >= FOREIGN:
            break
        twin = next((place for place, held in enumerate(kept) if _same(held, one)), None)
        if twin is None:
            if one.foreign or len(kept) < limit:
                kept.append(one)
        elif _rank(one) > _rank(kept[twin]):
            kept[twin] = one
    foreign = np.array([one.foreign for one in kept], np.bool_)
    return [kept[at] for at in _with_both(range(len(kept)), foreign, limit)]


def _rank(one: Candidate) -> tuple[bool, tuple[date, float]]:
    return one.own, age(one.document)


def _same(one: Candidate, other: Candidate) -> bool:
    if (one.own, one.document.id) == (other.own, other.document.id):
        return False
    few, many = sorted((len(one.terms), len(other.terms)))
    if few < SAME * many:  # then so is what they share, whatever it is, and counting it takes long
        return False
    shared = len(one.terms & other.terms)
    if shared < SAME * (few + many - shared):
        return False
    first, second = one.document, other.document
    return is_version(first, second) or say_the_same(first, one.terms, second, other.terms)


def _with_both(kept: Sequence[int], foreign: npt.NDArray[np.bool_], limit: int) -> list[int]:
    """The first `limit`; with more than FOREIGN places the last are the other language's best, if there are any."""
    others = [at for at in kept if foreign[at]][:FOREIGN] if limit > FOREIGN else []
    first = [at for at in kept if at not in others][: limit - len(others)]
    return [at for at in kept if at in first or at in others]
