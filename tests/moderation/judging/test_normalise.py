"""One spelling for many, and the way back."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.judging.characters import fold
from moderation.judging.normalise import normalise

TRICKY = "加v信x薇❤心微 .·-\nqaбwe扣ssß1️⃣½ﷺＶ１\u200b\u0301微博維請➕wechat"
texts = st.one_of(st.text(max_size=80), st.text(alphabet=TRICKY, max_size=40))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("加V信 abc", "加微信 abc"),
        ("薇❤️：abc", "微信:abc"),
        ("威信", "微信"),
        ("请加.微.信", "请加微信"),
        ("加\u200b微\u200b信", "加微信"),
        ("ＶＸ１２３", "微信123"),
        ("加v 123", "加微信 123"),
        ("請聯繫賣家", "请联系卖家"),
        ("w e c h a t", "wechat"),
        ("𝓯𝓻𝓮𝓮 ｆｒｅｅ FREE", "free free free"),
        ("Сlick hеrе", "click here"),
        ("1️⃣3️⃣8️⃣", "138"),
        ("哈哈哈哈哈哈", "哈哈"),
        ("扣扣 12345", "qq 12345"),
        ("café", "cafe"),
    ],
)
def test_disguises_fall(written: str, plain: str):
    assert normalise(written).text == plain


@pytest.mark.parametrize("text", ["红色-蓝色 - 绿色", "10000 www.shop.com", "you are v good", "svx 2 vxa", "s m l xl"])
def test_plain_words_stay(text: str):
    assert normalise(text).text == text


@settings(max_examples=400)
@given(texts)
def test_idempotent(text: str):
    once = normalise(text).text
    assert normalise(once).text == once


@settings(max_examples=300)
@given(texts, st.data())
def test_spans_point_into_the_original(text: str, data: st.DataObject):
    plain = normalise(text)
    assert len(plain.starts) == len(plain.ends) == len(plain.text)
    assert list(plain.starts) == sorted(plain.starts)
    if plain.text:
        start = data.draw(st.integers(0, len(plain.text) - 1))
        end = data.draw(st.integers(start + 1, len(plain.text)))
        first, last = plain.span(start, end)
        assert 0 <= first < last <= len(text)


def test_span_covers_the_disguise():
    text = "hello 薇❤️ 123"
    plain = normalise(text)
    at = plain.text.index("微信")
    first, last = plain.span(at, at + 2)
    assert text[first:last] == "薇❤"


def test_folding_any_character_is_final():
    for code in range(0, 0x30000, 7):
        char = chr(code)
        assert "".join(map(fold, fold(char))) == fold(char), unicodedata.name(char, hex(code))


def test_what_the_quick_ways_rest_on():
    assert all(fold(char) == char.lower() for char in map(chr, range(32, 127)))
    white = [char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace()]
    assert [char for char in white if char.isprintable()] == [" "]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("加 v❤信 x", "加 微信 x"),
        ("加薇 加威a 加徽:", "加微信 加微信a 加微信:"),
        ("vx wx avx svxx", "微信 微信 avx svxx"),
        ("a\u3000 b\t\n c", "a b\nc"),
        ("加w e c h a t", "加wechat"),
        ("红，色，蓝，绿 红色-蓝色", "红色蓝绿红色-蓝色"),
        ("fr33 m*ney a--b", "free money a--b"),
        ("soooo freeee !!!! 1111", "soo free !! 1111"),
    ],
)
def test_every_step_is_reached(written: str, plain: str):
    assert normalise(written).text == plain
