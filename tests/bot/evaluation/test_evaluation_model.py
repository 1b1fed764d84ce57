"""The product's own model and search, asked eight questions about the sample community."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.answering.readers import Readers
from bot.evaluation.asking import ask
from bot.evaluation.houses import House, Question
from bot.knowledge.reading import read_folder
from bot.lm.opening import open_lm
from bot.sample import KNOWLEDGE
from bot.witness.convert import WITNESS
from bot.witness.witness import Witness
from tests.bot.models import CACHE, real_models

TODAY = date(2026, 11, 20)
EN = {"lang": "en", "answerable": True, "document": "en/payouts.md"}
ANOTHER_MATTER = "Do you deliver to Mars? / 你们支持火星发货吗？"
ZH = {"lang": "zh", "answerable": True, "document": "zh/payouts.md"}
QUESTIONS: list[dict[str, Any]] = [
    EN | {"question": "What is the smallest amount I can withdraw?", "expect": ("¥100",)},
    EN | {"question": "What does a fourth withdrawal in a month cost?", "expect": ("¥2",)},
    ZH | {"question": "提现手续费怎么收", "expect": ("2元",)},
    ZH | {"question": "单笔最低提现多少钱", "expect": ("100元",)},
    EN
    | {
        "document": "en/shipping.md",
        "question": "How soon must fresh food be shipped?",
        "expect": ("24 hours",),
        "earlier": ANOTHER_MATTER,
    },
    ZH
    | {
        "document": "zh/shipping.md",
        "question": "生鲜多久之内必须发货？",
        "expect": ("24小时",),
        "earlier": ANOTHER_MATTER,
    },
    {"lang": "en", "question": "How low is the clothing commission in the winter campaign?", "answerable": False},
    {"lang": "zh", "question": "推荐一下附近好吃的火锅", "answerable": False},
]


async def test_the_real_path_finds_what_is_valid_and_says_what_stands_there() -> None:
    questions = tuple(Question(kind="sample", **one) for one in QUESTIONS)
    house = House("sample", read_folder(KNOWLEDGE).documents, questions)
    witness = Witness.load(WITNESS.prepare(CACHE))
    readers = Readers(await open_lm(cache=CACHE, device="cpu", timeout_s=120), witness, real_models())
    try:
        done = await ask(house, readers, confidence=0.5, today=TODAY, progress=lambda _step, _part: None)
    finally:
        await readers.close()
    assert all(one.found_within(3) for one in done if one.question.answerable)
    assert all(one.numbers_stand for one in done if one.answered)
    assert not any(one.stale for one in done)
    assert sum(one.right for one in done) >= 2
    assert all(one.answered and one.right for one in done if one.question.earlier)
    assert not done[-1].answered
