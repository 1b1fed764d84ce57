"""Words on Discord: no markup and no mention out of them works, and a reader sees them as they were written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formatting import discord
from bot.formatting.for_discord import escaped
from bot.words import words
from moderation.types import Passage, Place, Say, SayKind

PLACE = Place(platform="discord", community="sample", channel="1")
FEES = Passage(document="fees.md", title="Fees", text="5%", lang="en")
MARKUP = re.compile(
    r"[*_~|`\[\]#>]|<(?!https?://[\x21-\x3b\x3d\x3f-\x7e]+>)|@(?:everyone|here|[!&]?\d{15})|(?m:^\s*\d+\.\s)"
)
"""What would work in a text whose escapes and links are taken out."""


def say(text: str, *passages: Passage, kind: SayKind = "answer") -> Say:
    return Say(id="1", place=PLACE, text=text, kind=kind, passages=passages)


def bare(text: str) -> str:
    """The text without escapes and links."""
    return re.sub(r"<https?://[^\s<>]+>", "", re.sub(r"\\[^A-Za-z0-9\s]", "", text))


def read(text: str) -> str:
    """The text as a reader sees it."""
    return re.sub(r"<(https?://[^\s<>]+)>", r"\1", re.sub(r"\\([^A-Za-z0-9\s])|\u200b", r"\1", text))


TRICKS = [
    *("**", "__", "~~", "||", "`", "``", "```", "\\", "[a](https://b.c)", "](", "# ", "-# ", ">>> ", "> ", "- ", "1. "),
    *("@everyone", "@here", "<@123456789012345678>", "<@&123456789012345678>", "<#12>", "<t:1:R>", "<:a:1>", "</a:1>"),
    *("word", " ", "\n", "，", "。", "5.0", "https://example.com/a_b?c=*d*", "(https://example.com/x)"),
]


@settings(max_examples=300, deadline=None)
@given(text=st.lists(st.sampled_from(TRICKS), max_size=12).map("".join))
def test_nothing_works_and_everything_reads_as_written(text: str) -> None:
    shown = escaped(text)
    if "```\n" not in text:
        assert not MARKUP.search(bare(shown))
        assert read(shown) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a **b** [c](https://d.ef)", r"a \*\*b\*\* \[c\](<https://d.ef>)"),
        ("详见https://a.bc/d_e，谢谢", "详见<https://a.bc/d_e>，谢谢"),
        ("See https://a.bc/d.", "See <https://a.bc/d>."),
        ("(https://a.bc/d_(e))", "(<https://a.bc/d_(e)>)"),
        ("- one\n- two", "- one\n- two"),
        ("2. two\n7. seven", "2\\. two\n7\\. seven"),
        ("ask @everyone", "ask @\u200beveryone"),
        ("mail a@here.org and @hereafter 3.5", "mail a@\u200bhere.org and @\u200bhereafter 3.5"),
        ("```\n**code** @here\n```\n**text**", "```\n**code** @here\n```\n\\*\\*text\\*\\*"),
        ("```\nnever **closed**", "\\`\\`\\`\nnever \\*\\*closed\\*\\*"),
    ],
)
def test_words_are_shown_as_they_are(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_sources_stand_beneath_once_for_each_document() -> None:
    other = Passage(document="tax.md", title="Tax\n# [2026]", text="tax", lang="en")
    (shown,) = discord(say("5%", FEES, other, FEES), words("en"))
    assert shown == "5%\n-# 📄 Fees\n-# 📄 Tax \\# \\[2026\\]"


def test_a_person_s_words_say_so() -> None:
    assert discord(say("好的", kind="moderator"), words("zh")) == ["-# 管理员回复\n好的"]


def test_no_words_make_no_message() -> None:
    assert discord(say("  ", FEES), words("en")) == []


@settings(max_examples=20, deadline=None)
@given(
    text=st.lists(st.sampled_from([*TRICKS, "x" * 500, "*" * 900]), min_size=20, max_size=60).map("".join),
    titles=st.lists(st.text("a*题 ", min_size=1, max_size=200), max_size=8),
)
def test_parts_fit_and_no_escape_is_cut(text: str, titles: list[str]) -> None:
    passages = [Passage(document=str(at), title=title, text="x", lang="en") for at, title in enumerate(titles)]
    parts = discord(say(text, *passages), words("en"))
    assert all(len(part) <= 2000 for part in parts)
    assert [part.count("\n-# 📄") for part in parts[:-1]] == [0] * (len(parts) - 1)
    assert parts[-1].count("-# 📄 ") == min(5, len(titles))
    if "```\n" not in text:
        assert not any(MARKUP.search(bare(re.sub(r"(?m)^-# 📄.*", "", part))) for part in parts)
