"""Proof or not at all: every sentence of an answer must stand in its passage.

What the model says is led back to the passage's own words where they can be found. A sentence in other words counts
only when its words, its numbers with their units, its names and its negation agree with the passage.
"""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz import fuzz

from bot.knowledge.sentences import sentences
from bot.knowledge.terms import terms

NEAR = 88.0
"""How alike (rapidfuzz, 0 to 100) the passage's words must be to the model's to be taken for them."""
PROVEN = 0.75
"""The part of a sentence's words that must stand in the passage when it says them in its own way."""
VALUE = {"zh": 6, "en": 3}
"""Characters or words up to which a quotation is a mere value; a longer one may not lose its "not"."""

_NOT = re.compile(
    r"(?i)\b(?:not|no|never|none|nothing|neither|nor|without|cannot|unless|except|only)\b|n't\b"
    r"|[不没無无未勿莫非别]|除外|除非|禁止|仅|只有|只能"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_FIGURE = re.compile(r"(\d+(?:[.,:]\d+)*)\s*([%％‰°]|[^\W\d_\u3400-\u9fff]+|[\u3400-\u9fff])?")
_NAME = re.compile(r"(?<![.!?。！？]\s)(?<!^)\b[A-Z][\w'-]+|\b[A-Z]{2,}\b")
_SIGN = re.compile(r"(?<!\d)[+\-−±≥≤<>¥￥$€£]+$")
"""What belongs to the number behind it: +86, -5 %, ≥ 3, $40."""
_EDGES = " \n,，;；:：、"
_CJK = re.compile(r"[\u3400-\u9fff]")


def proven(answer: str, passage: str) -> str:
    """The answer as far as the passage proves it, in the passage's words where they are found; "" when nothing stands.

    >>> proven("7days", "Paid after 7 days.")
    '7 days'
    >>> proven("It takes 8 days.", "It takes 7 days.")
    ''
    """
    if whole := quoted(answer, passage):
        return whole
    kept = [quoted(part, passage) or stands(part, passage) for part in sentences(answer)]
    return " ".join(part.strip() for part in kept if part)


def numbers(text: str) -> list[str]:
    """The numbers of a text in its order, as they are written."""
    return _NUMBER.findall(text)


def quoted(answer: str, passage: str) -> str:
    """The stretch of the passage that the answer repeats, but for blanks, width, case and a slip; "" if there is none.

    A stretch that says something takes in a "not" before it in its clause.
    """
    said, _ = _bare(answer)
    letters, places = _bare(passage)
    if not said or not letters:
        return ""
    at = letters.find(said)
    end = at + len(said)
    if at < 0:
        found = fuzz.partial_ratio_alignment(said, letters, score_cutoff=NEAR)
        if found is None or len(said) > len(letters):
            return ""
        at, end = found.dest_start, found.dest_end
    start, stop = _whole_words(passage, places[at], places[end - 1] + 1)
    if numbers(_bare(passage[start:stop])[0]) != numbers(said):
        return ""  # a part of a number is another number
    return passage[_with_its_not(passage, start, stop) : stop].lstrip(_EDGES + "。.!！?？)）").rstrip(_EDGES)


def _bare(text: str) -> tuple[str, list[int]]:
    """The text in lower case and half width without blanks, and where each of its letters stood."""
    folded = [(unicodedata.normalize("NFKC", mark).lower(), at) for at, mark in enumerate(text) if not mark.isspace()]
    kept = [(mark[:1], at) for mark, at in folded if mark]
    return "".join(mark for mark, _ in kept), [at for _, at in kept]


def _whole_words(passage: str, start: int, stop: int) -> tuple[int, int]:
    """The stretch without half a word or half a number at either end, and with a number's sign or currency."""
    while 0 < start < len(passage) and _joined(passage[start - 1], passage[start]):
        start -= 1
    while 0 < stop < len(passage) and _joined(passage[stop - 1], passage[stop]):
        stop += 1
    if signed := _SIGN.search(passage, 0, start) if passage[start : start + 1].isdigit() else None:
        start = signed.start()
    return start, stop


def _joined(left: str, right: str) -> bool:
    """Whether no word ends between two letters."""
    return left.isalnum() and right.isalnum() and not (_CJK.match(left) or _CJK.match(right))


def _with_its_not(passage: str, start: int, stop: int) -> int:
    """Where the quotation begins so that it does not lose a negation that stands before it in its clause."""
    words = passage[start:stop]
    short = len(words) <= VALUE["zh"] if _CJK.search(words) else len(words.split()) <= VALUE["en"]
    if short:
        return start
    negation = _NOT.search(passage, _clause_start(passage, start), start)
    return negation.start() if negation and not _NOT.search(words) else start


def _clause_start(passage: str, place: int) -> int:
    """Where the clause begins that holds a place."""
    marks = [at for at in range(place) if passage[at] in ",，;；:：。！？!?\n" or passage[at : at + 2] == ". "]
    return marks[-1] + 1 if marks else 0


def stands(sentence: str, passage: str) -> str:
    """The sentence when the passage bears it out in other words, else ""."""
    said, present = terms(sentence), set(terms(passage))
    figures = {_figure(found) for found in _FIGURE.finditer(sentence)}
    names = set(_NAME.findall(sentence))
    nearest = max(sentences(passage), key=lambda part: fuzz.token_set_ratio(sentence, part), default="")
    borne_out = (
        bool(said)
        and figures <= {_figure(found) for found in _FIGURE.finditer(passage)}
        and all(name.lower() in passage.lower() for name in names)
        and bool(_NOT.search(sentence)) == bool(_NOT.search(nearest))
        and sum(word in present for word in said) >= PROVEN * len(said)
    )
    return sentence if borne_out else ""


def _figure(found: re.Match[str]) -> tuple[str, str]:
    """A number with its unit's first letters, so that 7 days are no 7 hours."""
    return found[1].replace(",", ""), unicodedata.normalize("NFKC", found[2] or "").lower()[:3]
