"""Answers from the community's own knowledge, with the passage that proves them; otherwise a hand-off to a person.

The search brings a few passages, the model reads each by itself, and a reading counts only when its words and its
numbers stand in its passage. The most certain proven reading is the answer, if it is certain enough.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from bot.knowledge.terms import terms
from bot.lm.prompt import is_refusal, reading
from bot.lm.types import Completion, LanguageModel, LmError
from bot.questions import bare
from moderation.types import Passage, Reply

Search = Callable[[str, str], Awaitable[list[Passage]]]
"""(community, question) -> passages, the best first."""

READ = 3
"""Passages that the model reads for one question; more cost time and rarely hold the answer."""
FLOOR = 0.05
"""A best passage below this score has nothing to do with the question: no model is asked. Oblique questions, and those
over documents of the other language, find the right passage with scores down to here."""
PROVEN = 0.75
"""The part of an answer's words that must stand in its passage."""
MAX_TOKENS = 96
"""Length of an answer in the model's tokens: about 70 English words or 120 Chinese characters."""
EARLIER = 300
"""Characters of the thread's last turn that a question may lean on."""

log = structlog.get_logger()
_VERDICT = re.compile(r"^(?:yes|no|是的|是|不是|不可以|不能|不|可以|能)\s*[,，.。;；:：]\s*", re.IGNORECASE)
_COUNTED = re.compile(r"几(分|天|号|点|家|次|块|条|件|行|小时|分钟)")
_UNITS = {"号": "[号日]", "点": "[点:：]", "块": "[块元]", "天": "[天日时]"}
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


class Candidate(NamedTuple):
    """One reading of one passage. `proof` is the part of its words found there, `confidence` lies in [0, 1]."""

    text: str
    passage: Passage
    proof: float
    confidence: float


class AnswerRoom:
    """Answers questions of all communities with one model."""

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
        reply = await self._answer(community, bare(question), "\n".join(history)[-EARLIER:], max(floor, FLOOR))
        return reply.model_copy(update={"took_ms": (time.perf_counter() - began) * 1000})

    async def _answer(self, community: str, question: str, earlier: str, floor: float) -> Reply:
        passages = (await self._search(community, question))[:READ]
        if not passages or passages[0].score < floor:
            return Reply(handoff=True, why="nothing_found", passages=tuple(passages))
        try:
            best = await self._read(question, earlier, passages)
        except LmError as fault:
            log.warning("the model could not answer", fault=type(fault).__name__)
            return Reply(handoff=True, why="model_failed", passages=tuple(passages))
        if best is None:
            return Reply(handoff=True, why="not_answered", passages=tuple(passages))
        sure = best.confidence >= self._confidence
        others = () if sure else tuple(other for other in passages if other != best.passage)
        return Reply(
            text=best.text,
            passages=(best.passage, *others),
            confidence=best.confidence,
            handoff=not sure,
            why="" if sure else "unsure",
        )

    async def _read(self, question: str, earlier: str, passages: Sequence[Passage]) -> Candidate | None:
        """The most certain proven reading, or None when every passage is silent on the question."""
        prompts = [reading(question, found.title, found.text, earlier=earlier) for found in passages]
        completions = await self._lm.complete(prompts, max_tokens=MAX_TOKENS)
        pairs = zip(passages, completions, strict=True)
        candidates = [judged for pair in pairs if (judged := candidate(question, *pair))]
        return max(candidates, key=lambda one: one.confidence, default=None)


def candidate(question: str, passage: Passage, completion: Completion) -> Candidate | None:
    """What a reading is worth; None when it refuses, only repeats the question, or is not proven by its passage."""
    text = unjudged(completion.text.strip(), passage.text)
    if not text or is_refusal(text) or set(terms(text)) <= set(terms(question)):
        return None
    proof = proven(text, passage.text)
    if proof < PROVEN or not counts(question, text):
        return None
    return Candidate(text, passage, proof, confidence(passage.score, completion, proof))


def counts(question: str, answer: str) -> bool:
    """Whether an answer to a Chinese "how many X" speaks of X: days are no answer to 几分 (how many points)."""
    found = _COUNTED.search(question)
    return found is None or re.search(_UNITS.get(found[1], found[1]), answer) is not None


def unjudged(answer: str, passage: str) -> str:
    """The answer without an opening yes or no that its passage does not say.

    The passage gives the fact; whether that is a yes or a no is the model's own conclusion, and too often wrong.
    """
    found = _VERDICT.match(answer)
    if not found or found.group() in passage:
        return answer
    rest = answer[found.end() :]
    return rest[:1].upper() + rest[1:]


def confidence(score: float, completion: Completion, proof: float) -> float:
    """How sure an answer is, in [0, 1]: the model does not refuse, is certain of its words, and the search agrees."""
    willing = 1 - (completion.refusal or 0.0)
    certain = math.exp(min(0.0, completion.logprob))
    return max(0.0, min(1.0, willing * math.sqrt(certain) * proof * min(1.0, 0.5 + score)))


def proven(answer: str, passage: str) -> float:
    """The part of the answer's words that stand in the passage; 0 when one of its numbers does not."""
    if not set(_NUMBER.findall(answer)) <= set(_NUMBER.findall(passage)):
        return 0.0
    said, present = terms(answer), set(terms(passage))
    return sum(word in present for word in said) / len(said) if said else 1.0
