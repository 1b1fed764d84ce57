"""Long texts in parts: nothing lost, nothing broken, and cuts where a reader would make them."""

from __future__ import annotations

import re

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formatting import split
from bot.formatting.splitting import Unit, size

FAMILY = "👩\u200d👩\u200d👧"
PIECES = [
    *("结算周期为 7 天。", "满 3.5 元包邮！", "，", "word", "A sentence. ", "Is it? ", "1. Open the app\n", "- 苹果\n"),
    *("\n", "\n\n", "\r\n", "   ", "👍", FAMILY, "e\u0301", "x" * 70, "长" * 90, "https://example.com/a?b=c_d "),
]
texts = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
units: st.SearchStrategy[Unit] = st.sampled_from(["chars", "utf16"])


def dense(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=150, deadline=None)
@given(text=texts | st.text(max_size=400), limit=st.integers(64, 200), unit=units)
def test_no_part_is_too_long_or_blank_and_nothing_is_lost(text: str, limit: int, unit: Unit) -> None:
    parts = split(text, limit, unit)
    assert all(part.strip() and size(part, unit) <= limit for part in parts)
    assert dense("".join(parts)) == dense(text)


@settings(max_examples=100, deadline=None)
@given(text=texts, limit=st.integers(64, 200))
def test_no_letter_is_cut(text: str, limit: int) -> None:
    letters = [letter for part in split(text, limit, "utf16") for letter in regex.findall(r"\X", part)]
    whole = regex.findall(r"\X", text)
    assert [letter for letter in letters if letter.strip()] == [letter for letter in whole if letter.strip()]


@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.text("abcd", min_size=1, max_size=60), max_size=40), limit=st.integers(64, 100))
def test_no_word_that_fits_is_cut(words: list[str], limit: int) -> None:
    assert [word for part in split(" ".join(words), limit) for word in part.split()] == words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" \n ", []),
        ("short", ["short"]),
        (f"{'a ' * 20}\n\n{'b ' * 30}", ["a " * 19 + "a", "b " * 29 + "b"]),
        (f"{'a ' * 20}\n{'b ' * 20}\n{'c ' * 5}", ["a " * 19 + "a", f"{'b ' * 20}\n{'c ' * 4}c"]),
        (f"{'一' * 40}。{'二' * 40}！{'三' * 3}", [f"{'一' * 40}。", f"{'二' * 40}！{'三' * 3}"]),
        (f"{'aa ' * 15}end. {'bb ' * 15}end.", [f"{'aa ' * 15}end.", f"{'bb ' * 15}end."]),
        (f"{'a' * 50} {'b' * 30}", ["a" * 50, "b" * 30]),
        (f"{'一' * 40}，{'二' * 40}", [f"{'一' * 40}，", "二" * 40]),
        ("x" * 100, ["x" * 64, "x" * 36]),
        (f"{'a' * 60}\n  - nested {'b' * 30}", ["a" * 60, f"  - nested {'b' * 30}"]),
        (f"{'a' * 62} 1. Open the app", ["a" * 62, "1. Open the app"]),
    ],
)
def test_the_kindest_cut_comes_first(text: str, parts: list[str]) -> None:
    assert split(text, 64) == parts


def test_an_item_keeps_its_number() -> None:
    assert split(f"{'a. ' * 20}\n1. {'b ' * 31}end", 64)[-2].startswith("1. b b")


def test_an_emoji_counts_twice_in_utf16() -> None:
    assert split("👍" * 64, 64, "utf16") == ["👍" * 32, "👍" * 32]
    assert split(FAMILY * 9, 64, "utf16") == [FAMILY * 8, FAMILY]


def test_a_letter_with_endless_marks_is_cut_all_the_same() -> None:
    parts = split("z" + "\u0301" * 200, 64)
    assert "".join(parts) == "z" + "\u0301" * 200
    assert max(map(len, parts)) <= 64


def test_a_block_that_fits_is_not_cut() -> None:
    block = "```py\nprint(1)\n\nprint(2)\n```"
    assert split(f"{'a' * 50}\n{block}\nend", 64) == ["a" * 50, f"{block}\nend"]


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.text("ab {}", min_size=1, max_size=50).filter(str.strip), min_size=1, max_size=30))
def test_a_long_block_is_closed_and_opened_anew_in_each_part(lines: list[str]) -> None:
    code = "\n".join(lines)
    parts = split(f"before\n```json\n{code}\n```\nafter", 64)
    assert all(part.count("```") % 2 == 0 and len(part) <= 64 for part in parts)
    blocks = re.findall(r"```json\n(.*?)\n```", "\n".join(parts), re.DOTALL)
    assert dense("".join(blocks)) == dense(code)
    assert dense(re.sub(r"```json\n.*?\n```", "", "\n".join(parts), flags=re.DOTALL)) == "beforeafter"
