"""What is asked of what: a knowledge folder and questions to it, drawn from a reading set or read from a folder.

A folder holds `knowledge/`, as `xiaoer` reads it, and `questions.jsonl`:

    {"lang": "zh", "question": "...", "expect": ["10%"], "document": "zh/fees.md", "kind": "amount", "answerable": true}

`kind` is whatever the author wants told apart; `cross` marks a question whose document is in the other language.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

from pydantic import Field, ValidationError, model_validator

from bot.knowledge.decoding import plain_markdown
from bot.knowledge.documents import Document
from bot.knowledge.reading import read_folder
from bot.knowledge.terms import terms
from bot.lm.evaluate import Row
from bot.lm.mixture import Ask, Reading, ours, public, rows_file
from moderation.errors import XiaoerError
from moderation.types import Lang, Noun

DOCUMENTS = 400
"""Passages of a reading set that become documents, per language, at most."""
SAMPLE = 300
"""Answerable questions asked per language, unless told otherwise; with them half as many that nothing answers."""
WITHDRAWN = 10
"""Of so many passages one is deleted or has expired; their questions must go to a person."""
GENERAL = "ours/general"
"""Our own passages of general knowledge."""
SHOPS = ("ours/merchant_en", "ours/merchant_zh", "ours/merchant_rules_en", "ours/merchant_rules_zh")
"""Our own passages about invented marketplaces, each about a subject of its own."""
ELSEWHERE = 0.4
"""The part of a question's terms from which on a document may answer it that holds more of them than its own does."""
CLEARLY = 0.1
"""How much larger that part must be."""
SET_HOUSE, SHOPS_HOUSE = "reading set", "invented shops"
LONG_AGO = date(2000, 1, 1)
TITLE = 40
"""Characters of a passage that name it where it has no title."""


class HouseError(XiaoerError):
    """A house cannot be asked: which file or line, why and the mend."""


class Question(Noun):
    """A question, and what is right: any of `answers`, or all of `expect` together; neither when nothing answers it.

    `document` is the one that it is about, or "". `earlier` is what was said before in the thread.
    """

    lang: Lang
    question: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    answerable: bool
    document: str = ""
    expect: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    earlier: str = ""

    @model_validator(mode="after")
    def _says_what_is_right(self) -> Question:
        if self.answerable != bool(self.expect or self.answers):
            raise ValueError("an answerable question says what is expected, and no other does")
        if self.answerable and not self.document:
            raise ValueError("an answerable question names the document that answers")
        return self

    @property
    def context(self) -> str:
        """What it shares with the questions that must not be parted from it."""
        return self.document or self.question


