"""Texts to tokens and back to their places: nothing of the passage is lost, and nothing but the passage is marked."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.lm.types import ModelError
from bot.witness.convert import vocabulary
from bot.witness.packed_file import PackedFile
from bot.witness.pieces import BEGIN, END, LIMIT, QUESTION, UNKNOWN, Pieces, kept
from tests.bot.witness.tiny import FOREIGN, PIECES, pieces_of

SIGNS = "The fee 5% paid, on.Monday 佣金是每周一结算。，《》魑 \n\t\u3000ＡＢ５％ｆｅ（）①½ﬁ㈱…™éü"
TEXTS = st.one_of(st.text(SIGNS, max_size=60), st.lists(st.sampled_from(["e\u0301", "u\u0308", *SIGNS])).map("".join))


@pytest.fixture(scope="session")
def pieces(source: PackedFile) -> Pieces:
    return pieces_of(source)


@pytest.fixture(scope="module")
def known(real: PackedFile) -> Pieces:
    return pieces_of(real)


@settings(deadline=None)
@given(TEXTS, TEXTS)
@example("cafe\u0301", "")
@example("费用５％ ＡＢＣ\u3000。", "标题")
@example("  fee\n", "T ")
def test_the_places_rise_within_the_passage_and_cover_all_of_it(pieces: Pieces, passage: str, title: str) -> None:
    places = pieces.frame("?", passage, title).places
    assert all(0 <= start < stop <= len(passage) for start, stop in places)
    for near in (0, 1):
        assert [place[near] for place in places] == sorted(place[near] for place in places)
    covered = {at for place in places for at in range(*place)}
    assert [sign for at, sign in enumerate(passage) if at not in covered and not sign.isspace()] == []


@settings(deadline=None)
@given(TEXTS, TEXTS)
@example("佣金", "佣金")
def test_a_title_is_read_but_can_never_be_marked(pieces: Pieces, passage: str, title: str) -> None:
    alone, titled = pieces.frame("fee?", passage), pieces.frame("fee?", passage, title)
    blank = pieces.frame(" ", "").ids[1]
    markable = [framed.ids[framed.first : framed.first + len(framed.places)] for framed in (alone, titled)]
    bare, under_title = (ids[1:] if ids[:1] == [blank] else ids for ids in markable)
    assert under_title == bare
    assert [framed.ids[framed.first + len(framed.places) :] for framed in (alone, titled)] == [[END], [END]]
    if title.strip():
        assert len(titled.ids) > len(alone.ids)


@settings(deadline=None)
@given(TEXTS.filter(str.strip), TEXTS, st.data())
def test_the_tokens_of_a_stretch_are_the_fewest_that_hold_it(
    pieces: Pieces, passage: str, title: str, drawn: st.DataObject
) -> None:
    seen = [at for at, sign in enumerate(passage) if not sign.isspace()]
    start, stop = sorted((drawn.draw(st.sampled_from(seen)), drawn.draw(st.sampled_from(seen))))
    framed = pieces.frame("?", passage, title)
    span = framed.tokens(start, stop + 1)
    assert span
    first, last = span[0] - framed.first, span[1] - framed.first
    places = framed.places
    assert places[first][0] <= start < places[first][1]
    assert places[last][0] <= stop < places[last][1]
    assert all(end <= start for _, end in places[:first])
    assert all(begin > stop for begin, _ in places[last + 1 :])


def test_a_word_is_found_in_its_own_tokens(source: PackedFile, pieces: Pieces) -> None:
    passage = "佣金是 ５％，fee on Ｍｏｎｄａｙ"
    framed = pieces.frame("fee?", passage, "运费")
    _, kept_pieces, _ = vocabulary(source)
    for word, spelt in (("佣金", ["佣金"]), ("５％", ["▁5%"]), ("Ｍｏｎｄａｙ", ["▁Monday"]), ("是", ["是"])):
        span = framed.tokens(passage.index(word), passage.index(word) + len(word))
        assert span
        assert [kept_pieces[id_] for id_ in framed.ids[span[0] : span[1] + 1]] == spelt


def test_a_long_passage_is_cut_and_a_long_question_keeps_its_end(pieces: Pieces) -> None:
    passage = "佣金 " * 300 + "Monday"
    framed = pieces.frame("是" * 200 + "谁", passage)
    assert len(framed.ids) == LIMIT
    assert (framed.ids[0], framed.ids[QUESTION + 1], framed.ids[-1]) == (BEGIN, END, END)
    assert framed.ids[QUESTION] == pieces.frame("是谁", "").ids[-3]
    assert framed.first == QUESTION + 2
    assert len(framed.places) == LIMIT - QUESTION - 3
    assert framed.tokens(passage.index("Monday"), len(passage)) is None
    seen = framed.places[-1][1]
    assert framed.tokens(0, seen) == (framed.first, LIMIT - 2)
    assert framed.tokens(0, seen + 2) is None


def test_only_the_pieces_of_both_languages_are_kept_and_the_special_ones_lead() -> None:
    repeated = [*PIECES, "佣金"]
    got = [repeated[id_] for id_ in kept(repeated)]
    assert got == [piece for piece in PIECES if piece not in FOREIGN]
    assert got[:4] == ["<s>", "<pad>", "</s>", "<unk>"]
    with pytest.raises(ModelError, match="special pieces"):
        kept(PIECES[1:])


@pytest.mark.parametrize(
    "text",
    [
        "数码类佣金为３％，服饰类 5%；保证金在关店 90 天后原路退回（不计利息）。",
        "退貨運費由賣家承擔，請於七日內寄回！",
        "Payouts are sent every Monday; orders over £50 don't pay the 2.5% fee (see “Fees”).",
    ],
)
def test_chinese_and_english_are_known_to_the_published_vocabulary(known: Pieces, text: str) -> None:
    framed = known.frame(text, text)
    assert UNKNOWN not in framed.ids
    assert len(framed.places) < len(text)
