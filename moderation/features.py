"""What the classifier sees of normalised texts, hashed into buckets (feature hashing, Weinberger et al. 2009).

Two views of the same texts. A *bag* for the linear model: character 1-4-grams, words, runs of two and three words, and
runs of Chinese readings, so that a homophone or a word typed in pinyin still looks like what it stands for. And
*tokens* in their order for the network: Latin words with their parts, Chinese characters with the words they begin.
All of it is numpy over many texts at once; a hash per substring comes from prefix sums of a polynomial.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.characters import READINGS

BAG_BITS = 19
TOKEN_BITS = 18
GRAMS = (1, 2, 3, 4)
TOKEN_GRAMS = (3, 4, 5)
HAN_WORDS = (2, 3, 4)
LONGEST_WORD = 24
BASE = np.uint64(0x9E3779B97F4A7C15)
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
BLANK, LETTER, DIGIT, SIGN, HAN = range(5)
WORD, PAIR, TRIPLE, TOKEN, HAN_WORD, INNER, PREFIX, SUFFIX = 5, 6, 7, 8, 9, 10, 20, 30
"""Kinds of features, which are part of the hash; character n-grams have their length, parts of words add it."""

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


@dataclass(frozen=True, slots=True)
class Pieces:
    """Substrings [starts, ends) of all texts in one, the kind of each and what it belongs to."""

    starts: Indices
    ends: Indices
    kinds: Words
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
    codes, text_of = code_points(texts)
    spoken, spoken_of = code_points([spelt(text) for text in texts])
    chars, words, readings = characters(text_of), runs(codes, text_of, (1, 2, 3)), runs(spoken, spoken_of, (2, 3))
    keys = [
        (part.owners.astype(np.uint64) << np.uint64(BAG_BITS)) | hashes(source, part, BAG_BITS).astype(np.uint64)
        for source, part in ((codes, chars), (codes, words), (spoken, readings))
    ]
    unique, counts = np.unique(np.concatenate(keys), return_counts=True)
    rows = (unique >> np.uint64(BAG_BITS)).astype(np.int64)
    buckets = (unique & np.uint64((1 << BAG_BITS) - 1)).astype(np.int64)
    values = 1.0 + np.log(counts)
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(texts)))
    return Bag(rows, buckets, (values / lengths[rows]).astype(np.float32))


def places(texts: Sequence[str]) -> Places:
    """Every feature that stands in a text itself (readings do not), cut to the text."""
    codes, text_of = code_points(texts)
    parts = joined([characters(text_of), runs(codes, text_of, (1, 2, 3))])
    lengths = np.array([len(text) for text in texts])
    first = np.concatenate([[0], np.cumsum(lengths + 2)[:-1]])
    starts = np.clip(parts.starts - first[parts.owners] - 1, 0, lengths[parts.owners])
    ends = np.clip(parts.ends - first[parts.owners] - 1, 0, lengths[parts.owners])
    inside = np.flatnonzero(ends > starts)
    return Places(starts[inside], ends[inside], hashes(codes, parts, BAG_BITS)[inside], parts.owners[inside])


def spelt(text: str) -> str:
    """The readings of a text's Chinese characters as words; "" for a text that has none."""
    return "" if text.isascii() else text.translate(READINGS).replace("  ", " ")


def token_bag(texts: Sequence[str]) -> TokenBag:
    """Tokens and their buckets, 2^TOKEN_BITS of them. Digits count as one, so that a number shows its length alone."""
    codes, text_of = code_points(texts)
    kinds = character_kinds(codes)
    same = np.zeros(len(codes), dtype=bool)
    same[1:] = (kinds[1:] == kinds[:-1]) & ((kinds[1:] == LETTER) | (kinds[1:] == DIGIT))
    first = (kinds != BLANK) & ~same
    starts = np.flatnonzero(first)
    last = (kinds != BLANK) & ~np.append(same[1:], False)
    ends = np.flatnonzero(last) + 1
    token_of = np.where(kinds == BLANK, -1, np.cumsum(first) - 1)
    parts = joined(token_pieces(kinds, token_of, starts, ends))
    masked = np.where(kinds == DIGIT, np.uint32(ord("0")), codes)
    buckets = hashes(masked, parts, TOKEN_BITS)
    order = np.argsort(parts.owners, kind="stable")
    bounds = np.searchsorted(parts.owners[order], np.arange(len(starts) + 1))
    return TokenBag(text_of[starts], bounds, buckets[order])


