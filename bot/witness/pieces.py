"""The encoder's tokens by the `tokenizers` library: its published pieces, those of the two languages alone.

Of the 250,002 pieces of XLM-R's vocabulary half hold nothing but Latin letters, Chinese characters, digits and signs. A
text in English or Chinese is cut the same way with the others gone, and the model takes half the memory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from bot.lm.tokens import tokenizer_in
from bot.lm.types import ModelError

BEGIN, PAD, END, UNKNOWN = range(4)
"""The pieces that no text produces."""
LIMIT = 384
"""Tokens of a question with its passage, as in the teaching."""
QUESTION = 96
"""Tokens of a question, the last ones of a longer one."""
_LATIN_END = 0x250
_SCRIPTS = ((0x2000, 0x27BF), (0x3000, 0x303F), (0x3100, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF))
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_MASK = "<mask>"


def _served(piece: str) -> bool:
    codes = [ord(mark) for mark in piece]
    return all(code < _LATIN_END or any(low <= code <= high for low, high in _SCRIPTS) for code in codes)


def kept(pieces: Sequence[str]) -> list[int]:
    """The ids of the pieces that are kept, the special ones first; each spelling once."""
    if tuple(pieces[: len(_SPECIAL)]) != _SPECIAL:
        raise ModelError("the encoder's vocabulary does not begin with its special pieces")
    seen: dict[str, int] = {}
    for id_, piece in enumerate(pieces):
        if id_ <= UNKNOWN or (piece and _served(piece) and piece != _MASK):
            seen.setdefault(piece, id_)
    return list(seen.values())


def tokenizer_of(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """XLM-R's tokenizer over a vocabulary: its normalisation is NFKC with single blanks."""
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def _whole(text: str, stop: int) -> int:
    """The end of the letter that `stop` may cut: an accent that NFKC joins to its letter has no place of its own."""
    while stop < len(text) and unicodedata.combining(text[stop]):
        stop += 1
    return stop


def leaning(question: str, earlier: str) -> str:
    """A question with what was said before in its thread, which may be nothing: how the witness is taught and asked."""
    return f"{earlier} {question}" if earlier else question


class Framed(NamedTuple):
    """A question and its passage as token ids; `first` is where the passage begins, `places` the stretches of the
    passage's text that its tokens stand for, as (start, stop)."""

    ids: list[int]
    first: int
    places: list[tuple[int, int]]

    def tokens(self, start: int, stop: int) -> tuple[int, int] | None:
        """The first and the last id that stand for a stretch of the passage; None when it was cut off."""
        if not self.places or self.places[-1][1] < stop:
            return None
        held = [at for at, (begin, end) in enumerate(self.places) if begin < end and end > start and begin < stop]
        return (self.first + held[0], self.first + held[-1]) if held else None


class Pieces:
    """Texts to token ids."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    @cache
    def load(cls, folder: Path) -> Pieces:
        """Reads `tokenizer.json` of a prepared folder; raises ModelError when it is missing or cut off."""
        return cls(tokenizer_in(folder, f"delete {folder} and run `xiaoer run` again"))

    def alone(self, text: str, limit: int) -> list[int]:
        """`<s> text </s>`, at most `limit` ids: a longer text is cut."""
        return [BEGIN, *self._tokenizer.encode(text).ids[: limit - 2], END]

    def frame(self, question: str, passage: str, title: str = "") -> Framed:
        """`<s> question </s> title passage </s>`, the passage cut where the room ends."""
        head = f"{title}\n" if title else ""
        asked = self._tokenizer.encode(question).ids[-QUESTION:]
        read = self._tokenizer.encode(head + passage)
        room = LIMIT - len(asked) - 3
        ids = [BEGIN, *asked, END, *read.ids[:room], END]
        places = [(start - len(head), stop - len(head)) for start, stop in read.offsets[:room]]
        before = sum(stop <= 0 for _, stop in places)
        seen = [(max(start, 0), _whole(passage, stop)) for start, stop in places[before:]]
        return Framed(ids, len(asked) + 2 + before, seen)
