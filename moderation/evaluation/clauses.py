"""What the judge finds: per clause and language, and per group of clauses, language and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from moderation.evaluation.judged import LANGS, Judged, grouped, seen_shown, unseen
from moderation.evaluation.rates import Rate, counted, rate
from moderation.evaluation.tables import Table
from moderation.types import Noun

GROUPS = {
    "spam + scam": ("spam_ads", "scam_fraud"),
    "abuse + hate + threat": ("abuse", "hate", "threat"),
    "injection": ("prompt_injection",),
}
"""Clauses whose border a moderator may draw either way, and that lead to the same: the targets speak of them."""
ALL = "all"


class ClauseFigures(Noun):
    """One clause in one language. `reviewed` and `acted` are rulings on its positives, under whatever clause."""

    clause: str
    lang: str
    positives: int
    precision: Rate
    recall: Rate
    f1: float
    reviewed: int
    acted: int


class GroupFigures(Noun):
    """A group of clauses in one language and source, or in all sources.

    `found` are the bad messages flagged with a clause of the group, `flagged` those flagged at all. `precision` counts
    every row of the language that knows all of the group's clauses; it and `f1` are there for all sources only.
    """

    group: str
    lang: str
    source: str
    unseen: bool
    found: Rate
    flagged: Rate
    acted: Rate
    precision: Rate | None = None
    f1: float | None = None


def f1_of(found: int, positives: int, false: int) -> float:
    return 2 * found / max(1, positives + found + false)


def clause_figures(judged: Sequence[Judged], lines: Mapping[str, float]) -> Iterable[ClauseFigures]:
    """Per clause and language with at least one positive. `lines` are the scores from which on a clause is found."""
    for clause, line in lines.items():
        for lang in LANGS:
            known = [item for item in judged if item.row.lang == lang and clause in item.row.truth]
            held = [item for item in known if item.row.truth[clause]]
            hits = [item for item in known if item.verdict.scores[clause] >= line]
            found = sum(item.row.truth[clause] for item in hits)
            acted = sum(item.acted for item in held)
            if held:
                yield ClauseFigures(
                    clause=clause,
                    lang=lang,
                    positives=len(held),
                    precision=rate(found, len(hits)),
                    recall=rate(found, len(held)),
                    f1=f1_of(found, len(held), len(hits) - found),
                    reviewed=sum(item.flagged for item in held) - acted,
                    acted=acted,
                )


def group_figures(judged: Sequence[Judged], lines: Mapping[str, float]) -> Iterable[GroupFigures]:
    """Per group of clauses that the policy has and language with at least one positive: all sources, then each."""
    for group, names in GROUPS.items():
        clauses = [clause for clause in names if clause in lines]
        for lang in LANGS:
            mine = [item for item in judged if item.row.lang == lang]
            held = [item for item in mine if any(item.row.truth.get(clause) for clause in clauses)]
            clear = [item for item in mine if all(item.row.truth.get(clause) is False for clause in clauses)]
            if not held:
                continue
            figures = one_group(group, lang, ALL, held, clauses, lines)
            false = sum(within(item, clauses, lines) for item in clear)
            found = figures.found.hits
            yield figures.model_copy(
                update={"precision": rate(found, found + false), "f1": f1_of(found, len(held), false)}
            )
            for source, items in sorted(grouped(held, lambda item: item.row.source).items()):
                yield one_group(group, lang, source, items, clauses, lines)


def one_group(
    group: str, lang: str, source: str, held: Sequence[Judged], clauses: Sequence[str], lines: Mapping[str, float]
) -> GroupFigures:
    return GroupFigures(
        group=group,
        lang=lang,
        source=source,
        unseen=source != ALL and unseen(held[0].row),
        found=counted(within(item, clauses, lines) for item in held),
        flagged=counted(item.flagged for item in held),
        acted=counted(item.acted for item in held),
    )


def within(item: Judged, clauses: Iterable[str], lines: Mapping[str, float]) -> bool:
    """Whether the message is flagged, and one of these clauses is found in it."""
    return item.flagged and any(item.verdict.scores[clause] >= lines[clause] for clause in clauses)


def clause_table(figures: Iterable[ClauseFigures]) -> Table:
    rows = tuple(
        (
            one.clause,
            one.lang,
            str(one.positives),
            one.precision.decimal(),
            one.recall.decimal(),
            f"{one.f1:.2f}",
            str(one.reviewed),
            str(one.acted),
        )
        for one in figures
    )
    note = (
        "Over all rows that know the clause, tweets full of abuse among them. Reviewed and acted: rulings on the "
        "positives, under whatever clause. Few rows come with their 95 % interval; the messages of one own example "
        "are alike, so that the intervals of rows from them are too narrow."
    )
    columns = ("clause", "lang", "positives", "precision", "recall", "F1", "reviewed", "acted")
    return Table("Clauses", note, columns, rows)


def group_tables(figures: Sequence[GroupFigures]) -> Iterable[Table]:
    """All sources together, then each."""
    note = (
        "Bad messages of a group: found with one of the group's clauses, flagged at all, acted upon. Precision counts "
        "every row that knows the group's clauses."
    )
    whole = tuple(
        (
            one.group,
            one.lang,
            str(one.found.rows),
            one.found.decimal(),
            one.flagged.decimal(),
            one.acted.decimal(),
            one.precision.decimal() if one.precision else "–",
            f"{one.f1 or 0:.2f}",
        )
        for one in figures
        if one.source == ALL
    )
    columns = ("group", "lang", "rows", "found", "flagged", "acted", "precision", "F1")
    yield Table("Groups of clauses", note, columns, whole)
    each = tuple(
        (
            one.group,
            one.lang,
            one.source,
            seen_shown(one.unseen),
            str(one.found.rows),
            one.found.decimal(),
            one.flagged.decimal(),
            one.acted.decimal(),
        )
        for one in figures
        if one.source != ALL
    )
    columns = ("group", "lang", "source", "in training", "rows", "found", "flagged", "acted")
    yield Table("Groups of clauses by source", "As above, per source.", columns, each, detail=True)
