"""What the classifier sees of normalised texts, hashed into buckets (feature hashing, Weinberger et al. 2009).

Two views of the same texts. A *bag* for the linear model: character 1-4-grams, words, runs of two and three words, and
runs of Chinese readings, so that a homophone or a word typed in pinyin still looks like what it stands for. And
*tokens* in their order for the network: Latin words with their parts, Chinese characters with the words they begin.
All of it is numpy over many texts at once; a hash per substring comes from prefix sums of a polynomial.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderation.judging.characters import READINGS

BAG_BITS = 19
TOKEN_BITS = 18
GRAMS = (1, 2, 3, 4)
TOKEN_GRAMS = (3, 4, 5)
HAN_WORDS = (2, 3, 4)
LONGEST_WORD = 24
BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 1 << 64)
BLANK, LETTER, DIGIT, SIGN, HAN = range(5)
WORD, PAIR, TRIPLE, TOKEN, HAN_WORD, INNER, PREFIX, SUFFIX = 5, 6, 7, 8, 9, 10, 20, 30
"""Kinds of features, which are part of the hash; character n-grams have their length, parts of words add it."""

Codes = NDArray[np.uint32]
Words = NDArray[np.uint64]
Indices = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bag:
    """The features of several texts: text `rows[i]` holds bucket `buckets[i]` with weight `values[i]`; rows ascend."""

    rows: Indices
    buckets: Indices
    values: Floats


@dataclass(frozen=True, slots=True)
class TokenBag:
    """The tokens of several texts in order: token t belongs to text `texts[t]` and holds
    `buckets[starts[t]:starts[t + 1]]`; a token has at least one bucket."""

    texts: Indices
    starts: Indices
    buckets: Indices


class Pieces(NamedTuple):
    """Substrings [starts, ends) of all texts in one, all of one kind, and what each belongs to."""

    starts: Indices
    ends: Indices
    kind: int
    owners: Indices


@dataclass(frozen=True, slots=True)
class Places:
    """Where features stand: [starts, ends) of text `owners[i]` holds bucket `buckets[i]`."""

    starts: Indices
    ends: Indices
    buckets: Indices
    owners: Indices


def bag(texts: Sequence[str]) -> Bag:
    """Hash texts into 2^BAG_BITS buckets. Every text gets a unit vector; an empty one gets none."""
    codes, text_of = code_points([*texts, *map(spelt, texts)])
    written = sum(map(len, texts)) + 2 * len(texts)
    parts = [*characters(text_of[:written]), *runs(codes, text_of, len(texts))]
    keys = owners_of(parts).astype(np.uint64) << np.uint64(BAG_BITS) | hashes(codes, parts, BAG_BITS)
    short = len(texts) <= 1 << (32 - BAG_BITS)
    unique, counts = np.unique(keys.astype(np.uint32) if short else keys, return_counts=True)
    rows = (unique >> BAG_BITS).astype(np.int64)
    buckets = (unique & ((1 << BAG_BITS) - 1)).astype(np.int64)
    values = 1.0 + np.log(counts)
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(texts)))
    return Bag(rows, buckets, (values / lengths[rows]).astype(np.float32))


def places(texts: Sequence[str]) -> Places:
    """Every feature that stands in a text itself (readings do not), cut to the text."""
    codes, text_of = code_points(texts)
    parts = [*characters(text_of), *runs(codes, text_of, len(texts))]
    owners = owners_of(parts)
    lengths = np.array([len(text) for text in texts])
    first = np.concatenate([[0], np.cumsum(lengths + 2)[:-1]])[owners] + 1
    starts = np.clip(np.concatenate([part.starts for part in parts]) - first, 0, lengths[owners])
    ends = np.clip(np.concatenate([part.ends for part in parts]) - first, 0, lengths[owners])
    inside = np.flatnonzero(ends > starts)
    buckets = hashes(codes, parts, BAG_BITS).astype(np.int64)
    return Places(starts[inside], ends[inside], buckets[inside], owners[inside])


def spelt(text: str) -> str:
    """The readings of a text's Chinese characters as words; "" for a text that has none."""
    return "" if text.isascii() else text.translate(READINGS).replace("  ", " ")


def token_bag(texts: Sequence[str]) -> TokenBag:
    """Tokens and their buckets, 2^TOKEN_BITS of them. Digits count as one, so that a number shows its length alone."""
    codes, text_of = code_points(texts)
    kinds = KINDS[codes]
    first = kinds != BLANK
    last = first.copy()
    apart = (kinds[1:] != kinds[:-1]) | ~RUNNING[kinds[1:]]
    first[1:] &= apart
    last[:-1] &= apart
    starts, ends = np.flatnonzero(first), np.flatnonzero(last) + 1
    parts = [*token_pieces(kinds, np.cumsum(first) - 1, starts, ends)]
    buckets = hashes(np.where(kinds == DIGIT, np.uint32(ord("0")), codes), parts, TOKEN_BITS).astype(np.int64)
    owners = owners_of(parts)
    bounds = np.zeros(len(starts) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners, minlength=len(starts)), out=bounds[1:])
    return TokenBag(text_of[starts], bounds, buckets[np.argsort(owners, kind="stable")])


