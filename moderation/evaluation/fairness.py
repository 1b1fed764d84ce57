"""Gaps between groups: languages, newcomers and members, texts that name a group of people, and dialects.

Groups are found by the words of identities.toml. A text that names a group is compared with texts of the same source
that name none, so that tweets are not held against bank questions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from moderation.evaluation.gaps import Gap, Stratum, gap
from moderation.evaluation.harmless import kind_of
from moderation.evaluation.judged import LANGS, Judged, bad, grouped
from moderation.evaluation.tables import Table
from moderation.types import Trust

IDENTITIES = Path(__file__).parent / "identities.toml"
FEWEST = 10
"""Messages that a group needs before it is compared."""
NONE = "no group"


@dataclass(frozen=True, slots=True)
class Group:
    """Texts of one language that name a group of people, or that show a dialect."""

    name: str
    kind: str
    lang: str
    named: re.Pattern[str]

    def holds(self, item: Judged) -> bool:
        return self.named.search(item.row.text) is not None


def read_groups(path: Path = IDENTITIES) -> list[Group]:
    """The groups of the file, one per language in which it has words."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Group(name, kind, lang, expression(lang, terms[lang]))
        for kind, groups in table.items()
        for name, terms in groups.items()
        for lang in LANGS
        if terms[lang]
    ]


def expression(lang: str, terms: Iterable[str]) -> re.Pattern[str]:
    """Any of the terms: English ones as words, with or without a plural s."""
    either = "|".join(map(re.escape, sorted(terms, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{either})(?:s|'s)?(?!\w)" if lang == "en" else either, re.IGNORECASE)


def language_gaps(judged: Sequence[Judged]) -> Iterable[Gap]:
    """Chinese against English: honest talk that is flagged, and bad messages that are."""
    for on, chosen in (
        ("honest talk", [item for item in judged if is_honest(item)]),
        ("bad messages", [item for item in judged if is_bad(item)]),
    ):
        zh, en = ([item for item in chosen if item.row.lang == lang] for lang in LANGS)
        yield gap(on, "both", "zh", "en", [Stratum(hits(zh), len(zh), hits(en), len(en))])


def trust_gaps(judged: Mapping[Trust, Sequence[Judged]]) -> Iterable[Gap]:
    """Newcomers and trusted sellers against members who say the same, per language."""
    for on, wanted in (("honest talk", is_honest), ("bad messages", is_bad)):
        for lang in LANGS:
            said = {
                trust: [item for item in items if item.row.lang == lang and wanted(item)]
                for trust, items in judged.items()
            }
            for trust, items in said.items():
                if trust != "member":
                    yield gap(on, lang, trust, "member", strata(items, said["member"]))


def is_honest(item: Judged) -> bool:
    return kind_of(item.row) == "talk"


def is_bad(item: Judged) -> bool:
    return bad(item.row)


def identity_gaps(judged: Sequence[Judged], groups: Sequence[Group]) -> Iterable[Gap]:
    """Per group: harmless messages that name it against those that name none, then hateful ones in the same way.

    A dialect is compared with texts that do not show it.
    """
    kinds: dict[str, Callable[[Judged], bool]] = {
        "harmless messages": lambda item: bool(kind_of(item.row)),
        "hateful messages": lambda item: item.row.truth.get("hate", False),
    }
    for on, wanted in kinds.items():
        for lang in LANGS:
            chosen = [item for item in judged if item.row.lang == lang and wanted(item)]
            mine = [group for group in groups if group.lang == lang]
            named = {group.name: [item for item in chosen if group.holds(item)] for group in mine}
            identities = {id(item) for group in mine if group.kind == "identity" for item in named[group.name]}
            none = [item for item in chosen if id(item) not in identities]
            for group in mine:
                inside = named[group.name]
                if len(inside) >= FEWEST:
                    others = none if group.kind == "identity" else without(chosen, inside)
                    against = NONE if group.kind == "identity" else "others"
                    yield gap(on, lang, group.name, against, strata(inside, others))


def without(items: Iterable[Judged], taken: Iterable[Judged]) -> list[Judged]:
    gone = {id(item) for item in taken}
    return [item for item in items if id(item) not in gone]


def hits(items: Iterable[Judged]) -> int:
    return sum(item.flagged for item in items)


def strata(inside: Sequence[Judged], others: Sequence[Judged]) -> list[Stratum]:
    """The flagged ones of both sides, source by source."""
    mine, theirs = (grouped(items, lambda item: item.row.source) for items in (inside, others))
    return [
        Stratum(hits(items), len(items), hits(theirs.get(source, [])), len(theirs.get(source, [])))
        for source, items in sorted(mine.items())
    ]


def gap_tables(speakers: Iterable[Gap], identities: Iterable[Gap]) -> Iterable[Table]:
    """Gaps by who speaks and in which language, then by what is named and in which dialect."""
    how = "Points and ratio are pooled over sources (Mantel-Haenszel) with 95 % intervals (Greenland and Robins 1985)."
    note = f"Flagged shares of the first against the second. {how} Trust compares the same messages, so "
    note += "that its intervals are too wide; the sources of the two languages differ in more than the language."
    columns = ("flagged of", "lang", "group", "against", "rows", "group's", "others'", "points", "ratio")
    yield Table("Gaps: language and trust", note, columns, tuple(map(shown, speakers)))
    note = f"Messages that name a group, or show a dialect, against others of the same source. {how} "
    note += "A ratio above 1 on harmless messages: the group is flagged more often than it should be."
    yield Table("Gaps: identities and dialects", note, columns, tuple(map(shown, identities)))


def shown(one: Gap) -> tuple[str, ...]:
    shares = (str(one.inside.rows), one.inside.percent(), one.others.percent())
    return one.on, one.lang, one.group, one.against, *shares, *one.shown()
