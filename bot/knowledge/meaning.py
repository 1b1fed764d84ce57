"""What a text means, by two measures, both the same for Chinese and English, and across the two:

- `Sense.vector`, one per text: the encoder's (`bot.witness.encoder`), less the mean of such texts in its language. Fast
  over all passages.
- `likeness`: for each token of the question its best match among the passage's tokens (late interaction, Khattab and
  Zaharia 2020), on the local model's token embeddings, without running it; the language's mean and eight common
  directions removed, common tokens counting less (SIF, Arora et al. 2017, a = 2e-4). For a few candidates.

Without the removal of the language's mean, the first thing that two vectors tell is whether the languages agree: of 30
questions over documents of the other language, the right one is among the five nearest of both languages 0.87 times
with it and 0.03 times without. `meaning.npz` holds the constants; `bot.knowledge.fitting` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from bot.knowledge.documents import KnowledgeError, guess_lang
from moderation.types import Lang

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]
Commonness = npt.NDArray[np.uint8]
RARE = 2e-4
"""SIF's `a`: a token of this frequency counts half."""


class TokenTable(Protocol):
    """Token ids of a text and the tokens' embeddings `[n, width]`; `bot.lm.vectors.TokenVectors` is one."""

    def ids(self, text: str) -> list[int]: ...

    def rows(self, ids: Sequence[int]) -> Floats: ...


class Encoder(Protocol):
    """Vectors of length 1 of texts, [texts, width]; `bot.witness.encoder.TextEncoder` is one."""

    def vectors(self, texts: Sequence[str], *, asked: bool = False) -> Floats: ...


class Models(NamedTuple):
    """What texts are read with."""

    table: TokenTable
    encoder: Encoder


class Constants(NamedTuple):
    """Of tokens: `commonness` is the log10 of each one's frequency in steps of -1/32, `means` [2, width] that of zh and
    of en texts, `directions` [8, width] orthonormal rows. Of the encoder: `questions` and `passages` are the mean
    vectors, [2, width], of zh and of en ones."""

    commonness: Commonness
    means: Floats
    directions: Floats
    questions: Floats
    passages: Floats


def sif(commonness: Commonness) -> Floats:
    """SIF weights a / (a + p), one per token."""
    frequency = 10.0 ** (commonness / -32.0)
    return (RARE / (RARE + frequency)).astype(np.float32)


@cache
def constants() -> Constants:
    """The shipped constants, for the published Gemma 3 vocabulary and multilingual E5 small."""
    with files("bot.knowledge").joinpath("meaning.npz").open("rb") as file, np.load(file) as held:
        commonness, *others = (held[name] for name in Constants._fields)
        return Constants(commonness, *(one.astype(np.float32) for one in others))


class Tokens(NamedTuple):
    """The distinct tokens of a text, ascending, and its language."""

    ids: Ids
    lang: Lang


class Sense(NamedTuple):
    """A text read: its tokens, their weights in it (summing to 1), its vector of length 1."""

    tokens: Tokens
    weights: Floats
    vector: Floats


class Meaning:
    """Reads texts into senses and compares them. Safe to use from many threads if the models are."""

    def __init__(self, models: Models) -> None:
        """Raises KnowledgeError if the token table is another model's than the constants'."""
        self._table, self._encoder = table, _ = models
        self._fitted = constants()
        self._weights = sif(self._fitted.commonness)
        tokens = len(self._weights)
        self._known_lengths = {"zh": np.zeros(tokens, np.float32), "en": np.zeros(tokens, np.float32)}
        width, wanted = table.rows([0]).shape[1], self._fitted.means.shape[1]
        if width != wanted:
            mend = "use the vectors of the packaged model"
            raise KnowledgeError(f"token vectors: {width} numbers wide where {wanted} are known; {mend}")

    @property
    def width(self) -> int:
        """Numbers in a sense's vector."""
        return int(self._fitted.passages.shape[1])

    def asked(self, question: str) -> Sense:
        """The sense of a question."""
        return self._senses([question], asked=True)[0]

    def told(self, passages: Sequence[str]) -> list[Sense]:
        """The senses of passages, in order."""
        return self._senses(passages, asked=False)

    def _senses(self, texts: Sequence[str], *, asked: bool) -> list[Sense]:
        tokens = [self._weighed(text) for text in texts]
        means = self._fitted.questions if asked else self._fitted.passages
        away = np.stack([means[_row(own.lang)] for own, _ in tokens])
        vectors = _unit(self._encoder.vectors(texts, asked=asked) - away)
        return [Sense(*own, vector) for own, vector in zip(tokens, vectors, strict=True)]

    def _weighed(self, text: str) -> tuple[Tokens, Floats]:
        """A text's tokens, and their weights in it."""
        ids, counts = np.unique(np.asarray(self._table.ids(text), dtype=np.int32), return_counts=True)
        weights = (self._weights[ids] * counts).astype(np.float32)
        return Tokens(ids, guess_lang(text)), weights / (weights.sum() or 1.0)

    def _centred(self, rows: Floats, lang: Lang) -> Floats:
        away = rows - self._fitted.means[_row(lang)]
        shared = self._fitted.directions
        result: Floats = away - (away @ shared.T) @ shared
        return result

    def _lengths(self, ids: npt.NDArray[np.int64], rows: Floats, lang: Lang) -> Floats:
        """The lengths of the tokens' centred vectors; worked out once for a token and language."""
        held = self._known_lengths[lang]
        new = held[ids] == 0
        if new.any():
            held[ids[new]] = np.maximum(np.linalg.norm(self._centred(rows[new], lang), axis=1), 1e-9)
        result: Floats = held[ids]
        return result

    def likeness(self, query: Sense, passages: Sequence[Tokens]) -> Floats:
        """How well each passage holds the query's tokens, about 0.1 (nothing alike) to 1 (all of them)."""
        found = np.zeros(len(passages), np.float32)
        ids, lang_asked = query.tokens
        if not len(ids):
            return found
        wanted = _unit(self._centred(self._table.rows(ids.tolist()), lang_asked))
        for lang in ("zh", "en"):
            own = [at for at, passage in enumerate(passages) if passage.lang == lang and len(passage.ids)]
            if own:
                found[own] = self._matches(wanted, query.weights, [passages[at].ids for at in own], lang)
        return found

    def _matches(self, wanted: Floats, weights: Floats, texts: list[Ids], lang: Lang) -> Floats:
        distinct, places = np.unique(np.concatenate(texts).astype(np.int64), return_inverse=True)
        rows = self._table.rows(distinct.tolist())
        # `wanted` has no share in the common directions, so only the language's mean is to be taken off here
        apart = wanted @ rows.T - (wanted @ self._fitted.means[_row(lang)])[:, None]
        alike = apart / self._lengths(distinct, rows, lang)
        starts = np.cumsum([0, *(len(ids) for ids in texts[:-1])])
        best: Floats = np.maximum.reduceat(alike[:, places], starts, axis=1)
        result: Floats = weights @ best
        return result


def _row(lang: Lang) -> int:
    """Where a language's mean stands."""
    return 0 if lang == "zh" else 1


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: Floats = rows / np.maximum(lengths, 1e-9)
    return result
