"""What is told of a quotation: its sentence, and never a word that the page does not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.telling import LONG, held_by, told

PAGE = """Deposit
- Stalls pay $200; halls pay $900.
- Refunds take 30 days. They are free of charge.
1. Open Settings.
Goods: Shoes; Fee: 5%
结算周期为 7 天，节假日顺延。提现免费；每日限 3 次！"""


@pytest.mark.parametrize(
    ("quotation", "answer"),
    [
        ("30 days", "Refunds take 30 days."),
        ("$900", "Stalls pay $200; halls pay $900."),
        ("Settings", "Open Settings."),
        ("5%", "Goods: Shoes; Fee: 5%"),
        ("7 天", "结算周期为 7 天，节假日顺延。"),
        ("3 次", "提现免费；每日限 3 次！"),
        ("days. They are", "Refunds take 30 days. They are free of charge."),
        ("free of charge.\n1. Open", "They are free of charge.\n1. Open Settings."),
        ("a word of the model's own", "a word of the model's own"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_quotation_is_told_with_its_sentence(quotation: str, answer: str) -> None:
    assert told(quotation, PAGE) == answer


@pytest.mark.parametrize("filler", ["word ", "字"])
def test_of_a_statement_that_is_too_long_only_a_part_is_told(filler: str) -> None:
    long = filler * max(LONG.values())
    assert told("7 days", f"{long}; it takes 7 days. Then no more.") == "it takes 7 days."
    assert told("7 days", f"{long} it takes 7 days.") == "7 days"


def test_a_step_is_told_with_all_of_its_steps_when_they_are_short() -> None:
    steps = "1. Open Settings.\n2. Choose a plan.\n3) Pay $5."
    page = f"How to change\n{steps}\nPlans start at once."
    assert told("a plan", page) == steps
    assert told("Plans start", page) == "Plans start at once."
    assert told("Pay $5", page.replace("Settings", "Settings " * 80)) == "Pay $5."
    assert told("申请", "1、点开店\n2、提交申请") == "1、点开店\n2、提交申请"


TEXTS = st.text("ab 费。；;.!\n-1|", max_size=60)


@given(TEXTS, st.data())
def test_what_is_told_holds_the_quotation_and_stands_in_the_passage(passage: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(passage)))
    quotation = passage[start : data.draw(st.integers(start, len(passage)))].strip()
    answer = told(quotation, passage)
    assert all(line in passage for line in answer.split("\n"))
    assert quotation.lstrip("-+*• 1.)") in answer
    assert held_by(quotation, passage) in passage
