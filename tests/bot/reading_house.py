"""A small reading set, a small house, and two readers that copy from the passage they are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.answering.readers import Readers
from bot.evaluation.asking import Asked
from bot.evaluation.houses import Question
from bot.lm.types import Completion, LmError
from bot.witness.witness import Mark, Titled

ANSWER = re.compile(r"\d+ (?:coins|元)")
DOCUMENTS = {
    "en/fees.md": "---\ntitle: Fees\nlang: en\n---\nA stall at the market costs 40 coins a month.",
    "en/gifts.md": "---\ntitle: Gifts\nlang: en\nvalid_until: 2025-01-01\n---\nA voucher is worth 15 coins.",
    "zh/deposit.md": "---\ntitle: 保证金\nlang: zh\n---\n开店要交保证金 500 元，退店后返还。",
}
QUESTIONS: list[dict[str, Any]] = [
    {"lang": "en", "kind": "fees", "question": "What does a stall cost?", "expect": ["40"], "document": "en/fees.md"},
    {"lang": "en", "kind": "cross", "question": "保证金 deposit", "expect": ["500元"], "document": "zh/deposit.md"},
    {"lang": "zh", "kind": "amount", "question": "开店保证金多少？", "expect": ["500元"], "document": "zh/deposit.md"},
    {"lang": "en", "kind": "expired", "question": "What is a voucher worth?"},
    {"lang": "en", "kind": "absent", "question": "Does the market lend parachutes?"},
]


class Copies:
    """Answers with the first price of the passage, or refuses where it has none."""

    name = "copies"

    def __init__(self, *, down: bool = False) -> None:
        self._down = down

    async def complete(self, prompts: Sequence[str], *, max_tokens: int, group: str = "") -> list[Completion]:
        if self._down:
            raise LmError("down")
        return [self._read(prompt) for prompt in prompts]

    def _read(self, prompt: str) -> Completion:
        found = ANSWER.search(prompt.split("### Passage")[1])
        return Completion(found[0], -0.1, 3, 0.05) if found else Completion("NONE", -0.1, 2, 0.97)

    def count(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        """Nothing to free."""


class Points:
    """Marks the first price of the passage."""

    async def read(self, question: str, passages: Sequence[Titled]) -> list[Mark]:
        return [self._mark(passage.text) for passage in passages]

    def _mark(self, text: str) -> Mark:
        found = ANSWER.search(text)
        return Mark(found[0], 0.95, 0.9) if found else Mark("", 0.02, 0.0)

    async def close(self) -> None:
        """Nothing to free."""


def stubs(*, down: bool = False) -> Readers:
    """Both readers, without vectors."""
    return Readers(Copies(down=down), Points(), None)


def write_house(folder: Path) -> Path:
    """Three documents, one of them expired, and five questions."""
    for name, text in DOCUMENTS.items():
        file = folder / "knowledge" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    lines = [{"expect": [], "document": "", "answerable": "expect" in one} | one for one in QUESTIONS]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return folder


def write_set(folder: Path) -> Path:
    """40 passages in each language with one question that they answer and one that they do not, and a few more."""
    rows = [row for number in range(40) for lang in ("en", "zh") for row in _asked(lang, number, "Tariff")]
    rows += [row | {"licence": "none-stated"} for row in _asked("en", 900, "Unlicensed tariff")]
    _write(folder / "qa" / "dev.jsonl", rows)
    _write(folder / "qa" / "train.jsonl", [row for number in range(5) for row in _asked("en", number, "Spare tariff")])
    return folder


def _asked(lang: str, number: int, name: str) -> list[dict[str, object]]:
    price = f"{number + 10} {'coins' if lang == 'en' else '元'}"
    context = (
        f"{name} K{number} has a price of {price} for each month of the year. No further fee is taken by the market."
        if lang == "en"
        else f"套餐{name}K{number}每月的价格是 {price}，全年不变。市场不再另外收取其他费用。"
    )
    ask = (f"What is the price of {name} K{number}?", f"Who invented {name} K{number}?")
    if lang == "zh":
        ask = (f"套餐{name}K{number}的价格是多少？", f"套餐{name}K{number}是谁发明的？")
    row = {"id": f"set_{lang}:{number}", "lang": lang, "context": context, "licence": "CC-BY-4.0"}
    return [row | {"question": ask[0], "answers": [price]}, row | {"question": ask[1], "answers": []}]


def _write(file: Path, rows: list[dict[str, object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")


def question(**more: Any) -> Question:
    """One that a document answers, unless `more` says otherwise."""
    return Question(
        **{"lang": "en", "question": "How much?", "kind": "fees", "answerable": True, "document": "fees"}
        | ({} if "answerable" in more else {"answers": ("5%",)})
        | more
    )


def asked(sure: float = 0.9, **more: Any) -> Asked:
    """A question that was answered rightly, unless `more` says otherwise."""
    return Asked(
        **{
            "house": "h", "question": question(), "draft": "5%", "confidence": sure, "answered": True, "why": "",
            "sources": ("fees",), "found": ("fees",), "searched": ("fees",), "right": True, "f1": 1.0, "exact": True,
            "numbers_stand": True, "stale": False, "lang": None, "took_ms": 10.0,
        } | more
    )  # fmt: skip


NOWHERE = question(answerable=False, answers=())
SILENT: dict[str, Any] = {
    "draft": "",
    "answered": False,
    "why": "not_answered",
    "right": False,
    "f1": 0.0,
    "exact": False,
}
