"""Makes `meaning.npz`: token frequencies, the mean vectors of each language, and the directions common to all texts.

    python -m bot.knowledge.fitting CACHE_FOLDER DATA_FOLDER meaning.npz

CACHE_FOLDER is where the models are prepared, DATA_FOLDER holds `*/train.jsonl` with the fields context, text or
prompt, and `qa/train.jsonl` with context and question. Only counts and means leave the data, no text. Some minutes.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.knowledge.documents import guess_lang
from bot.knowledge.meaning import Commonness, Encoder, Floats, TokenTable, sif
from bot.lm.cache import prepare
from bot.lm.vectors import TokenVectors
from bot.witness.convert import PLAIN
from bot.witness.encoder import TextEncoder

DIRECTIONS = 8
FIELDS = ("context", "text", "prompt")
SAMPLE = 400
"""Texts of a language whose mean is that of the encoder's vectors: further ones no longer move it."""


class Common(NamedTuple):
    """Of tokens, as in `Constants`."""

    commonness: Commonness
    means: Floats
    directions: Floats


def fit(table: TokenTable, texts: Iterable[str], vocabulary: int) -> Common:
    """The constants from texts of both languages; `vocabulary` is the number of tokens in the table."""
    held = [(guess_lang(text), np.asarray(ids, np.int64)) for text in texts if (ids := table.ids(text))]
    counts = np.bincount(np.concatenate([ids for _, ids in held]), minlength=vocabulary)
    frequency = np.maximum(counts, 0.2) / counts.sum()
    commonness = np.clip(np.round(-32 * np.log10(frequency)), 0, 255).astype(np.uint8)
    weights = sif(commonness)
    zh = np.stack([_mean(table, ids, weights) for lang, ids in held if lang == "zh"])
    en = np.stack([_mean(table, ids, weights) for lang, ids in held if lang == "en"])
    means = np.stack([zh.mean(axis=0), en.mean(axis=0)])
    directions = np.linalg.svd(np.concatenate([zh - means[0], en - means[1]]), full_matrices=False)[2][:DIRECTIONS]
    return Common(commonness, means, directions)


def _mean(table: TokenTable, ids: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats) -> Floats:
    own = weights[ids]
    result: Floats = (own / own.sum()) @ table.rows(ids.tolist())
    return result


def leaning(encoder: Encoder, texts: Sequence[str], *, asked: bool) -> Floats:
    """The mean vectors, [2, width], of a SAMPLE of the zh and of the en texts."""
    rng = random.Random(0)  # noqa: S311 - a reproducible sample, no secret
    means = []
    for lang in ("zh", "en"):
        mine = [text for text in texts if guess_lang(text) == lang]
        means.append(encoder.vectors(rng.sample(mine, min(SAMPLE, len(mine))), asked=asked).mean(axis=0))
    return np.stack(means)


def texts(data: Path, every: int = 3, longest: int = 2000) -> Iterator[str]:
    """Each third distinct text below the folder, cut at `longest` characters."""
    for file in sorted(data.glob("*/train.jsonl")):
        found = _distinct(file, FIELDS)
        yield from (text[:longest] for text in found[::every])


def _distinct(file: Path, fields: Sequence[str]) -> list[str]:
    with file.open(encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines)
        return list(dict.fromkeys(row[field] for row in rows for field in fields if row.get(field)))


def main(cache: str, data: str, out: str) -> None:
    common = fit(TokenVectors(prepare(Path(cache))), texts(Path(data)), vocabulary=262_144)
    encoder, read = TextEncoder.load(PLAIN.prepare(Path(cache))), Path(data) / "qa" / "train.jsonl"
    np.savez_compressed(
        out,
        commonness=common.commonness,
        means=common.means.astype(np.float16),
        directions=common.directions.astype(np.float16),
        questions=leaning(encoder, _distinct(read, ["question"]), asked=True).astype(np.float16),
        passages=leaning(encoder, _distinct(read, ["context"]), asked=False).astype(np.float16),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
