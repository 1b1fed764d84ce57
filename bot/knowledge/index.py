"""The search over one community's documents, in memory: by words and by meaning, with a score that means something.

Words find candidates by BM25 (SQLite's FTS5), meaning by the nearest vectors; every candidate of either is then judged
by the same few measures, and a logistic model turns those into the probability that the passage covers the question
(`bot/knowledge/relevance.py`). Without token vectors words do it alone.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from threadpoolctl import ThreadpoolController

from bot.knowledge.documents import Document
from bot.knowledge.meaning import Meaning, Sense, TokenTable, VectorShelf
from bot.knowledge.passages import cut
from bot.knowledge.relevance import Evidence, Ground, scores
from bot.knowledge.terms import terms
from bot.knowledge.twins import Twins, age, is_version, say_the_same
from moderation.types import Passage

CANDIDATES = 30
"""How many passages words, and again meaning, propose."""
QUERY_LENGTH = 600
"""Characters of a question that count; a longer text is no question, and its search would take long."""
SAME = 0.9
"""Passages whose terms overlap by this share (Jaccard) may be one text in two documents: the newer one is shown. Whole
documents that are one text are folded before, by `bot/knowledge/twins.py`."""

_SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(title, body, tokenize="unicode61 remove_diacritics 0 tokenchars '.+'");
CREATE VIRTUAL TABLE counts USING fts5vocab(words, row);
"""


@cache
def _blas() -> ThreadpoolController:
    """The products of a search are small: on a busy machine threads would wait for each other four times as long."""
    return ThreadpoolController()


class _Entry(NamedTuple):
    """One passage as held: its document, its text, the terms of its title and of its text, its sense."""

    document: Document
    text: str
    title: str
    body: str
    sense: Sense | None

    def terms(self) -> frozenset[str]:
        return _split(self.title, self.body)


@lru_cache(maxsize=2048)
def _split(title: str, body: str) -> frozenset[str]:
    return frozenset(title.split()) | frozenset(body.split())


class _Found(NamedTuple):
    score: float
    entry: _Entry