def token_pieces(kinds: NDArray[np.int8], token_of: Indices, starts: Indices, ends: Indices) -> Iterable[Pieces]:
    """A token itself; of a word its 3-5-grams, beginnings and endings; from a Chinese character on, 2-4 of them."""
    tokens = np.arange(len(starts))
    yield pieces_of(starts, np.minimum(ends, starts + LONGEST_WORD), TOKEN, tokens)
    long = ends - starts
    for length in TOKEN_GRAMS:
        places = np.arange(max(0, len(kinds) - length + 1))
        inside = places[(kinds[places] == LETTER) & (token_of[places] == token_of[places + length - 1])]
        yield pieces_of(inside, inside + length, INNER + length, token_of[inside])
        longer = tokens[(kinds[starts] == LETTER) & (long > length)]
        yield pieces_of(starts[longer], starts[longer] + length, PREFIX + length, longer)
        yield pieces_of(ends[longer] - length, ends[longer], SUFFIX + length, longer)
    for length in HAN_WORDS:
        places = np.arange(max(0, len(kinds) - length + 1))
        han = np.logical_and.reduce([kinds[places + step] == HAN for step in range(length)])
        yield pieces_of(places[han], places[han] + length, HAN_WORD, token_of[places[han]])


def pieces_of(starts: Indices, ends: Indices, kind: int, owners: Indices) -> Pieces:
    return Pieces(starts, ends, np.full(len(starts), kind, dtype=np.uint64), owners)


def joined(parts: Iterable[Pieces]) -> Pieces:
    found = list(parts)
    return Pieces(
        np.concatenate([part.starts for part in found]),
        np.concatenate([part.ends for part in found]),
        np.concatenate([part.kinds for part in found]),
        np.concatenate([part.owners for part in found]),
    )


def characters(text_of: Indices) -> Pieces:
    """Every n-gram of characters that lies within one text."""
    size = len(text_of)
    places = {n: np.flatnonzero(text_of[: max(0, size - n + 1)] == text_of[n - 1 :]) for n in GRAMS}
    return joined(pieces_of(place, place + n, n, text_of[place]) for n, place in places.items())


def runs(codes: NDArray[np.uint32], text_of: Indices, lengths: Sequence[int]) -> Pieces:
    """Runs of so many Latin words within one text; the kind of a run of one is WORD, of two PAIR, of three TRIPLE."""
    letter = character_kinds(codes) == LETTER
    edges = np.diff(letter.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    owners = text_of[starts]
    parts = []
    for length in lengths:
        count = max(0, len(starts) - length + 1)
        within = np.flatnonzero(owners[:count] == owners[length - 1 :])
        parts.append(pieces_of(starts[within], ends[within + length - 1], WORD + length - 1, owners[within]))
    return joined(parts)


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Indices]:
    """All texts as one array of code points, each between two spaces, with the number of the text they belong to."""
    padded = [f" {text} " for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return codes, np.repeat(np.arange(len(texts)), [len(text) for text in padded])


def character_kinds(codes: NDArray[np.uint32]) -> NDArray[np.int8]:
    """BLANK, LETTER (a-z and the apostrophe), DIGIT, HAN or SIGN of every code point."""
    kinds = np.full(len(codes), SIGN, dtype=np.int8)
    kinds[(codes == ord(" ")) | (codes == ord("\n"))] = BLANK
    kinds[((codes >= ord("a")) & (codes <= ord("z"))) | (codes == ord("'"))] = LETTER
    kinds[(codes >= ord("0")) & (codes <= ord("9"))] = DIGIT
    kinds[((codes >= 0x3400) & (codes <= 0x4DBF)) | ((codes >= 0x4E00) & (codes <= 0x9FFF)) | (codes >= 0x20000)] = HAN
    return kinds


def hashes(codes: NDArray[np.uint32], parts: Pieces, bits: int) -> Indices:
    """A bucket per substring: a difference of prefix sums (Karp and Rabin 1987), then mixed; all mod 2^64."""
    size = len(codes)
    powers = np.cumprod(np.full(size, BASE, dtype=np.uint64))
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mixed(codes.astype(np.uint64)) * powers)])
    shifts = np.cumprod(np.concatenate([np.ones(1, dtype=np.uint64), np.full(size, INVERSE, dtype=np.uint64)]))
    found = mixed((sums[parts.ends] - sums[parts.starts]) * shifts[parts.starts] + parts.kinds)
    return (found >> np.uint64(64 - bits)).astype(np.int64)


def mixed(words: Words) -> Words:
    """splitmix64's finaliser (Steele et al. 2014): every input bit reaches every output bit."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
