"""Proof or not at all: what the passage does not say is not said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.proof import proven, quoted

PASSAGE = (
    "Deposit rules\nThe deposit is 500 yuan. Refunds are not available within 7 days, unless the item is broken. "
    "Sellers in Boston pay 1,000 yuan.\n1. Open the app\n2. Tap “Close”\n结算周期为 7 天，不支持提前提现到个人账户。"
)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("500 Yuan", "500 yuan"),
        ("７天", "7 天"),
        ("1. Open the app 2. Tap “Close”", "1. Open the app\n2. Tap “Close”"),
        ("not availble within 7 days", "not available within 7 days"),
        ("eposit is 500 yuan", "deposit is 500 yuan"),
    ],
)
def test_an_answer_is_given_in_the_passage_s_own_words(answer: str, said: str) -> None:
    assert proven(answer, PASSAGE) == said


@pytest.mark.parametrize(
    "answer", ["50", "00 yuan", "8 天", "600 yuan", "within 77 days", "the moon is made of cheese", ""]
)
def test_a_number_or_a_thing_that_is_not_there_proves_nothing(answer: str) -> None:
    assert proven(answer, PASSAGE) == ""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("available within 7 days", "not available within 7 days"),
        ("支持提前提现到个人账户", "不支持提前提现到个人账户"),
        ("7 days", "7 days"),
        ("提前提现", "提前提现"),
    ],
)
def test_a_quotation_does_not_lose_its_not(answer: str, said: str) -> None:
    assert proven(answer, PASSAGE) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Sellers pay a deposit of 500 yuan.", "Sellers pay a deposit of 500 yuan."),
        ("Sellers pay a deposit of 500 yuan. It is paid back in June.", "Sellers pay a deposit of 500 yuan."),
        ("The refund is available within 7 days.", ""),
        ("Sellers in Berlin have to pay a deposit of 500 yuan.", ""),
        ("The deposit is available in 500 days.", ""),
    ],
)
def test_a_sentence_in_other_words_needs_its_numbers_names_and_negation(answer: str, said: str) -> None:
    assert proven(answer, PASSAGE) == said


words = st.lists(
    st.sampled_from(["the fee", "is 5%", "not", "7 days", "佣金", "为", "不", "3 元", "。", ", ", ". ", "\n"]),
    max_size=9,
)


@pytest.mark.parametrize(
    ("answer", "passage", "said"),
    [
        ("86 571 5550", "Call +86 571 5550.", "+86 571 5550"),
        ("40", "It costs $40.", "$40"),
        ("15 元", "低于-15 元的", "-15 元"),
        ("3 分", "评分≥3 分", "≥3 分"),
        ("5 days", "It takes 3-5 days.", "5 days"),
    ],
)
def test_a_number_keeps_its_sign_and_a_range_stays_a_range(answer: str, passage: str, said: str) -> None:
    assert proven(answer, passage) == said


@given(words, st.data())
def test_every_stretch_of_a_passage_proves_itself_and_every_quotation_stands_in_it(
    parts: list[str], data: st.DataObject
) -> None:
    passage = " ".join(["Start.", *parts, "end"])
    start = data.draw(st.integers(0, len(passage) - 1))
    piece = passage[start : data.draw(st.integers(start + 1, len(passage)))]
    said = quoted(piece, passage)
    assert said in passage
    assert set(re.findall(r"\d+", said)) <= set(re.findall(r"\d+", passage))
    whole = quoted(passage, passage)
    assert whole in passage
    assert len(whole) > len(passage) - 4


@given(words, words)
def test_what_is_proven_has_no_number_of_its_own(parts: list[str], others: list[str]) -> None:
    passage, answer = " ".join(parts), " ".join(others)
    assert set(re.findall(r"\d+", proven(answer, passage))) <= set(re.findall(r"\d+", passage))
