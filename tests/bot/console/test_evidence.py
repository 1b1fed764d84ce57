from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.console.evidence import Piece, marked
from moderation.types import Signal


def signal(span: tuple[int, int] | None, clause: str = "scam_fraud") -> Signal:
    return Signal(check="words", clause=clause, score=1, span=span)


@given(
    text=st.text(max_size=60),
    spans=st.lists(st.none() | st.tuples(st.integers(-5, 80), st.integers(-5, 80)), max_size=6),
)
def test_the_pieces_are_the_whole_text(text: str, spans: list[tuple[int, int] | None]) -> None:
    pieces = marked(text, [signal(span) for span in spans])
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)


def test_overlapping_spans_name_every_clause() -> None:
    pieces = marked("send 50 USDT now", [signal((5, 12)), signal((8, 16), "spam_ads")])
    assert pieces == [
        Piece("send "),
        Piece("50 ", ("scam_fraud",)),
        Piece("USDT", ("scam_fraud", "spam_ads")),
        Piece(" now", ("spam_ads",)),
    ]


def test_a_signal_without_a_span_marks_nothing() -> None:
    assert marked("hello", [signal(None)]) == [Piece("hello")]
