"""Open cases that can be decided together: the same clause, and one text in many mouths or one author with many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from moderation.cases.likeness import bands, comparable, likeness
from moderation.policy import DuplicateRules
from moderation.types import Case

COMPARED = 5
"""Cases of one mark that another is compared with: enough, because like is joined to like in a chain."""


class Cluster(NamedTuple):
    """Cases that are alike, the most urgent first. `name` is that of the oldest, `sample`: it stands for all."""

    name: str
    clause: str
    cases: tuple[Case, ...]
    sample: Case


def clusters(cases: Iterable[Case], rules: DuplicateRules | None = None) -> list[Cluster]:
    """The clusters of at least two open moderation cases, the largest first; a case is in one of them at most."""
    by_clause: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.kind == "moderation" and case.state == "open":
            by_clause[_clause(case)].append(case)
    found = [
        _cluster(clause, group)
        for clause, alike in by_clause.items()
        for group in _groups(alike, rules or DuplicateRules())
        if len(group) > 1
    ]
    return sorted(found, key=lambda cluster: (-len(cluster.cases), cluster.sample.opened_at, cluster.name))


def _cluster(clause: str, cases: Sequence[Case]) -> Cluster:
    oldest = min(cases, key=lambda case: (case.opened_at, case.id))
    return Cluster(oldest.id, clause, tuple(cases), oldest)


def _clause(case: Case) -> str:
    return case.verdict.clause or "" if case.verdict else ""


def _groups(cases: Sequence[Case], rules: DuplicateRules) -> list[list[Case]]:
    """The cases by what they are joined to, each group in the order given."""
    parents = list(range(len(cases)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for left, right in (*_same_author(cases), *_alike(cases, rules)):
        parents[root(right)] = root(left)
    groups: defaultdict[int, list[Case]] = defaultdict(list)
    for index, case in enumerate(cases):
        groups[root(index)].append(case)
    return list(groups.values())


def _same_author(cases: Sequence[Case]) -> Iterator[tuple[int, int]]:
    first: dict[tuple[str, str], int] = {}
    for index, case in enumerate(cases):
        yield first.setdefault((case.subject.place.platform, case.subject.author.id), index), index


def _alike(cases: Sequence[Case], rules: DuplicateRules) -> Iterator[tuple[int, int]]:
    """Pairs of near copies; of many that share a mark a few are compared with each."""
    marked: defaultdict[str, list[int]] = defaultdict(list)
    for index, case in enumerate(cases):
        text = case.subject.text
        if not comparable(text, rules):
            continue
        marks = bands(text)
        near = {other for mark in marks for other in marked[mark][:COMPARED]}
        yield from ((other, index) for other in near if likeness(cases[other].subject.text, text) >= rules.similarity)
        for mark in marks:
            marked[mark].append(index)
