"""Rows, verdicts and stub classifiers for the tests of the evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from moderation.evaluation.judged import Judged
from moderation.policy import CLAUSES
from moderation.training.corpus import Row
from moderation.types import Ruling, Verdict

WORDS = "parcels arrive on the third day of the week near lot number"
SECRET = "and the zebra knows"


class StubWords:
    """Gives a clause a high score wherever one of its words stands, and none elsewhere."""

    name = "stub-words"

    def __init__(self, **words: str) -> None:
        self._words = words

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        return [{clause: 0.95 * (word in text) for clause, word in self._words.items()} for text in texts]

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        """It cannot tell."""
        return [None for _ in texts]


def row(text: str, *clauses: str, lang: str = "en", source: str = "set_en", area: str = "intent") -> Row:
    """A row of which every clause is known."""
    return Row(text, lang, source, area, True, {clause: clause in clauses for clause in CLAUSES})


def judged(
    truth: Mapping[str, bool],
    ruling: Ruling = Ruling.ALLOW,
    source: str = "set_en",
    lang: str = "en",
    text: str = "a text",
    area: str = "moderation",
    **scores: float,
) -> Judged:
    """A row with the verdict that these scores and this ruling make."""
    verdict = Verdict(ruling=ruling, scores={clause: scores.get(clause, 0.0) for clause in CLAUSES})
    return Judged(Row(text, lang, source, area, True, truth), verdict)


def write_data(folder: Path) -> Path:
    """The shared folder in small: 80 rows of one moderation set, half of them bad, and 40 of harmless talk."""
    tails = (("ok", "says a gay friend"), ("abuse", SECRET), ("ok", "calmly"), ("abuse", SECRET))
    social = [
        {"id": f"set_en:{at}", "axis": "abuse", "label": label, "lang": "en", "text": f"{WORDS} {at} {tail}"}
        for at, (label, tail) in enumerate(tails * 20)
    ]
    talk = [
        {"id": f"talk_{lang}:{at}", "lang": lang, "text": f"{text}{at}"}
        for lang, text in (("zh", "包裹都到了，谢谢各位老板"), ("en", f"{WORDS} "))
        for at in range(20)
    ]
    for area, rows in {"moderation": social, "intent": talk, "sentiment": [], "faq": [], "qa": [], "pii": []}.items():
        (folder / area).mkdir(parents=True)
        lines = (json.dumps({**one, "licence": "MIT"}, ensure_ascii=False) + "\n" for one in rows)
        (folder / area / "dev.jsonl").write_text("".join(lines), "utf-8")
    return folder