class House(NamedTuple):
    """Documents and what is asked of them. `deleted` ids are put and taken out before anything is asked; `rows` are
    the questions beside their own passages, where there are such."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    deleted: frozenset[str] = frozenset()
    rows: tuple[Row, ...] = ()


class _Page(NamedTuple):
    """A passage as a document; `fate` is "", deleted or expired."""

    id: str
    reading: Reading
    fate: str

    def document(self) -> Document:
        one = self.reading
        title = one.title or " ".join(one.passage[:TITLE].split())
        until = LONG_AGO if self.fate == "expired" else None
        return Document(id=self.id, title=title, lang=_lang(one), text=plain_markdown(one.passage), valid_until=until)


def from_set(data: Path, *, sample: int = SAMPLE, seed: int = 0) -> House:
    """A house of the dev passages with a stated licence and of our own held-out ones of general knowledge; where a
    language has few, train passages fill it up, of which nothing is asked. Those about invented marketplaces are a
    house of their own (`from_shops`); here their questions are for the reader alone.

    Raises ModelError when the set cannot be read.
    """
    general = [one for one in ours("dev") if one.group.startswith(GENERAL)]
    dev = [*public(rows_file(data, "dev")), *general]
    train = rows_file(data, "train")
    spare = public(train) if data.is_dir() and train.exists() else []
    elsewhere = frozenset(ask.question for one in [*dev, *spare] for ask in one.asks if ask.answers)
    pages, questions, rows = [], [], []
    for lang in get_args(Lang):
        rng = random.Random(f"{seed} {lang}")  # noqa: S311 - a reproducible sample, no secret
        mine = _pages(lang, dev, spare, rng)
        asked = _asked(mine, sample, elsewhere, rng)
        pages += mine
        questions += [question for question, _ in asked]
        shops = [one for one in ours("dev") if one not in general and one.lang == lang]
        own = [Row(one, question) for one in shops for question in one.asks]
        rows += [*(row for _, row in asked if row), *rng.sample(own, min(sample, len(own)))]
    deleted = frozenset(page.id for page in pages if page.fate == "deleted")
    return House(SET_HOUSE, tuple(page.document() for page in pages), tuple(questions), deleted, tuple(rows))


def from_shops(*, sample: int = SAMPLE, seed: int = 0) -> House:
    """A house of our own held-out passages about invented marketplaces, as a merchant's folder would be: questions of
    amounts and deadlines over pages that all look alike. `sample` as in `from_folder`."""
    held = [one for one in ours("dev") if one.group in SHOPS]
    pages = [_Page(f"{_lang(one)}/shop/{at}", one, "") for at, one in enumerate(held)]
    questions = [_question(page, ask) for page in pages for ask in page.reading.asks]
    return House(SHOPS_HOUSE, tuple(page.document() for page in pages), _drawn(questions, sample, seed))


def _lang(one: Reading) -> Lang:
    return "zh" if one.lang == "zh" else "en"


def _pages(lang: str, dev: Iterable[Reading], spare: Iterable[Reading], rng: random.Random) -> list[_Page]:
    """At most DOCUMENTS passages, one of WITHDRAWN of those with questions deleted or expired by turns."""
    asked = _distinct(one for one in dev if one.lang == lang)
    own = rng.sample(asked, min(DOCUMENTS, len(asked)))
    known = {one.passage for one in asked}
    further = [one for one in _distinct(spare) if one.lang == lang and one.passage not in known]
    filling = rng.sample(further, min(DOCUMENTS - len(own), len(further)))
    fates = {at: ("deleted", "expired")[at // WITHDRAWN % 2] for at in range(0, len(own), WITHDRAWN)}
    pages = [_Page(f"{lang}/{one.group}/{at}", one, fates.get(at, "")) for at, one in enumerate(own)]
    return pages + [
        _Page(f"{lang}/unasked/{at}", Reading(one.group, one.lang, one.title, one.passage, ()), "")
        for at, one in enumerate(filling)
    ]


def _distinct(readings: Iterable[Reading]) -> list[Reading]:
    """One of each passage."""
    return list({one.passage: one for one in readings}.values())


def _asked(
    pages: Sequence[_Page], sample: int, elsewhere: frozenset[str], rng: random.Random
) -> list[tuple[Question, Row | None]]:
    """`sample` answerable questions, half as many that nothing answers, and a few whose passage is withdrawn; these
    have no row for the reader alone. A question over a wrong passage is left out where another may answer it."""
    every = [(page, ask) for page in pages for ask in page.reading.asks]
    held = [(page, ask) for page, ask in every if not page.fate]
    answered = [pair for pair in held if pair[1].answers]
    silent = [pair for pair in held if not pair[1].answers and pair[1].question not in elsewhere]
    silent = _answered_nowhere(silent, pages)
    gone = [pair for pair in every if pair[0].fate and pair[1].answers]
    chosen = [
        pair
        for pairs, most in ((answered, sample), (silent, sample // 2), (gone, sample // WITHDRAWN))
        for pair in rng.sample(pairs, min(most, len(pairs)))
    ]
    return [(_question(page, ask), None if page.fate else Row(page.reading, ask)) for page, ask in chosen]


def _answered_nowhere(pairs: Sequence[tuple[_Page, Ask]], pages: Sequence[_Page]) -> list[tuple[_Page, Ask]]:
    """Those whose own passage is the nearest. Reading sets ask questions of passages drawn at random, and the passage
    that they were written for may be among the others."""
    held = {page.id: frozenset(terms(page.reading.passage)) for page in pages}
    kept = []
    for page, ask in pairs:
        asked = set(terms(ask.question))
        share = {id: len(asked & found) / max(1, len(asked)) for id, found in held.items()}
        if max(share.values()) < max(ELSEWHERE, share[page.id] + CLEARLY):
            kept.append((page, ask))
    return kept


def _question(page: _Page, ask: Ask) -> Question:
    return Question(
        lang=_lang(page.reading),
        question=ask.question,
        kind=page.fate or page.reading.group,
        answerable=bool(ask.answers) and not page.fate,
        document=page.id,
        answers=() if page.fate else ask.answers,
        earlier=ask.earlier,
    )


def from_folder(folder: Path, *, sample: int = SAMPLE, seed: int = 0) -> House:
    """A ready house; of many questions `sample` answerable and half as many others per language are drawn.

    Raises HouseError or KnowledgeError when the folder cannot be read whole.
    """
    held = read_folder(folder / "knowledge")
    if held.faults:
        raise HouseError(f"{folder}: {held.faults[0]}")
    questions = list(_lines(folder / "questions.jsonl", {document.id for document in held.documents}))
    return House(folder.resolve().name, held.documents, _drawn(questions, sample, seed))


def _drawn(questions: Sequence[Question], sample: int, seed: int) -> tuple[Question, ...]:
    """`sample` answerable questions per language and half as many others."""
    chosen: list[Question] = []
    for lang in get_args(Lang):
        rng = random.Random(f"{seed} {lang}")  # noqa: S311 - a reproducible sample, no secret
        for answerable, most in ((True, sample), (False, sample // 2)):
            mine = [one for one in questions if (one.lang, one.answerable) == (lang, answerable)]
            chosen += rng.sample(mine, min(most, len(mine)))
    return tuple(chosen)


def _lines(file: Path, documents: set[str]) -> Iterator[Question]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HouseError(
            f"{file} cannot be read ({error}); give a folder with knowledge/ and questions.jsonl"
        ) from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found = Question.model_validate_json(line)
            except ValidationError as error:
                fault = error.errors(include_url=False)[0]
                where = ".".join(map(str, fault["loc"])) or "the line"
                raise HouseError(f"{file}:{number}: {where}: {fault['msg']}; see bot/evaluation/houses.py") from error
            if found.document and found.document not in documents:
                raise HouseError(f"{file}:{number}: there is no {found.document} in knowledge/; correct `document`")
            yield found
