"""Answers from the community's own knowledge, with the passage that proves them; otherwise a hand-off to a person.

The search brings a few passages. The witness marks in each what answers; the language model reads those that it finds
likeliest, each by itself, and a reading counts only as far as its passage proves it (`proof.py`). A draft is told with
the sentence that it stands in (`telling.py`). All signs together say how likely each draft is right (`confidence.py`);
the best is given, or goes to a person when it is not likely enough.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

import structlog

from bot.answering.confidence import log_odds
from bot.answering.drafts import Draft, Weighed, drafts, weighed
from bot.answering.questions import bare, leans
from bot.knowledge.documents import guess_lang
from bot.knowledge.index import LIMIT
from bot.lm.prompt import reading
from bot.lm.types import LanguageModel, LmError
from bot.witness.pieces import leaning
from bot.witness.witness import Mark, Reader, Titled
from bot.words import words
from moderation.types import Passage, Reply

Search = Callable[[str, str], Awaitable[list[Passage]]]
"""(community, question) -> passages, the best first."""

SHOWN = 5
"""Passages of a reply, at most."""
READ = 3
"""Passages that the model reads: those that witness and search find likeliest."""
SEARCHED = 1.0
"""What the search's log-odds count beside the witness's when READ are chosen: the best of a few tried on open sets."""
FLOOR = 0.01
"""When no passage has this score, nothing has to do with the question: no model is asked. Oblique questions, and those
over documents of the other language, find the right passage with scores far below it."""
MAX_TOKENS = 160
"""Length of an answer in the model's tokens: about 120 English words or 200 Chinese characters."""
EARLIER = 300
"""Characters of the thread's last turns that a question may lean on."""

log = structlog.get_logger()
_WORDED = re.compile(r"[A-Za-z]{2}|[\u3400-\u9fff]")


class Considered(NamedTuple):
    """What a question comes to before it is decided: what was found and the drafts, the likeliest first of both.

    `why` names what is missing when there is no draft: nothing_found, model_failed or not_answered.
    """

    passages: tuple[Passage, ...]
    drafts: tuple[Weighed, ...] = ()
    why: str = ""

    @property
    def likely(self) -> float:
        """The probability that the likeliest draft is right; 0 without one."""
        return self.drafts[0].likely if self.drafts else 0.0


class AnswerRoom:
    """Answers questions of all communities with two readers. Drafts from `confidence` on are given."""

    def __init__(self, search: Search, lm: LanguageModel, witness: Reader, *, confidence: float) -> None:
        self._search = search
        self._lm = lm
        self._witness = witness
        self._confidence = confidence

    async def answer(
        self,
        community: str,
        question: str,
        history: Sequence[str] = (),
        *,
        floor: float = FLOOR,
        confidence: float | None = None,
    ) -> Reply:
        """A proven answer, or a hand-off that says why; a model that is down or busy leads to a hand-off too.

        No model is asked when the best passage's score is below `floor`. `confidence` takes the room's own place.
        """
        began = time.perf_counter()
        room = self if confidence is None else self._from(confidence)
        reply = room.decided(question, await room.consider(community, question, history, floor=floor))
        return reply.model_copy(update={"took_ms": (time.perf_counter() - began) * 1000})

    def _from(self, confidence: float) -> AnswerRoom:
        """The same room, whose drafts are given from another confidence on."""
        return AnswerRoom(self._search, self._lm, self._witness, confidence=confidence)

    def decided(self, question: str, considered: Considered) -> Reply:
        """The likeliest draft as an answer when it is likely enough, else as that of a hand-off."""
        passages = considered.passages
        if not considered.drafts:
            return Reply(handoff=True, why=considered.why, passages=passages[:SHOWN])
        best, _, likely = considered.drafts[0]
        sure = likely >= self._confidence
        others = () if sure else tuple(other for other in passages if other != best.passage)
        return Reply(
            text=_in_the_asker_s_language(bare(question), best),
            passages=(best.passage, *others)[:SHOWN],
            confidence=likely,
            handoff=not sure,
            why="" if sure else "unsure",
            first_ms=best.completion.first_ms,
        )

    async def consider(
        self, community: str, question: str, history: Sequence[str] = (), *, floor: float = FLOOR
    ) -> Considered:
        """The proven drafts of the best passages. A reader that fails is logged and counts as none.

        A question is taken by itself first, and only when that leads to nothing sure as one that leans on what was said
        before: words of another matter make both readers doubt what they read. One that leans by its form does at once.
        A model that failed is not asked a second time.
        """
        asked, earlier = bare(question), "\n".join(history)[-EARLIER:]
        own, by_itself = await self._search(community, asked), Considered(())
        if not (earlier and leans(asked)):
            by_itself = await self._considered(community, asked, "", _by_turns(own), floor)
            if not earlier or by_itself.likely >= self._confidence or by_itself.why == "model_failed":
                return by_itself
        passages = _by_turns(own, await self._search(community, f"{earlier}\n{asked}"))
        in_thread = await self._considered(community, asked, earlier, passages, floor)
        return by_itself if by_itself.likely > in_thread.likely else in_thread

    async def _considered(
        self, community: str, asked: str, earlier: str, passages: tuple[Passage, ...], floor: float
    ) -> Considered:
        if max((found.score for found in passages), default=0.0) < max(floor, FLOOR):
            return Considered(passages, why="nothing_found")
        try:
            return await self._read(community, asked, passages, earlier)
        except LmError as fault:
            log.warning("the model could not answer", fault=type(fault).__name__)
            return Considered(passages, why="model_failed")

    async def _read(self, community: str, question: str, passages: Sequence[Passage], earlier: str) -> Considered:
        """What both readers make of the passages; no draft when every one is silent. Raises LmError."""
        titled = [Titled(found.text, found.title) for found in passages]
        marks = await self._witness.read(leaning(question, earlier), titled)
        likeliest = sorted(zip(passages, marks, strict=True), key=_promise, reverse=True)
        prompts = [reading(question, found.title, found.text, earlier=earlier) for found, _ in likeliest[:READ]]
        completions = await self._lm.complete(prompts, max_tokens=MAX_TOKENS, group=community)
        made = [
            drafts(question, found, said, mark, first=found is passages[0], leads=rank == 0)
            for rank, ((found, mark), said) in enumerate(zip(likeliest, completions, strict=False))
        ]
        told = weighed(question, list(chain.from_iterable(made)))
        return Considered(tuple(found for found, _ in likeliest), told, "" if told else "not_answered")


def _by_turns(*searches: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages to read, best first: a question's own by turns with those of its thread's last turns."""
    turns = chain.from_iterable(zip_longest(*searches))
    return tuple({(one.document, one.text): one for one in turns if one}.values())[:LIMIT]


def _promise(pair: tuple[Passage, Mark]) -> float:
    found, mark = pair
    return log_odds(mark.says) + SEARCHED * log_odds(found.score)


def _in_the_asker_s_language(question: str, best: Draft) -> str:
    """The quotation; out of a document in the other language with a word about that, in the asker's own."""
    asked = guess_lang(question)
    foreign = best.passage.lang != asked and guess_lang(best.told) != asked and _WORDED.search(best.told)
    return words(asked)("say.quoted", text=best.told) if foreign else best.told
