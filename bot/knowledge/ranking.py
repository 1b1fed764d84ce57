"""The passages of an index, each in a row of its own, ranked for a question by words and by meaning.

Words find candidates by BM25 (`postings.py`), meaning by the nearest vectors (`nearest.py`); every candidate of either
is then judged by the same few measures, and a logistic model turns those into the probability that the passage covers
the question (`relevance.py`). Without token vectors words do it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
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
"""How many passages words, and again meaning, propose."""
SAME = 0.9
"""Passages whose terms overlap by this share (Jaccard) may be one text in two documents: the newer one is shown. Whole
documents that are one text are folded before, by `twins.py`."""

FOREIGN = 2
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


class Ranked(NamedTuple):
    """A passage and the probability that it covers the question."""

    score: float
    document: Document
    text: str


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
        self._entries: dict[int, _Entry] = {}
        self._free: list[int] = []

    def add(self, document: Document, piece: Piece) -> int:
        """Adds a passage and tells its row; rows of removed ones are used again."""
        row = self._free.pop() if self._free else len(self._entries)
        self._entries[row] = _Entry(document, piece.text, piece.tokens)
        self._words.put(row, piece.words)
        if self._nearest and piece.vector is not None:
            self._nearest.put(row, piece.vector)
        return row

    def remove(self, row: int) -> None:
        """Takes a passage out."""
        del self._entries[row]
        self._words.remove(row)
        if self._nearest:
            self._nearest.remove(row)
        self._free.append(row)

    def best(self, question: Question, shown: Rows, limit: int) -> list[Ranked]:
        """Of the rows `shown` the `limit` best, best first.

        Near-identical passages of different documents are folded: the newest document's is kept.
        """
        with _blas().limit(limits=1, user_api="blas"):
            rows, evidence, foreign = self._weighed(question, shown)
        kept: list[int] = []
        for at in best(evidence - OWN_FIRST * foreign, len(evidence)).tolist():
            if len(kept) >= limit and foreign[kept].sum() >= FOREIGN:
                break
            twin = next((place for place, held in enumerate(kept) if self._same(int(rows[held]), int(rows[at]))), None)
            if twin is None:
                kept.append(at)
            elif age(self._document(rows[at])) > age(self._document(rows[kept[twin]])):
                kept[twin] = at
        chosen = _with_both(kept, foreign, limit)
        found = [(self._entries[int(rows[at])], float(evidence[at])) for at in chosen]
        return [Ranked(probability(weight), entry.document, entry.text) for entry, weight in found]

    def _document(self, row: np.intp) -> Document:
        return self._entries[int(row)].document

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
        near = shown[best(cosine[shown], CANDIDATES)]
        rows = np.array(list(dict.fromkeys([*rows.tolist(), *near.tolist()])), np.intp)
        tokens = [tokens for row in rows.tolist() if (tokens := self._entries[row].tokens)]
        foreign = np.array([one.lang != sense.tokens.lang for one in tokens], np.bool_)
        return rows, by_all(Evidence(coverage[rows], cosine[rows], tokens, foreign), sense, self._meaning), foreign

    def _same(self, one: int, other: int) -> bool:
        first, second = self._entries[one].document, self._entries[other].document
        if first.id == second.id:
            return False
        left, right = self._words.terms(one), self._words.terms(other)
        if len(left & right) < SAME * len(left | right):
            return False
        return is_version(first, second) or say_the_same(first, left, second, right)


def _with_both(kept: Sequence[int], foreign: npt.NDArray[np.bool_], limit: int) -> list[int]:
    """The first `limit`; with more than FOREIGN places the last are the other language's best, if there are any."""
    others = [at for at in kept if foreign[at]][:FOREIGN] if limit > FOREIGN else []
    first = [at for at in kept if at not in others][: limit - len(others)]
    return [at for at in kept if at in first or at in others]
