"""The search over one community's documents: what is held, what of it is shown today, and how a shelf is followed.

How passages are found and scored is told in `ranking.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.knowledge.documents import Document
from bot.knowledge.extract import Extract, Extractor
from bot.knowledge.kept import Kept
from bot.knowledge.meaning import Models
from bot.knowledge.ranking import Candidate, Question, Ranking, Rows, choose
from bot.knowledge.terms import terms
from bot.knowledge.twins import Twins, sketch, titled
from moderation.types import Passage

LIMIT = 9
"""Passages that a search brings, and that the witness reads."""
QUERY_LENGTH = 600
"""Characters of a question that count; a longer text is no question, and its search would take long."""


class Followed(NamedTuple):
    """What a follow did: documents put and removed."""

    put: int
    removed: int


class Index:
    """Documents of one community. Safe to use from many threads; put and remove take effect at once."""

    def __init__(self, models: Models | Extractor | None = None, kept: Path | None = None) -> None:
        """`kept` is the file where `follow` keeps what it worked out, for the next start; many indexes may share one
        extractor over the models. Without models the search goes by words alone.

        Raises KnowledgeError if the token vectors are another model's than the packaged one's.
        """
        self._lock = threading.RLock()
        self._extractor = models if isinstance(models, Extractor) else Extractor(models)
        self._kept = Kept(kept, self._extractor)
        self._ranking = Ranking(self._extractor.meaning)
        self._rows: dict[str, list[int]] = {}
        self._documents: dict[str, Document] = {}
        self._twins = Twins()
        self._shown: tuple[date, Rows] | None = None
        """Worked out once for a state of the index and a day."""
        self._changes = 0
        self._replaced: tuple[tuple[int, int, int, date], frozenset[str]] | None = None
        """What these documents take the place of, for a state of the two indexes and a day."""
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
        self._put(document, self._extractor.read(document))

    def _put(self, document: Document, extract: Extract) -> None:
        with self._lock:
            self.remove(document.id)
            self._documents[document.id] = document
            self._twins.put(document, extract.sketch)
            self._rows[document.id] = [self._ranking.add(document, piece) for piece in extract.pieces]

    def remove(self, id: str) -> bool:
        """Takes a document out; False if there is none of that id."""
        with self._lock:
            self._shown = None
            self._changes += 1
            self._twins.remove(id)
            for row in self._rows.pop(id, ()):
                self._ranking.remove(row)
            return self._documents.pop(id, None) is not None

    def follow(
        self, documents: Iterable[Document], *, progress: Callable[[float], None] = lambda _part: None
    ) -> Followed:
        """Makes these the documents held; only what changed, and is not kept on the disk, is worked out.

        What is gone goes first, from the disk too. `progress` is told the part that is done. For one thread at a time.
        """
        wanted = {document.id: document for document in documents}
        held = self.documents()
        gone = held.keys() - wanted.keys()
        for id in gone:
            self.remove(id)
        moved = [document for id, document in wanted.items() if held.get(id) != document]
        with self._kept.opened():
            self._kept.prune(wanted.values())
            for number, (document, extract) in enumerate(chain.from_iterable(self._kept.extracts(moved)), 1):
                self._put(document, extract)
                progress(number / len(moved))
        return Followed(len(moved), len(gone))

    def search(self, query: str, *, limit: int = LIMIT, today: date) -> list[Passage]:
        """The passages that cover the query best, best first, of the documents valid on that day.

        A score is the probability that the passage covers the question: calibrated on open reading sets, where the
        answer was in the index for one half of the questions and taken out for the other.
        """
        return [_passage(one) for one in choose(self._candidates(self._question(query), today), limit)]

    def search_above(self, house: Index, query: str, *, limit: int = LIMIT, today: date) -> list[Passage]:
        """The same of these documents and the house's beneath them, but for those in whose place one of these is."""
        question = self._question(query)
        beneath = house._candidates(question, today, without=self._replaced_in(house, today), own=False)
        return [_passage(one) for one in choose([*self._candidates(question, today), *beneath], limit)]

    def _question(self, query: str) -> Question:
        asked, meaning = query[:QUERY_LENGTH], self._extractor.meaning
        return Question(list(dict.fromkeys(terms(asked))), meaning.asked(asked) if meaning else None)

    def _candidates(
        self, question: Question, today: date, *, without: frozenset[str] = frozenset(), own: bool = True
    ) -> list[Candidate]:
        with self._lock:
            shown = self._shown_on(today)
            gone = [row for id in without for row in self._rows.get(id, ())]
            rows = shown[~np.isin(shown, gone)] if gone else shown
            return self._ranking.candidates(question, rows, own=own)

    def _replaced_in(self, house: Index, today: date) -> frozenset[str]:
        """The house's documents in whose place one of these is on that day: by title and language, or as one text."""
        state = id(house), house._changes, self._changes, today
        if self._replaced is None or self._replaced[0] != state:
            valid = [document for document in self.documents().values() if document.valid_on(today)]
            self._replaced = state, house._like(valid)
        return self._replaced[1]

    def _like(self, others: Sequence[Document]) -> frozenset[str]:
        titles = {titled(one) for one in others}
        with self._lock:
            same = {id for id, document in self._documents.items() if titled(document) in titles}
            return frozenset(same.union(*(self._twins.like(one, sketch(one.text)) for one in others)))

    def _shown_on(self, today: date) -> Rows:
        """The rows of all that holds on that day and is not folded into another."""
        if not self._shown or self._shown[0] != today:
            folded = self._twins.folded(today)
            valid = (id for id, document in self._documents.items() if document.valid_on(today) and id not in folded)
            self._shown = today, np.array(sorted(row for id in valid for row in self._rows[id]), np.intp)
        return self._shown[1]


def _passage(found: Candidate) -> Passage:
    document = found.document
    return Passage(
        document=document.id, title=document.title, text=found.text, lang=document.lang, score=round(found.score, 4)
    )