def token_pieces(kinds: NDArray[np.int8], token_of: Indices, starts: Indices, ends: Indices) -> Iterator[Pieces]:
    """A token itself; of a word its 3-5-grams, beginnings and endings; from a Chinese character on, 2-4 of them."""
    yield Pieces(starts, np.minimum(ends, starts + LONGEST_WORD), TOKEN, np.arange(len(starts)))
    words = np.flatnonzero((kinds[starts] == LETTER) & (ends - starts >= TOKEN_GRAMS[0]))
    letters = np.flatnonzero(kinds == LETTER)
    room = ends[token_of[letters]] - letters
    for length in TOKEN_GRAMS:
        inner = letters[room >= length]
        yield Pieces(inner, inner + length, INNER + length, token_of[inner])
        words = words[ends[words] - starts[words] > length]
        yield Pieces(starts[words], starts[words] + length, PREFIX + length, words)
        yield Pieces(ends[words] - length, ends[words], SUFFIX + length, words)
    whole = han = kinds == HAN
    for length in HAN_WORDS:
        whole = whole[:-1] & han[length - 1 :]
        begun = np.flatnonzero(whole)
        yield Pieces(begun, begun + length, HAN_WORD, token_of[begun])


def characters(text_of: Indices) -> Iterator[Pieces]:
    """Every n-gram of characters that lies within one text."""
    size = len(text_of)
    for length in GRAMS:
        begun = np.flatnonzero(text_of[: max(0, size - length + 1)] == text_of[length - 1 :])
        yield Pieces(begun, begun + length, length, text_of[begun])


def runs(codes: Codes, text_of: Indices, texts: int) -> Iterator[Pieces]:
    """Latin words, and two or three that follow each other within one text. From number `texts` on the texts are
    readings: their pairs and triples belong to the texts that they are the readings of."""
    edges = np.diff((KINDS[codes] == LETTER).view(np.int8))
    starts, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    owners = text_of[starts]
    own = int(np.searchsorted(owners, texts))
    yield Pieces(starts[:own], ends[:own], WORD, owners[:own])
    for length, kind in ((2, PAIR), (3, TRIPLE)):
        count = max(0, len(starts) - length + 1)
        within = np.flatnonzero(owners[:count] == owners[length - 1 :])
        yield Pieces(starts[within], ends[within + length - 1], kind, owners[within] % texts)


def owners_of(parts: Iterable[Pieces]) -> Indices:
    return np.concatenate([part.owners for part in parts])


def code_points(texts: Sequence[str]) -> tuple[Codes, Indices]:
    """All texts as one array of code points, each between two spaces, with the number of the text they belong to."""
    joined = " " + "  ".join(texts) + " " if texts else ""
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return codes, np.repeat(np.arange(len(texts)), [len(text) + 2 for text in texts])


def character_kinds() -> NDArray[np.int8]:
    """BLANK, LETTER (a-z and the apostrophe), DIGIT, HAN or SIGN for every code point there is."""
    kinds = np.full(sys.maxunicode + 1, SIGN, dtype=np.int8)
    kinds[[ord(" "), ord("\n")]] = BLANK
    kinds[ord("a") : ord("z") + 1] = kinds[ord("'")] = LETTER
    kinds[ord("0") : ord("9") + 1] = DIGIT
    kinds[0x3400:0x4DC0] = kinds[0x4E00:0xA000] = kinds[0x20000:] = HAN
    return kinds


def hashes(codes: Codes, parts: Sequence[Pieces], bits: int) -> Words:
    """A bucket per substring: a difference of prefix sums (Karp and Rabin 1987), then mixed; all mod 2^64."""
    size = len(codes)
    sums = np.zeros(size + 1, dtype=np.uint64)
    np.cumsum(mixed(codes.astype(np.uint64)) * powers(BASE, size.bit_length())[1 : size + 1], out=sums[1:])
    shifts = powers(INVERSE, size.bit_length())
    starts, ends = np.concatenate([part.starts for part in parts]), np.concatenate([part.ends for part in parts])
    kinds = np.repeat(np.array([part.kind for part in parts], dtype=np.uint64), [len(part.owners) for part in parts])
    return mixed((sums[ends] - sums[starts]) * shifts[starts] + kinds) >> np.uint64(64 - bits)


@lru_cache(maxsize=64)
def powers(base: int, bits: int) -> Words:
    """The first 2^bits powers, mod 2^64: a few lengths serve all texts."""
    factors = np.full(1 << bits, base, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def mixed(words: Words) -> Words:
    """splitmix64's finaliser (Steele et al. 2014): every input bit reaches every output bit."""
    words = words ^ (words >> np.uint64(30))
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words


KINDS = character_kinds()
RUNNING = np.array([False, True, True, False, False])
"""Of each kind: whether characters of it that touch are one token."""
