"""How a message's text is shown with its evidence marked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from moderation.types import Case, Signal

VEILED = frozenset({"abuse", "hate", "sexual", "threat"})
"""Clauses whose messages are shown on demand alone: nobody has to read them unprepared."""
SHOWN = 6000
"""Characters of a message that are shown; what is longer is cut, and the page says so."""


class Piece(NamedTuple):
    """A piece of a text, with the clauses that it is evidence of."""

    text: str
    clauses: tuple[str, ...] = ()


def is_veiled(case: Case) -> bool:
    """Whether its text is shown on demand alone."""
    return case.verdict is not None and case.verdict.clause in VEILED


def marked(text: str, signals: Iterable[Signal]) -> list[Piece]:
    """Pieces that give the text's first SHOWN characters again; spans may overlap and may lie beyond the text."""
    text = text[:SHOWN]
    spans = [(_inside(text, signal.span), signal.clause) for signal in signals if signal.span]
    cuts = sorted({0, len(text), *(end for span, _ in spans for end in span)})
    pieces = []
    for start, end in pairwise(cuts):
        clauses = sorted({clause for (first, last), clause in spans if first <= start and end <= last})
        pieces.append(Piece(text[start:end], tuple(clauses)))
    return pieces


def _inside(text: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = (min(max(place, 0), len(text)) for place in span)
    return start, max(start, end)
