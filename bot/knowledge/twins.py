"""The same text under two ids: which documents are folded into which, so that an answer shows it once.

Two documents are twins if their letters and figures agree in nine of ten runs of LENGTH (the least hashes of all runs,
a bottom-k sketch, estimate it), and if one holds every word and figure of the other, or both bear one title and hold
the same figures: a page for Beijing and the same page for Shanghai are two texts, and so are two rates. Of twins that
hold today the newest is shown, by the day from which it holds, then by when it was taught; of equals the first by id.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from bot.knowledge.documents import Document
from moderation.types import Lang

LENGTH = 8
"""Letters of one run."""
SKETCH = 128
"""Least hashes kept of a text."""
LEAST, SHARED = 12, 6
"""Twins are looked for among the texts that share SHARED of the LEAST least hashes: so do 9,999 of 10,000 twins."""
MANY = 500
"""A hash of more texts than these is of what all pages carry, and tells nothing."""
LIKELY = 30
"""Texts that one is compared with at most, the likest."""
SAME = 0.9
_WORD = re.compile(r"\d+(?:\.\d+)?|[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+")

Sketch = npt.NDArray[np.uint64]
_POWERS = np.array([pow(0x9E3779B97F4A7C15, power, 2**64) for power in range(LENGTH)], np.uint64)


def sketch(text: str) -> Sketch:
    """The least hashes of the runs of letters and figures, ascending."""
    letters = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower()) or text
    codes = np.frombuffer(letters.ljust(LENGTH).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    hashes = np.lib.stride_tricks.sliding_window_view(codes + np.uint64(1), LENGTH) @ _POWERS
    hashes ^= hashes >> np.uint64(29)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(32)
    return np.unique(hashes)[:SKETCH]


def likeness(one: Sketch, other: Sketch) -> float:
    """The estimated share of runs that two texts have in common (Jaccard)."""
    both = np.sort(np.concatenate([one, other]))
    again = np.append(both[1:] == both[:-1], False)
    first = np.append(True, ~again[:-1])  # of the one or two times that a hash is there
    return float(again[first][:SKETCH].mean())


def say_the_same(one: Document, words: frozenset[str], other: Document, others: frozenset[str]) -> bool:
    """Whether two texts that look alike, of these words and figures, say nothing different."""
    if words <= others or others <= words:
        return True
    return _letters(one.title) == _letters(other.title) and not any(word[0].isdigit() for word in words ^ others)


def age(document: Document) -> tuple[date, float]:
    """Grows with the day from which a document holds, then with the time it was taught."""
    taught = document.taught_at
    return document.valid_from or (taught.date() if taught else date.min), taught.timestamp() if taught else 0.0


def is_version(one: Document, other: Document) -> bool:
    """Whether the two are an older and a newer text of one title."""
    return age(one) != age(other) and _letters(one.title) == _letters(other.title)


def titled(document: Document) -> tuple[Lang, str]:
    """The language and the title's letters: what two documents share of which one stands for the other."""
    return document.lang, _letters(document.title) or document.title


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())


class Twins:
    """Finds the twins of each document put; documents are told by their id."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents: dict[str, tuple[Document, Sketch]] = {}
        self._by_hash: defaultdict[int, set[str]] = defaultdict(set)
        self._twins: dict[str, set[str]] = {}
        for document in documents:
            self.put(document, sketch(document.text))

    def put(self, document: Document, own: Sketch) -> None:
        """Adds a document that is not yet held, with the sketch of its text."""
        twins = self.like(document, own)
        for value in own[:LEAST].tolist():
            self._by_hash[value].add(document.id)
        self._documents[document.id] = (document, own)
        if twins:
            self._twins[document.id] = twins
            for id in twins:
                self._twins.setdefault(id, set()).add(document.id)

    def like(self, document: Document, own: Sketch) -> set[str]:
        """The documents held that are twins of one that is not, by the sketch of its text."""
        least = own[:LEAST].tolist()
        near: Counter[str] = Counter()
        for value in least:
            if len(ids := self._by_hash.get(value, set())) <= MANY:
                near.update(ids)
        wanted = min(SHARED, len(least))
        likely = [id for id, count in near.most_common(LIKELY) if count >= wanted]
        return {id for id in likely if self._are_twins(document, own, *self._documents[id])}

    @staticmethod
    def _are_twins(one: Document, own: Sketch, other: Document, others: Sketch) -> bool:
        if one.lang != other.lang or likeness(own, others) < SAME:
            return False
        return say_the_same(one, _words(one.text), other, _words(other.text))

    def remove(self, id: str) -> None:
        """Forgets a document; nothing if it is not held."""
        if id not in self._documents:
            return
        for value in self._documents.pop(id)[1][:LEAST].tolist():
            self._by_hash[value].discard(id)
            if not self._by_hash[value]:
                del self._by_hash[value]
        for twin in self._twins.pop(id, ()):
            self._twins[twin].discard(id)

    def folded(self, today: date) -> dict[str, str]:
        """Each document that is not shown on that day for its twin's sake, and the twin."""
        found: dict[str, str] = {}
        for id, twins in self._twins.items():
            own = self._documents[id][0]
            valid = [one for one in (self._documents[twin][0] for twin in twins) if one.valid_on(today)]
            best = min([own, *valid], key=_rank)
            if best is not own and own.valid_on(today):
                found[id] = best.id
        return found


@lru_cache(maxsize=1024)
def _words(text: str) -> frozenset[str]:
    """The words, Chinese letters and figures of a text."""
    return frozenset(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def _rank(document: Document) -> tuple[int, float, str]:
    """The newest first, among equals the first by id."""
    day, taught = age(document)
    return -day.toordinal(), -taught, document.id