class Index:
    """Documents of one community. Safe to use from many threads; put and remove take effect at once."""

    def __init__(self, vectors: TokenTable | None = None) -> None:
        """Raises KnowledgeError if the vectors are another model's than the packaged one's."""
        self._lock = threading.RLock()
        self._words = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._words.executescript(_SCHEMA)
        self._meaning = Meaning(vectors) if vectors else None
        self._vectors = VectorShelf(self._meaning.width) if self._meaning else None
        self._entries: dict[int, _Entry] = {}
        self._dated: set[int] = set()
        self._keys: dict[str, list[int]] = {}
        self._documents: dict[str, Document] = {}
        self._twins = Twins()
        self._last = 0
        self.version = -1
        """The shelf's version that the index follows; -1 before the first sync."""

    def __len__(self) -> int:
        """Documents held, whether valid today or not."""
        return len(self._documents)

    def documents(self) -> dict[str, Document]:
        """The documents held, by id; a copy."""
        with self._lock:
            return dict(self._documents)

    def put(self, document: Document) -> None:
        """Adds a document, or replaces the one with its id."""
        entries = self._read(document)
        with self._lock:
            self.remove(document.id)
            self._documents[document.id] = document
            self._twins.put(document)
            self._keys[document.id] = [self._add(entry) for entry in entries]

    def _read(self, document: Document) -> list[_Entry]:
        head = " ".join((document.title, *document.tags))
        title = " ".join(terms(head))
        return [
            _Entry(document, text, title, " ".join(terms(text)), self._sense(f"{document.title}\n{text}"))
            for text in cut(document)
        ]

    def _sense(self, text: str) -> Sense | None:
        return self._meaning.read(text) if self._meaning else None

    def _add(self, entry: _Entry) -> int:
        self._last += 1
        row = (self._last, entry.title, entry.body)
        self._words.execute("INSERT INTO words(rowid, title, body) VALUES (?, ?, ?)", row)
        if self._vectors and entry.sense:
            self._vectors.put(self._last, entry.sense.vector)
        self._entries[self._last] = entry
        if entry.document.valid_from or entry.document.valid_until:
            self._dated.add(self._last)
        return self._last

    def remove(self, id: str) -> bool:
        """Takes a document out; False if there is none of that id."""
        with self._lock:
            self._twins.remove(id)
            for key in self._keys.pop(id, ()):
                self._words.execute("DELETE FROM words WHERE rowid = ?", (key,))
                if self._vectors:
                    self._vectors.remove(key)
                del self._entries[key]
                self._dated.discard(key)
            return self._documents.pop(id, None) is not None

    def search(self, query: str, *, limit: int = 5, today: date) -> list[Passage]:
        """The passages that cover the query best, best first, of the documents valid on that day.

        A score is the probability that the passage covers the question: calibrated on open reading sets, where the
        answer was in the index for one half of the questions and taken out for the other.
        """
        asked = query[:QUERY_LENGTH]
        wanted = list(dict.fromkeys(terms(asked)))
        sense = self._sense(asked)
        with self._lock, _blas().limit(limits=1, user_api="blas"):
            found = self._found(wanted, sense, today)
        return [_passage(one) for one in _distinct(found, limit)]

    def _found(self, wanted: list[str], sense: Sense | None, today: date) -> list[_Found]:
        barred = {key for key in self._dated if not self._entries[key].document.valid_on(today)}
        barred.update(key for id in self._twins.folded(today) for key in self._keys[id])
        entries = [self._entries[key] for key in self._candidates(wanted, sense, barred)]
        ground = Ground({term: self._frequency(term) for term in wanted}, len(self._entries), sense)
        scored = scores(ground, [Evidence(entry.terms(), entry.sense) for entry in entries], self._meaning)
        return sorted(map(_Found, scored, entries), key=lambda found: -found.score)

    def _candidates(self, wanted: list[str], sense: Sense | None, barred: set[int]) -> list[int]:
        keys = dict.fromkeys(self._by_words(wanted, barred))
        if self._vectors and sense:
            keys |= dict.fromkeys(self._vectors.nearest(sense.vector, CANDIDATES, barred))
        return list(keys)

    def _by_words(self, wanted: Sequence[str], barred: set[int]) -> list[int]:
        match = " OR ".join(f'"{term}"' for term in wanted)
        if not match:
            return []
        ranked = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 0.5, 1.0)"
        rows = self._words.execute(ranked, (match,))
        found: list[int] = []
        for (key,) in rows:
            if key not in barred:
                found.append(key)
            if len(found) == CANDIDATES:
                break
        return found

    def _frequency(self, term: str) -> int:
        row = self._words.execute("SELECT doc FROM counts WHERE term = ?", (term,)).fetchone()
        return int(row[0]) if row else 0


def _distinct(found: list[_Found], limit: int) -> list[_Found]:
    """The first `limit` passages, near-identical ones of different documents folded: the newest document's is kept."""
    kept: list[_Found] = []
    for one in found:
        if len(kept) == limit:
            break
        twin = next((at for at, held in enumerate(kept) if _same(held.entry, one.entry)), None)
        if twin is None:
            kept.append(one)
        elif age(one.entry.document) > age(kept[twin].entry.document):
            kept[twin] = _Found(kept[twin].score, one.entry)
    return kept


def _same(one: _Entry, other: _Entry) -> bool:
    if one.document.id == other.document.id:
        return False
    left, right = one.terms(), other.terms()
    if len(left & right) < SAME * len(left | right):
        return False
    return is_version(one.document, other.document) or say_the_same(one.document, left, other.document, right)


def _passage(found: _Found) -> Passage:
    document, text = found.entry.document, found.entry.text
    return Passage(
        document=document.id, title=document.title, text=text, lang=document.lang, score=round(found.score, 4)
    )
