"""What the readers say of the passages as drafts of an answer, and the signs by which drafts are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import fuzz

from bot.answering.confidence import MOST, Signs, confidence, log_odds
from bot.answering.proof import proven
from bot.answering.telling import told, unbulleted
from bot.knowledge.documents import guess_lang
from bot.knowledge.terms import terms
from bot.lm.prompt import is_refusal
from bot.lm.types import Completion
from bot.witness.witness import Mark
from moderation.types import Passage

HALF = 0.5
"""From this probability on, the witness says that a passage answers."""
ALSO = 0.12
"""From this part of the witness's belief on, a line holds a part of the answer, and lines are told together. The best
of 0.12, 0.2, 0.3 and 0.45 on open sets."""
LINES = 3
"""As many are told at most, the likeliest."""
ALIKE = 80.0
"""How alike (rapidfuzz, 0 to 100) two readings are that say the same."""

_NUMBER_ASKED = re.compile(
    r"(?i)\bhow (?:many|much|long|often|old|far|fast|high|soon|big|large)\b|\bwhat (?:year|percentage|time|date)\b"
    r"|\bwhen\b|多少|多[久长大高远]|几|何时|什么时候|哪[一]?[年天日]"
)
_NUMBER = re.compile(
    r"\d|[一二三四五六七八九十百千万两半]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half|twice)\b"
)


@dataclass(frozen=True)
class Draft:
    """What one of the readers says of a passage, as far as that proves it, with what both said."""

    text: str
    passage: Passage
    completion: Completion
    mark: Mark
    by_witness: bool = False
    first: bool = False
    """Whether the search finds no better passage."""
    leads: bool = False
    """Whether search and witness together find none likelier."""

    @cached_property
    def told(self) -> str:
        """The answer as the asker reads it."""
        return told(self.text, self.passage.text)

    @property
    def said(self) -> str:
        """What the model said, proven or not; "" for a refusal."""
        return _said(self.completion)

    @property
    def willing(self) -> float:
        """The log-odds that the model answers rather than refuses."""
        refusal = self.completion.refusal
        return log_odds(1 - (float(is_refusal(self.completion.text)) if refusal is None else refusal))

    @property
    def says(self) -> float:
        """The log-odds that the passage answers, by the witness."""
        return log_odds(self.mark.says)

    @property
    def held(self) -> float:
        """The part of the witness's belief where the answer stands that lies in what is told, in [0, 1]."""
        return min(1.0, sum(line.likely for line in self.mark.lines if unbulleted(line.text) in self.told))


class Weighed(NamedTuple):
    """A draft with its signs, and the probability that it is right."""

    draft: Draft
    signs: Signs
    likely: float


def weighed(question: str, drafts: Sequence[Draft]) -> tuple[Weighed, ...]:
    """Each draft among those of the other passages, the likeliest first."""
    rest = [[other for other in drafts if other.passage is not one.passage] for one in drafts]
    seen = [(one, signs(question, one, others)) for one, others in zip(drafts, rest, strict=True)]
    return tuple(sorted((Weighed(*pair, confidence(pair[1])) for pair in seen), key=lambda one: -one.likely))


def drafts(
    question: str, passage: Passage, completion: Completion, mark: Mark, *, first: bool = False, leads: bool = False
) -> list[Draft]:
    """What the model says of a passage as far as that proves it, and what the witness marks if that is another thing.

    None of them when it only repeats the question.
    """
    said = _said(completion)
    text = proven(said, passage.text) if said else ""
    marked = _marked(mark) if mark.says >= HALF else ""
    both = [
        Draft(words, passage, completion, mark, own, first, leads) for words, own in ((text, False), (marked, True))
    ]
    asked = set(terms(question))
    of_model, of_witness = ([one] if one.text and not set(terms(one.text)) <= asked else [] for one in both)
    return [*of_model, *(one for one in of_witness if not (of_model and one.told in of_model[0].told))]


def _marked(mark: Mark) -> str:
    """What the witness marks; where it believes in several lines, these."""
    likeliest = sorted((line for line in mark.lines if line.likely >= ALSO), key=lambda line: -line.likely)[:LINES]
    lines = [line.text for line in mark.lines if line in likeliest]
    return "\n".join(lines) if len(lines) > 1 else mark.text


def _said(completion: Completion) -> str:
    return "" if is_refusal(completion.text) else completion.text.strip()


def signs(question: str, best: Draft, others: Sequence[Draft]) -> Signs:
    """The signs of a draft; `others` are those of other passages."""
    rivals = [one.willing for one in others if fuzz.ratio(one.told, best.told) < ALIKE]
    return Signs(
        willing=best.willing,
        says=best.says,
        held=best.held,
        agreed=fuzz.partial_ratio(best.mark.text, best.said) / 100 if best.mark.text and best.said else 0.0,
        own=float(best.by_witness),
        score=best.passage.score,
        first=float(best.first),
        leads=float(best.leads),
        rival=max(rivals, default=-MOST),
        foreign=float(best.passage.lang != guess_lang(question)),
        wanting=float(bool(_NUMBER_ASKED.search(question)) and not _NUMBER.search(best.told)),
    )
