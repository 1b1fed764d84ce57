"""Answers from the community's own knowledge, with the passage that proves them; otherwise a hand-off to a person.

The search brings a few passages, the model reads each by itself, and a reading counts only as far as its passage proves
it (`proof.py`). The best is read once more over the sentence that it quotes; all signs together say how likely it is
right (`confidence.py`), and what is not likely enough goes to a person, with the draft.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, zip_longest
from typing import NamedTuple

import structlog
from rapidfuzz import fuzz

from bot.answering.confidence import MOST, Signs, confidence, log_odds
from bot.answering.proof import around, proven
from bot.answering.questions import bare
from bot.knowledge.documents import guess_lang
from bot.knowledge.terms import terms
from bot.lm.prompt import is_refusal, reading
from bot.lm.types import Completion, LanguageModel, LmError
from bot.words import words
from moderation.types import Passage, Reply

Search = Callable[[str, str], Awaitable[list[Passage]]]
"""(community, question) -> passages, the best first."""

READ = 3
"""Passages that the model reads first; more cost time and rarely hold the answer."""
FURTHER = 2
"""Passages that it reads when the first are silent: what the other language alone says, mostly."""
FLOOR = 0.02
"""A passage below this score has nothing to do with the question: no model reads it. Oblique questions, and those over
documents of the other language, find the right passage with scores down to here."""
MAX_TOKENS = 160
"""Length of an answer in the model's tokens: about 120 English words or 200 Chinese characters."""
EARLIER = 300
"""Characters of the thread's last turns that a question may lean on."""
ALIKE = 80.0
"""How alike (rapidfuzz, 0 to 100) two readings are that say the same."""

log = structlog.get_logger()
_NUMBER_ASKED = re.compile(
    r"(?i)\bhow (?:many|much|long|often|old|far|fast|high|soon|big|large)\b|\bwhat (?:year|percentage|time|date)\b"
    r"|\bwhen\b|多少|多[久长大高远]|几|何时|什么时候|哪[一]?[年天日]"
)
_NUMBER = re.compile(
    r"\d|[一二三四五六七八九十百千万两半]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half|twice)\b"
)
_NAMED = re.compile(
    r"\d+(?:[.,:]\d+)*|(?<!^)(?<![.!?] )\b[A-Z][\w'-]+|(?<=[\u3400-\u9fff])[A-Za-z]{2,}|(?<=[《“「])[^》”」]+"
)
_WORDED = re.compile(r"[A-Za-z]{2}|[\u3400-\u9fff]")


@dataclass(frozen=True)
class Draft:
    """A reading as far as its passage proves it."""

    text: str
    passage: Passage
    completion: Completion

    @cached_property
    def sentence(self) -> str:
        """What of the passage the text stands in."""
        return around(self.text, self.passage.text)

    @property
    def willing(self) -> float:
        return log_odds(1 - (self.completion.refusal or 0.0))


class Considered(NamedTuple):
    """What a question comes to before it is decided: what the search found, the best proven reading with its signs.

    `why` names what is missing when there is no reading: nothing_found, model_failed or not_answered.
    """

    passages: tuple[Passage, ...]
    best: Draft | None = None
    signs: Signs | None = None
    why: str = ""


