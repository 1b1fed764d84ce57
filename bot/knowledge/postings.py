"""Search by words: which passages hold which terms, with BM25 over them (Robertson and Zaragoza 2009).

In memory, each term with its own growing array, so that a passage comes and goes in the time of its own terms and a
question costs a few array operations. A passage is known by its row, a small number that the index gives it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
K1, B = 1.2, 0.75
RAREST = 1e-6
"""The weight of a term that more than half of the passages hold."""


class Words(NamedTuple):
    """A passage's distinct terms, and how often it holds each, in halves: a term of the title counts one, of the text
    two. `length` is the number of all terms, repeated ones too."""

    terms: tuple[str, ...]
    halves: array[int]
    length: int


class Hits(NamedTuple):
    """Where the wanted terms are found: all their places one behind the other, `spans` places of each term."""

    rows: npt.NDArray[np.intp]
    halves: Doubles
    spans: npt.NDArray[np.intp]


class Postings:
    """The terms of the passages. Not safe to use from many threads at once."""

    def __init__(self) -> None:
        self._places: dict[str, array[int]] = {}
        """For each term row, halves, row, halves, ..."""
        self._terms: dict[int, tuple[str, ...]] = {}
        self._lengths = np.zeros(256)

    def __len__(self) -> int:
        return len(self._terms)

    def put(self, row: int, words: Words) -> None:
        """Adds a passage; its row must be free."""
        terms = tuple(map(sys.intern, words.terms))
        places = self._places
        for term, halves in zip(terms, words.halves, strict=True):
            held = places.get(term)
            if held is None:
                places[term] = array("I", (row, halves))
            else:
                held.extend((row, halves))
        while row >= len(self._lengths):
            self._lengths = np.concatenate([self._lengths, np.zeros_like(self._lengths)])
        self._lengths[row] = words.length
        self._terms[row] = terms

    def remove(self, row: int) -> None:
        """Takes a passage out, and with it the terms that no other holds."""
        for term in self._terms.pop(row):
            held = self._places[term]
            at = 2 * int(np.flatnonzero(_table(held)[:, 0] == row)[0])
            held[at : at + 2] = held[-2:]
            del held[-2:]
            if not held:
                del self._places[term]
        self._lengths[row] = 0

    def terms(self, row: int) -> frozenset[str]:
        """The distinct terms of a passage."""
        return frozenset(self._terms[row])

    def found(self, wanted: Sequence[str]) -> Hits:
        """Every place of the wanted terms, which must differ."""
        tables = [_table(self._places.get(term, array("I"))) for term in wanted]
        places = np.concatenate(tables) if tables else np.zeros((0, 2), np.uint32)
        spans = np.array([len(table) for table in tables], np.intp)
        return Hits(places[:, 0].astype(np.intp), places[:, 1] / 2.0, spans)

    def ranks(self, hits: Hits) -> Doubles:
        """BM25 of every row, [rows]; 0 where no term is found, more than 0 where one is."""
        count = len(self._terms) or 1
        lengths = self._lengths[hits.rows]
        relative = lengths * (count / (self._lengths.sum() or 1.0))
        rarity = np.maximum(np.log((count - hits.spans + 0.5) / (hits.spans + 0.5)), RAREST)
        known = hits.halves * (K1 + 1) / (hits.halves + K1 * (1 - B + B * relative))
        return self.sums(hits, rarity, known)

    def sums(self, hits: Hits, weights: Doubles, share: Doubles | float = 1.0) -> Doubles:
        """For every row the sum of the weights, one per term, of the terms that it holds, [rows]."""
        each = np.repeat(weights, hits.spans) * share
        result: Doubles = np.bincount(hits.rows, each, len(self._lengths)).astype(np.float64, copy=False)
        return result


def _table(places: array[int]) -> npt.NDArray[np.uint32]:
    return np.frombuffer(places, np.uint32).reshape(-1, 2)
