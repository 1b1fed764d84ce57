"""How often harmless talk is flagged or acted upon, per source, language and trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from moderation.evaluation.clauses import ALL
from moderation.evaluation.judged import LANGS, Judged, bad, grouped, seen_shown, unseen
from moderation.evaluation.rates import Rate, counted
from moderation.evaluation.tables import Table
from moderation.training.corpus import Row
from moderation.types import Noun, Trust

KINDS = {
    "talk": "honest talk",
    "own": "own harmless lines",
    "ok": "social rows labelled ok",
}
"""Public harmless talk; own lines, most of which share the words of bad ones; rows of moderation sets that are clear of
the clauses that their set was judged for, and of which the rest is not known."""


class Flags(Noun):
    """What became of harmless messages: REVIEW or ACT, and ACT alone."""

    flagged: Rate
    acted: Rate


class HarmlessFigures(Noun):
    """Harmless messages of one source and language, or of all sources of a kind, as said by authors of each trust."""

    kind: str
    lang: str
    source: str
    unseen: bool
    by_trust: dict[Trust, Flags]


def kind_of(row: Row) -> str:
    """The kind of harmless message that a row is, "" for one that is bad or of which too little is known."""
    if bad(row):
        return ""
    if row.harmless:
        return "own" if row.area == "own" else "talk"
    return "ok" if row.area == "moderation" else ""


def flags(items: Sequence[Judged]) -> Flags:
    return Flags(flagged=counted(item.flagged for item in items), acted=counted(item.acted for item in items))


def harmless_figures(judged: Mapping[Trust, Sequence[Judged]]) -> Iterable[HarmlessFigures]:
    """Per kind and language: all sources, then each. `judged` holds the same rows for every trust."""
    groups = {trust: grouped(items, lambda item: (kind_of(item.row), item.row.lang)) for trust, items in judged.items()}
    first = next(iter(groups.values()))
    for place in ((kind, lang) for kind in KINDS for lang in LANGS):
        if place not in first:
            continue
        kind, lang = place
        parts = {trust: grouped(mine[place], lambda item: item.row.source) for trust, mine in groups.items()}
        whole = {trust: flags(mine[place]) for trust, mine in groups.items()}
        yield HarmlessFigures(kind=kind, lang=lang, source=ALL, unseen=False, by_trust=whole)
        for source, items in sorted(next(iter(parts.values())).items()):
            by_trust = {trust: flags(mine[source]) for trust, mine in parts.items()}
            yield HarmlessFigures(kind=kind, lang=lang, source=source, unseen=unseen(items[0].row), by_trust=by_trust)


def harmless_tables(figures: Sequence[HarmlessFigures]) -> Iterable[Table]:
    """All sources of a kind together, then each."""
    note = (
        "How often harmless messages are flagged / acted upon, by the author's trust. Honest talk is what sellers and "
        "customers say; most own lines share the words of bad messages on purpose; social rows labelled ok are clear "
        "of abuse, hate and threats (or of spam) only, tweets with swear words among them."
    )
    trusts = tuple(next(iter(figures)).by_trust) if figures else ()
    columns = ("harmless messages", "lang", "rows", *trusts)
    yield Table("Harmless messages", note, columns, tuple(shown(one) for one in figures if one.source == ALL))
    columns = ("harmless messages", "lang", "source", "in training", "rows", *trusts)
    each = tuple(
        (*cells[:2], one.source, seen_shown(one.unseen), *cells[2:])
        for one, cells in ((one, shown(one)) for one in figures if one.source != ALL)
    )
    yield Table("Harmless messages by source", "As above, per source.", columns, each, detail=True)


def shown(one: HarmlessFigures) -> tuple[str, ...]:
    rows = next(iter(one.by_trust.values())).flagged.rows
    shares = (f"{part.flagged.bare_percent()} / {part.acted.bare_percent()}" for part in one.by_trust.values())
    return KINDS[one.kind], one.lang, str(rows), *shares
