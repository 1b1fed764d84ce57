"""The search by words: its ranks are those of SQLite's FTS5, whatever comes and goes."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.postings import Postings, Words
from bot.knowledge.ranking import FOREIGN, _with_both

TERMS = ["apple", "+苹果", "2.5", "ship", "保证金"]
Text = tuple[list[str], list[str]]
texts = st.tuples(st.lists(st.sampled_from(TERMS), max_size=4), st.lists(st.sampled_from(TERMS), max_size=9))
steps = st.lists(st.tuples(st.integers(0, 300), texts), max_size=15)


def words(title: list[str], body: list[str]) -> Words:
    halves = Counter([*title, *body, *body])
    return Words(tuple(halves), array("I", halves.values()), len(title) + len(body))


@settings(max_examples=150, deadline=None)
@given(steps=steps, wanted=st.sets(st.sampled_from(TERMS), min_size=1))
def test_ranks_are_those_of_fts5(steps: list[tuple[int, Text]], wanted: set[str]) -> None:
    postings, held = Postings(), dict[int, Text]()
    for row, text in steps:
        if row in held:
            postings.remove(row)
            del held[row]
        else:
            postings.put(row, words(*text))
            held[row] = text
    asked = sorted(wanted)
    hits = postings.found(asked)
    ranks = {row: rank for row, rank in enumerate(postings.ranks(hits).tolist()) if rank}
    assert ranks == pytest.approx(by_fts5(held, asked))
    counts = postings.sums(hits, np.ones(len(asked)))
    assert {row: int(count) for row, count in enumerate(counts) if count} == {
        row: len(wanted & {*title, *body}) for row, (title, body) in held.items() if wanted & {*title, *body}
    }
    assert len(postings) == len(held)
    assert all(postings.terms(row) == {*title, *body} for row, (title, body) in held.items())


def by_fts5(held: dict[int, Text], wanted: list[str]) -> dict[int, float]:
    with sqlite3.connect(":memory:") as disk:
        disk.execute(
            """CREATE VIRTUAL TABLE words USING
            fts5(title, body, tokenize="unicode61 remove_diacritics 0 tokenchars '.+'")"""
        )
        rows = [(row, " ".join(title), " ".join(body)) for row, (title, body) in held.items()]
        disk.executemany("INSERT INTO words(rowid, title, body) VALUES (?, ?, ?)", rows)
        match = " OR ".join(f'"{term}"' for term in wanted)
        found = disk.execute("SELECT rowid, -bm25(words, 0.5, 1.0) FROM words WHERE words MATCH ?", (match,))
        return dict(found.fetchall())


def test_nothing_is_left_of_what_is_removed() -> None:
    postings = Postings()
    for row in range(3):
        postings.put(row, words(["apple"], [f"only{row}"]))
    for row in (1, 0, 2):
        postings.remove(row)
    assert (len(postings), postings._places) == (0, {})


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 8))
def test_both_languages_are_shown_where_both_are_found(foreign: list[bool], limit: int) -> None:
    kept = list(range(len(foreign)))
    shown = _with_both(kept, np.array(foreign, np.bool_), limit)
    assert shown == sorted(shown)
    assert len(shown) == min(limit, len(kept))
    if limit > FOREIGN:
        wanted = min(FOREIGN, sum(foreign))
        assert sum(foreign[at] for at in shown) >= min(wanted, limit)
        assert [at for at in shown if not foreign[at]] == [at for at in kept if not foreign[at]][
            : len(shown) - sum(foreign[at] for at in shown)
        ]
