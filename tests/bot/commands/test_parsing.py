"""How commands are typed, and what the table says of them in both languages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import CARRY, CommandError, menu, parsed
from bot.commands.parsing import case_and_words, spoken_in
from bot.commands.table import COMMANDS, TABLE
from bot.words import LANGS


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("/queue", "queue", ""),
        (" /QUEUE@xiaoer_bot ", "queue", ""),
        ("／举报 他发广告", "report", "他发广告"),
        ("/举报他发广告", "report", "他发广告"),
        ("/report他发广告", "report", "他发广告"),
        ("/提问：结算多久？", "ask", "结算多久？"),
        ("/删除我的数据", "forgetme", ""),
        ("/help teach", "help", "teach"),
        ("/teach 标题：\n正文", "teach", "标题：\n正文"),
        ("/申诉 7kqf2m9d 我没有", "appeal", "7kqf2m9d 我没有"),
    ],
)
def test_commands_are_read_as_people_type_them(text: str, name: str, words: str) -> None:
    typed = parsed(text)
    assert typed is not None
    assert (typed.command.name, typed.words) == (name, words)


@pytest.mark.parametrize(
    "text",
    ["/queues", "/nothing", "see /queue", "/report.pdf", "/teach_me", "/", "／", "/你好", "queue", "", "/help/me"],
)
def test_other_words_are_no_command(text: str) -> None:
    assert parsed(text) is None


@given(name=st.sampled_from(sorted(COMMANDS)), words=st.text(max_size=30), slash=st.sampled_from("/／"))
def test_any_words_behind_any_name_are_kept(name: str, words: str, slash: str) -> None:
    typed = parsed(f"{slash}{name} {words}")
    assert typed is not None
    assert typed.command is COMMANDS[name]
    assert typed.words == words.strip(" \t\r\n:：,，")


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for one in (text, f"/{text}"):
        typed = parsed(one)
        assert typed is None or typed.words in one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7kqf2m9d why", ("7KQF2M9D", "why")),
        ("7KQF2M9D-2：我没有\n发广告", ("7KQF2M9D-2", "我没有\n发广告")),
        ("#7KQF2M9D", ("7KQF2M9D", "")),
    ],
)
def test_a_case_and_the_words_behind_it_are_parted(text: str, expected: tuple[str, str]) -> None:
    assert case_and_words(text) == expected


@pytest.mark.parametrize("text", ["", "why", "7KQF2M9", "7KQF2M9DX", "0KQF2M9D x"])
def test_what_names_no_case_is_told(text: str) -> None:
    with pytest.raises(CommandError, match="7KQF2M9D"):
        case_and_words(text)


@pytest.mark.parametrize(
    ("text", "words", "lang"),
    [
        ("/举报", "", "zh"),
        ("/report", "", None),
        ("/report 他发广告", "他发广告", "zh"),
        ("/case 7KQF2M9D", "7KQF2M9D", None),
        ("/report he posts ads", "he posts ads", "en"),
    ],
)
def test_the_language_is_that_of_the_words(text: str, words: str, lang: str | None) -> None:
    assert spoken_in(text, words) == lang


def test_the_table_fits_every_platform_and_says_all_in_both_languages() -> None:
    names = [name for one in TABLE for name in (one.name, *one.aliases)]
    assert len(names) == len(set(names))
    assert {one.name for one in TABLE} == set(CARRY)
    for entry in menu():
        assert re.fullmatch(r"[a-z]{1,32}", entry.name)
        assert COMMANDS[entry.names["zh"]].name == entry.name
        for lang in LANGS:
            assert 1 <= len(entry.description[lang]) <= 100
            assert "/" in COMMANDS[entry.name].usage(lang)
            assert all(1 <= len(one.description[lang]) <= 100 for one in entry.parameters)
        assert all(re.fullmatch(r"[a-z]{1,32}", one.name) and len(one.choices) <= 25 for one in entry.parameters)
