"""Asks a house its questions by the whole answer path, and tells for each reply whether it was right."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from bot.answering.answer import AnswerRoom
from bot.answering.confidence import Signs
from bot.answering.proof import numbers
from bot.answering.readers import Readers
from bot.evaluation.houses import House, Question
from bot.knowledge.documents import guess_lang
from bot.knowledge.index import Index
from bot.knowledge.meaning import Models
from bot.lm.evaluate import best, units
from bot.lm.types import Progress
from moderation.types import Lang, Noun, Passage, Reply

LOOKED_AT = 5
"""Passages among which the right document is looked for."""
CLOSE = 0.5
"""F1 with a right answer from which on an answer is right."""


class Labelled(NamedTuple):
    """The signs of a draft, and whether it was right."""

    signs: Signs
    right: bool


class Asked(Noun):
    """A question and what came of it.

    `draft` is the best proven reading, "" if there is none; `right` tells whether it is right, `answered` whether it
    was given, `why` what kept it back. `sources` are the documents of the reply's passages in order, `found` those of
    all passages as search and witness order them, `searched` as the search alone does. `f1` and `exact` measure the
    draft where gold answers are known. `numbers_stand`: every number of the draft stands in a passage of the reply.
    `stale`: one of these is deleted or not valid today. `lang` is the draft's language, None if it has no words;
    `drafts` are all that were weighed, for another fit of the confidence.
    """

    house: str
    question: Question
    draft: str
    confidence: float
    answered: bool
    why: str
    sources: tuple[str, ...]
    found: tuple[str, ...]
    searched: tuple[str, ...]
    right: bool
    f1: float | None
    exact: float | None
    numbers_stand: bool
    stale: bool
    lang: Lang | None
    took_ms: float
    drafts: tuple[Labelled, ...] = ()

    def found_within(self, most: int) -> bool:
        """Whether the right document is among the first passages that search and witness find."""
        return self.question.document in self.found[:most]

    @property
    def searched_first(self) -> bool:
        """Whether the right document is the first that the search alone finds."""
        return self.question.document in self.searched[:1]


class _Shelf(NamedTuple):
    """A house's documents in their index, and the ids of those that may be quoted today."""

    held: Index
    valid: frozenset[str]
    today: date

    async def search(self, _community: str, question: str) -> list[Passage]:
        return await asyncio.to_thread(self.held.search, question, today=self.today)


def _shelf(house: House, models: Models | None, today: date, progress: Progress) -> _Shelf:
    index = Index(models)
    index.follow(house.documents, progress=partial(progress, f"{house.name}: documents"))
    for id in house.deleted:
        index.remove(id)
    valid = frozenset(id for id, document in index.documents().items() if document.valid_on(today))
    return _Shelf(index, valid, today)


async def ask(
    house: House,
    readers: Readers,
    *,
    confidence: float,
    today: date,
    progress: Progress,
) -> list[Asked]:
    """Every question of a house, one after the other; answers from `confidence` on are given.

    Raises KnowledgeError when the vectors do not fit the search. A model that fails is counted, not raised.
    """
    shelf = await asyncio.to_thread(_shelf, house, readers.models, today, progress)
    room = AnswerRoom(shelf.search, readers.lm, readers.witness, confidence=confidence)
    done = []
    for number, question in enumerate(house.questions, 1):
        searched = await shelf.search(house.name, question.question)
        earlier = (question.earlier,) if question.earlier else ()
        began = time.perf_counter()
        considered = await room.consider(house.name, question.question, earlier)
        took = (time.perf_counter() - began) * 1000
        reply = room.decided(question.question, considered).model_copy(update={"took_ms": took})
        asked = judged(house.name, question, reply, considered.passages, searched, shelf.valid)
        drafts = tuple(Labelled(one.signs, right(question, one.draft.told)) for one in considered.drafts)
        done.append(asked.model_copy(update={"drafts": drafts}))
        progress(f"{house.name}: questions", number / len(house.questions))
    return done


def judged(
    house: str,
    question: Question,
    reply: Reply,
    found: Sequence[Passage],
    searched: Sequence[Passage],
    valid: frozenset[str] | set[str],
) -> Asked:
    """What a reply is worth. `found` is what search and witness give, `searched` what the search gives alone, `valid`
    the ids that may be quoted."""
    draft = reply.text if reply.why in ("", "unsure") else ""
    f1, exact = best(draft, question.answers, question.lang) if question.answers else (None, None)
    standing = {number for passage in reply.passages for number in numbers(passage.text)}
    sources = tuple(passage.document for passage in reply.passages)
    return Asked(
        house=house,
        question=question,
        draft=draft,
        confidence=reply.confidence if draft else 0.0,
        answered=bool(draft) and not reply.handoff,
        why=reply.why,
        sources=sources,
        found=tuple(passage.document for passage in found),
        searched=tuple(passage.document for passage in searched),
        right=right(question, draft),
        f1=f1,
        exact=exact,
        numbers_stand=set(numbers(draft)) <= standing,
        stale=not valid.issuperset(sources),
        lang=guess_lang(draft) if re.search(r"[A-Za-z\u3400-\u9fff]", draft) else None,
        took_ms=reply.took_ms,
    )


def right(question: Question, said: str) -> bool:
    """Whether an answer is right: it holds all that is expected, or a gold answer stands in it or is near to it."""
    if question.expect:
        return all(_squeezed(part) in _squeezed(said) for part in question.expect)
    spoken = units(said, question.lang)
    return any(_stands(units(answer, question.lang), spoken) for answer in question.answers) or (
        bool(question.answers) and best(said, question.answers, question.lang)[0] >= CLOSE
    )


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _stands(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether a run of units, at least one, stands in another."""
    size = len(part)
    return size > 0 and any(whole[at : at + size] == part for at in range(len(whole) - size + 1))