class AnswerRoom:
    """Answers questions of all communities with one model. Readings from `confidence` on are given."""

    def __init__(self, search: Search, lm: LanguageModel, *, confidence: float) -> None:
        self._search = search
        self._lm = lm
        self._confidence = confidence

    async def answer(
        self, community: str, question: str, history: Sequence[str] = (), *, floor: float = FLOOR
    ) -> Reply:
        """A proven answer, or a hand-off that says why; a model that is down or busy leads to a hand-off too.

        No model is asked when the best passage's score is below `floor`.
        """
        began = time.perf_counter()
        reply = self.decided(question, await self.consider(community, question, history, floor=floor))
        return reply.model_copy(update={"took_ms": (time.perf_counter() - began) * 1000})

    def decided(self, question: str, considered: Considered) -> Reply:
        """The reading as an answer when it is likely enough, else as the draft of a hand-off."""
        passages, best, signs, why = considered
        if best is None or signs is None:
            return Reply(handoff=True, why=why, passages=passages)
        likely = confidence(signs)
        sure = likely >= self._confidence
        others = () if sure else tuple(other for other in passages if other != best.passage)
        return Reply(
            text=_in_the_asker_s_language(bare(question), best),
            passages=(best.passage, *others),
            confidence=likely,
            handoff=not sure,
            why="" if sure else "unsure",
            first_ms=best.completion.first_ms,
        )

    async def consider(
        self, community: str, question: str, history: Sequence[str] = (), *, floor: float = FLOOR
    ) -> Considered:
        """The best proven reading of the best passages. A model that fails is logged and counts as none."""
        asked, earlier = bare(question), "\n".join(history)[-EARLIER:]
        passages = await self._passages(community, asked, earlier)
        if max((found.score for found in passages), default=0.0) < max(floor, FLOOR):
            return Considered(passages, why="nothing_found")
        try:
            worth = [found for found in passages if found.score >= FLOOR]
            best, signs = await self._read(community, asked, worth, earlier)
        except LmError as fault:
            log.warning("the model could not answer", fault=type(fault).__name__)
            return Considered(passages, why="model_failed")
        return Considered(passages, best, signs, "" if best else "not_answered")

    async def _passages(self, community: str, question: str, earlier: str) -> tuple[Passage, ...]:
        """The passages to read, best first; a question's own by turns with those of its thread's last turns."""
        searches = [await self._search(community, question)]
        if earlier:
            searches.append(await self._search(community, f"{earlier}\n{question}"))
        turns = chain.from_iterable(zip_longest(*searches))
        return tuple({(one.document, one.text): one for one in turns if one}.values())[: READ + FURTHER]

    async def _read(
        self, community: str, question: str, passages: Sequence[Passage], earlier: str
    ) -> tuple[Draft | None, Signs | None]:
        """The best proven reading with its signs, or neither when every passage is silent. Raises LmError."""
        drafts = await self._drafts(community, question, passages[:READ], earlier, begun=False)
        if not any(one.willing > 0 for one in drafts) and passages[READ:]:
            drafts += await self._drafts(community, question, passages[READ:], earlier, begun=True)
        if not drafts:
            return None, None
        best = max(drafts, key=lambda one: one.willing + 2 * log_odds(one.passage.score) + one.completion.logprob)
        again = reading(question, best.passage.title, best.sentence, earlier=earlier)
        (alone,) = await self._lm.complete([again], max_tokens=MAX_TOKENS, group=community, begun=True)
        return best, signs(question, best, alone, [one for one in drafts if one is not best])

    async def _drafts(
        self, community: str, question: str, passages: Sequence[Passage], earlier: str, *, begun: bool
    ) -> list[Draft]:
        """What each passage says, as far as it proves it."""
        prompts = [reading(question, found.title, found.text, earlier=earlier) for found in passages]
        completions = await self._lm.complete(prompts, max_tokens=MAX_TOKENS, group=community, begun=begun)
        pairs = zip(passages, completions, strict=True)
        return [made for pair in pairs if (made := draft(question, *pair))]


def draft(question: str, passage: Passage, completion: Completion) -> Draft | None:
    """What a reading says; None when it refuses, only repeats the question, or nothing of it is proven."""
    said = completion.text.strip()
    if not said or is_refusal(said):
        return None
    text = proven(said, passage.text)
    if not text or set(terms(text)) <= set(terms(question)):
        return None
    return Draft(text, passage, completion)


def signs(question: str, best: Draft, alone: Completion, others: Sequence[Draft]) -> Signs:
    """The signs of the best reading; `alone` is how the model reads its sentence by itself."""
    same = [one for one in others if fuzz.ratio(one.text, best.text) >= ALIKE]
    rivals = [one.willing for one in others if one not in same]
    refused = is_refusal(alone.text)
    return Signs(
        willing=best.willing,
        certain=best.completion.logprob,
        alone=log_odds(1 - (alone.refusal if alone.refusal is not None else float(refused))),
        agreed=0.0 if refused else fuzz.partial_ratio(alone.text, best.text) / 100,
        score=best.passage.score,
        rival=max(rivals, default=-MOST),
        seconded=float(bool(same)),
        unmet=_unmet(question, best.passage),
        near=_near(question, best.sentence),
        foreign=float(best.passage.lang != guess_lang(question)),
        wanting=float(bool(_NUMBER_ASKED.search(question)) and not _NUMBER.search(best.text)),
        length=math.log(len(best.text)),
    )


def _unmet(question: str, passage: Passage) -> float:
    """Numbers and names of the question that its passage does not hold, at most 3: a near miss differs there."""
    held = f"{passage.title}\n{passage.text}".casefold()
    named = {found.group().casefold() for found in _NAMED.finditer(question)}
    return float(min(3, sum(name not in held for name in named)))


def _near(question: str, sentence: str) -> float:
    """The part of the question's terms that the sentence holds."""
    asked = set(terms(question))
    return len(asked & set(terms(sentence))) / len(asked) if asked else 0.0


def _in_the_asker_s_language(question: str, best: Draft) -> str:
    """The quotation; out of a document in the other language with a word about that, in the asker's own."""
    asked = guess_lang(question)
    foreign = best.passage.lang != asked and guess_lang(best.text) != asked and _WORDED.search(best.text)
    return words(asked)("say.quoted", text=best.text) if foreign else best.text
