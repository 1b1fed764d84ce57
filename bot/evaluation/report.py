"""The whole report: `evaluate_answer` asks and measures, `Report` holds the figures and lays them out as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from bot.answering.readers import Readers
from bot.evaluation.asking import LOOKED_AT, Asked, ask
from bot.evaluation.figures import ALL, Confidence, Figures, Promised, confidence, figures, groups, promised
from bot.evaluation.houses import House, HouseError
from bot.evaluation.talks import in_a_talk
from bot.lm.evaluate import Figures as Reader
from bot.lm.evaluate import evaluate as read_alone
from bot.lm.evaluate import model
from bot.lm.types import Progress
from bot.witness.measure import alone
from moderation.evaluation.rates import Rate
from moderation.evaluation.tables import Table
from moderation.types import Noun

NAMES = ("house", "lang", "kind")


class Report(Noun):
    """What `evaluate_answer` finds: the figures of every section, and each question with what came of it."""

    model: str
    threshold: float
    figures: tuple[Figures, ...]
    confidence: tuple[Confidence, ...]
    promises: tuple[Promised, ...]
    readers: tuple[Reader, ...]
    witness: tuple[Reader, ...] = ()
    asked: tuple[Asked, ...]

    @property
    def headline(self) -> str:
        """What was asked of whom, and the promise for each house as a whole."""
        asked = f"{len(self.asked)} questions, model {self.model}, answers from confidence {self.threshold:g} on."
        whole = [one for one in self.promises if one.group.lang == ALL]
        return "\n".join([asked, *(f"{one.group.house}: {one.sentence()}" for one in whole)])

    def tables(self) -> Iterable[Table]:
        """Every section, in the order of reading; by kind only where there is room."""
        for detail in (False, True):
            mine = [one for one in self.figures if (one.group.kind != ALL) == detail]
            yield _answers(mine, detail)
            yield _search(mine, detail)
            yield _words(mine, detail)
        yield _promises(self.promises)
        yield _confidence(self.confidence)
        if self.readers:
            yield _readers("The language model alone", self.readers)
        if self.witness:
            yield _readers("The witness alone", self.witness)

    def markdown(self) -> str:
        """The tables under a heading, as Markdown."""
        told = self.headline.replace("\n", "\n\n")
        return "\n".join([f"# How questions are answered\n\n{told}\n", *(one.markdown() for one in self.tables())])


def read(file: Path) -> Report:
    """A report.json again. Raises HouseError when it is none."""
    try:
        return Report.model_validate_json(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise HouseError(f"{file} is no report of `xiaoer evaluate answer --out` ({first}); make it again") from error


async def evaluate_answer(
    houses: Sequence[House],
    readers: Readers,
    *,
    threshold: float,
    today: date,
    risk: float,
    sure: float,
    seed: int,
    progress: Progress,
    talks: bool = False,
) -> Report:
    """Ask every house, with `talks` once more after other exchanges, and the model alone where questions stand beside
    their passages.

    Raises LmError when the model fails in reading alone, KnowledgeError when the vectors do not fit the search.
    """
    asked: list[Asked] = []
    each = partial(ask, readers=readers, confidence=threshold, today=today, progress=progress)
    for house in houses:
        first = await each(house)
        asked += first
        if talks:
            asked += await each(in_a_talk(house, first, seed=seed))
    rows = [row for house in houses for row in house.rows]
    parts = list(groups(asked))
    wide = [(group, mine) for group, mine in parts if group.kind == ALL]
    sureness = [confidence(group, mine) for group, mine in wide]
    return Report(
        model=readers.lm.name,
        threshold=threshold,
        figures=tuple(figures(group, mine) for group, mine in parts),
        confidence=tuple(one for one in sureness if one),
        promises=tuple(promised(group, mine, risk=risk, sure=sure, seed=seed) for group, mine in wide),
        readers=tuple(await read_alone(model(readers.lm), rows, progress=progress)),
        witness=tuple(await read_alone(alone(readers.witness), rows, progress=progress)),
        asked=tuple(asked),
    )


def _table(
    title: str, note: str, figures: Sequence[Figures], cells: dict[str, Callable[[Figures], str]], detail: bool
) -> Table:
    named = [(one.group.house, one.group.lang, one.group.kind)[: 3 if detail else 2] for one in figures]
    rows = tuple((*name, *(cell(one) for cell in cells.values())) for name, one in zip(named, figures, strict=True))
    columns = (*NAMES[: 3 if detail else 2], *cells)
    return Table(f"{title} by kind" if detail else title, note, columns, rows, detail)


def _answers(figures: Sequence[Figures], detail: bool) -> Table:
    note = (
        "Right: of the answers given, with a gold answer in them or an F1 of at least 0.5, or with all that the house "
        "expects. Covered: answerable questions that got an answer. Tempted: unanswerable ones that got one. Due: "
        "hand-offs that kept no right draft back. 95 % intervals (Wilson). Failed: the model was down or too slow."
    )
    cells: dict[str, Callable[[Figures], str]] = {
        "questions": lambda one: str(one.questions),
        "answered": lambda one: str(one.precision.rows),
        "right": lambda one: _shown(one.precision),
        "covered": lambda one: _shown(one.coverage),
        "tempted": lambda one: _shown(one.tempted),
        "due": lambda one: _shown(one.handoff),
        "failed": lambda one: str(one.failed),
    }
    return _table("Answers", note, figures, cells, detail)


def _search(figures: Sequence[Figures], detail: bool) -> Table:
    note = (
        f"Whether the right document is among the first passages (of {LOOKED_AT}) as search and witness order them, "
        "and first by the search alone, for answerable questions; kind cross asks in one language for a document in "
        "the other. The time is that of a whole reply."
    )
    cells: dict[str, Callable[[Figures], str]] = {
        "recall@1": lambda one: _shown(one.recall_1),
        "recall@3": lambda one: _shown(one.recall_3),
        "recall@5": lambda one: _shown(one.recall_5),
        "search@1": lambda one: _shown(one.searched),
        "median ms": lambda one: f"{one.median_ms:.0f}",
        "95 % ms": lambda one: f"{one.p95_ms:.0f}",
    }
    return _table("Search and time", note, figures, cells, detail)


def _words(figures: Sequence[Figures], detail: bool) -> Table:
    note = (
        "F1 and exact matches over answerable questions with gold answers: of the answers given, and of all drafts, "
        "given or not (none counts 0). Of the answers given: in the question's language, apart where the document is "
        "in the other; with every number in a source; quoting a document that is deleted or not valid."
    )
    cells: dict[str, Callable[[Figures], str]] = {
        "F1": lambda one: _plain(one.f1_given),
        "exact": lambda one: _shown(one.exact_given),
        "F1 drafts": lambda one: _plain(one.f1_drafts),
        "exact drafts": lambda one: _shown(one.exact_drafts),
        "language": lambda one: _shown(one.language),
        "language, cross": lambda one: _shown(one.language_cross),
        "numbers": lambda one: _shown(one.numbers),
        "stale": lambda one: _shown(one.stale),
    }
    return _table("Words", note, figures, cells, detail)


def _promises(promises: Sequence[Promised]) -> Table:
    risk, sure = (f"{100 * share:g} %" for share in (promises[0].risk, promises[0].sure))
    note = (
        f"The lowest threshold at which at most {risk} of the answers are wrong, with {sure} confidence (Learn then "
        "Test with Clopper and Pearson's bound), calibrated on one half of the contexts and tried on the other. It "
        "holds for questions like these, drawn one by one; several about one passage are a little less than that many. "
        "Lowest risk: what could be promised at all."
    )
    rows = tuple(
        (
            one.group.house,
            one.group.lang,
            "–" if one.threshold is None else f"{one.threshold:.2f}",
            str(one.calibrated_on),
            _plain(one.bound, 3),
            str(one.held_back.rows),
            _shown(one.held_back),
            _shown(one.covered),
            "–" if one.lowest is None else f"{100 * one.lowest:g} %",
        )
        for one in promises
    )
    columns = (
        "house", "lang", "threshold", "calibrated on", "bound",
        "held back", "wrong", "covered", "lowest risk",
    )  # fmt: skip
    return Table("Promise", note, columns, rows)


def _confidence(figures: Sequence[Confidence]) -> Table:
    note = (
        "Of every draft, given or not. ECE: the mean distance of confidence and truth over 15 bins of equal mass. "
        "Separation: the chance that a right draft is surer than a wrong one."
    )
    rows = tuple(
        (one.group.house, one.group.lang, str(one.drafts), f"{one.ece:.3f}", _plain(one.separation)) for one in figures
    )
    return Table("Confidence", note, ("house", "lang", "drafts", "ECE", "separation"), rows)


def _readers(title: str, readers: Sequence[Reader]) -> Table:
    note = (
        "It reads the right passage, whole, without search and threshold. Refused: its refusal is at least one "
        "half; a refused answerable question counts 0. Separation: the chance that an unanswerable question has the "
        "higher refusal."
    )
    rows = tuple(
        (
            one.group,
            str(one.answerable),
            *map(_plain, (one.f1, one.exact, one.answerable_refused)),
            str(one.unanswerable),
            *map(_plain, (one.unanswerable_refused, one.separation)),
        )
        for one in readers
    )
    columns = ("set", "answerable", "F1", "exact", "refused", "unanswerable", "refused", "separation")
    return Table(title, note, columns, rows)


def _shown(rate: Rate) -> str:
    """`64 (60-68) %`."""
    if rate.share is None:
        return "–"
    return f"{100 * rate.share:.1f} ({100 * rate.low:.1f}-{100 * rate.high:.1f}) %"


def _plain(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
