"""Further sets to measure on: JSONL files that no training reads, one message a line.

    {"text": "...", "lang": "zh", "clauses": ["scam_fraud"], "kind": "fake support"}

`clauses` is empty for a harmless message, `kind` is whatever the file's author wants told apart; other keys are passed
over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moderation.evaluation.clauses import ALL, within
from moderation.evaluation.judged import Judged, Progress, bad, judge_rows
from moderation.evaluation.rates import Rate, counted
from moderation.evaluation.tables import Table
from moderation.judging.judge import Judge
from moderation.policy import CLAUSES, ClauseName
from moderation.training.corpus import CorpusError, Row
from moderation.types import TEXT_LENGTH, Lang, Noun


class HeldOutLine(BaseModel):
    """One line of such a file."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(min_length=1, max_length=TEXT_LENGTH)
    lang: Lang
    clauses: frozenset[ClauseName]
    kind: str = Field(min_length=1)

    def row(self, source: str) -> Row:
        truth = {clause: clause in self.clauses for clause in CLAUSES}
        return Row(self.text, self.lang, source, self.kind, licensed=False, truth=truth)


class HeldOutFigures(Noun):
    """One kind of message of one file, or all its kinds, in one language.

    Of the bad messages: `found` are flagged with one of their own clauses, `flagged` at all, `acted` acted upon. Of
    the harmless ones: flagged, acted upon. `right` is the share of all that is flagged exactly if bad.
    """

    file: str
    kind: str
    lang: str
    found: Rate
    flagged: Rate
    acted: Rate
    harmless_flagged: Rate
    harmless_acted: Rate
    right: Rate


def read_heldout(path: Path) -> list[Row]:
    """The rows of a file; a row's source is the file's name, its area the line's kind. Raises CorpusError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}); give a JSONL file") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    rows = list(read_lines(path, text))
    if not rows:
        raise CorpusError(f'{path}: holds no message; write lines of {{"text", "lang", "clauses", "kind"}}')
    return rows


def read_lines(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield HeldOutLine.model_validate_json(line).row(path.name)
            except ValidationError as error:
                fault = error.errors(include_url=False)[0]
                where = ".".join(map(str, fault["loc"])) or "the line"
                mend = 'write {"text", "lang", "clauses", "kind"}'
                raise CorpusError(f"{path}:{number}: {where}: {fault['msg']}; {mend}") from error


def heldout_figures(
    judge: Judge, files: Sequence[Sequence[Row]], lines: Mapping[str, float], progress: Progress
) -> Iterable[HeldOutFigures]:
    """Per file and language: all kinds together, then each in the file's order."""
    for rows in files:
        judged = judge_rows(judge, rows, "new", f"judging {rows[0].source}", progress)
        for lang in dict.fromkeys(row.lang for row in rows):
            mine = [item for item in judged if item.row.lang == lang]
            yield one_kind(ALL, mine, lines)
            for kind in dict.fromkeys(item.row.area for item in mine):
                yield one_kind(kind, [item for item in mine if item.row.area == kind], lines)


def one_kind(kind: str, items: Sequence[Judged], lines: Mapping[str, float]) -> HeldOutFigures:
    wicked = [item for item in items if bad(item.row)]
    honest = [item for item in items if not bad(item.row)]
    return HeldOutFigures(
        file=items[0].row.source,
        kind=kind,
        lang=items[0].row.lang,
        found=counted(within(item, own_clauses(item, lines), lines) for item in wicked),
        flagged=counted(item.flagged for item in wicked),
        acted=counted(item.acted for item in wicked),
        harmless_flagged=counted(item.flagged for item in honest),
        harmless_acted=counted(item.acted for item in honest),
        right=counted(item.flagged == bad(item.row) for item in items),
    )


def own_clauses(item: Judged, lines: Mapping[str, float]) -> list[str]:
    """The clauses that the message breaks and that the policy has."""
    return [clause for clause in lines if item.row.truth[clause]]


def heldout_tables(figures: Sequence[HeldOutFigures]) -> Iterable[Table]:
    """All kinds of a file together, then each."""
    if not figures:
        return
    columns = (
        "file", "lang", "kind", "bad", "found", "flagged", "acted",
        "harmless", "flagged", "acted", "right",
    )  # fmt: skip
    note = "Bad messages found with one of their own clauses, flagged at all, acted upon; harmless ones flagged, acted "
    note += "upon; right: flagged exactly if bad."
    whole = tuple(shown(one) for one in figures if one.kind == ALL)
    yield Table("Held-out files", note, columns, whole)
    each = tuple(shown(one) for one in figures if one.kind != ALL)
    yield Table("Held-out files by kind", "As above, per kind.", columns, each, detail=True)


def shown(one: HeldOutFigures) -> tuple[str, ...]:
    wicked = (str(one.found.rows), one.found.decimal(), one.flagged.decimal(), one.acted.decimal())
    honest = (str(one.harmless_flagged.rows), one.harmless_flagged.percent(), one.harmless_acted.percent())
    return one.file, one.lang, one.kind, *wicked, *honest, one.right.decimal()
