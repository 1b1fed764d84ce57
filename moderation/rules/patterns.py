"""Many patterns over one text in linear time (RE2).

One `re2.Set` reads the text once and tells which patterns may occur; only those are then searched for their place. The
set holds loose forms (counted repeats without an upper bound): these need few states where the exact ones need many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import re2

from moderation.errors import XiaoerError
from moderation.judging.normalise import Normalised
from moderation.types import Signal

WORDLISTS = Path(__file__).parent.parent / "wordlists"
GAP = r"[^\n]{0,24}"
EVIDENCE_LENGTH = 120
"""Characters of evidence that a signal carries at most; the span still covers all of it."""


class WordListError(XiaoerError):
    """A word list that cannot be read: FILE:LINE, what and the mend."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression over normalised text, and what its occurrence means."""

    check: str
    clause: str
    score: float
    expression: str


class PatternSet:
    """Finds all of its patterns at once: RE2's filter runs only those whose fixed pieces occur in the text.

    There are two filters, of plain Latin patterns and of the others: one of all outgrows RE2's cache of states.

    Raises WordListError for an expression that RE2 refuses.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._compiled = [compiled(pattern) for pattern in self._patterns]
        latin = [index for index, pattern in enumerate(self._patterns) if pattern.expression.isascii()]
        others = [index for index, pattern in enumerate(self._patterns) if not pattern.expression.isascii()]
        self._filters = [(group, self._filter(group)) for group in (latin, others) if group]

    def _filter(self, group: Sequence[int]) -> re2.Filter:
        made = re2.Filter()
        for index in group:
            made.Add(self._patterns[index].expression)
        made.Compile()
        return made

    def find(self, plain: Normalised) -> Iterator[Signal]:
        """One signal per pattern that occurs, at its first place."""
        text = plain.text.encode()
        for index in sorted(group[at] for group, made in self._filters for at in made.Match(text) or ()):
            match = self._compiled[index].search(plain.text)
            if match and match.end() > match.start():
                yield finding(self._patterns[index], plain, match.start(), match.end())


def compiled(pattern: Pattern) -> re2._Regexp:
    try:
        return re2.compile(pattern.expression)
    except re2.error as error:
        raise WordListError(
            f"{pattern.check}: RE2 refuses {pattern.expression!r} ({error}); mend the pattern"
        ) from error


def finding(pattern: Pattern, plain: Normalised, start: int, end: int) -> Signal:
    """The signal for [start, end) of the normalised text, told in the original."""
    first, last = plain.span(start, end)
    evidence = plain.original[first:last].strip()[:EVIDENCE_LENGTH]
    return Signal(
        check=pattern.check, clause=pattern.clause, score=pattern.score, evidence=evidence, span=(first, last)
    )


def word_list(path: Path, clause: str, check: str) -> list[Pattern]:
    """The patterns of one file; the folder's README.txt explains the form. Raises WordListError."""
    patterns: list[Pattern] = []
    score = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        heading = re.fullmatch(r"\[(0\.\d+|1\.0)\]\s*", line)
        if heading:
            score = float(heading[1])
        elif score is None:
            raise WordListError(f'{path}:{number}: a phrase without a score; write a line like "[0.6]" above it')
        else:
            patterns.append(Pattern(check, clause, score, expression(line)))
    return patterns


def expression(line: str) -> str:
    """A line of a word list as an RE2 expression: gaps filled in, Latin words kept whole."""
    before = r"\b" if re.match(r"\(*[a-z0-9]", line) else ""
    after = r"\b" if re.search(r"(?<!\\)[a-z0-9][?)]*$", line) else ""
    return f"{before}(?:{line.replace('…', GAP)}){after}"


def phrases() -> list[Pattern]:
    """The word lists of clauses, `CLAUSE.LANG.txt`."""
    files = sorted(WORDLISTS.glob("*.*.txt"))
    return [pattern for file in files for pattern in word_list(file, file.name.split(".")[0], "phrase")]


def softeners() -> PatternSet:
    """The word lists of softeners, `softeners/KIND.LANG.txt`; their clause is empty."""
    files = sorted((WORDLISTS / "softeners").glob("*.*.txt"))
    return PatternSet(pattern for file in files for pattern in word_list(file, "", file.name.split(".")[0]))
