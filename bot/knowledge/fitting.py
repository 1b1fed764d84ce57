"""Makes `meaning.npz`: token frequencies, the mean vector of each language, and the directions common to all texts.

    python -m bot.knowledge.fitting MODEL_FOLDER DATA_FOLDER meaning.npz

MODEL_FOLDER is one that `bot.lm` prepared, DATA_FOLDER holds `*/train.jsonl` with the fields context, text or prompt.
Only counts and means leave the data, no text. About a minute.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bot.knowledge.documents import guess_lang
from bot.knowledge.meaning import Constants, Floats, TokenTable
from bot.lm.vectors import TokenVectors

DIRECTIONS = 8
FIELDS = ("context", "text", "prompt")


def fit(table: TokenTable, texts: Iterable[str], vocabulary: int) -> Constants:
    """The constants from texts of both languages; `vocabulary` is the number of tokens in the table."""
    held = [(guess_lang(text), np.asarray(ids, np.int64)) for text in texts if (ids := table.ids(text))]
    counts = np.bincount(np.concatenate([ids for _, ids in held]), minlength=vocabulary)
    frequency = np.maximum(counts, 0.2) / counts.sum()
    commonness = np.clip(np.round(-32 * np.log10(frequency)), 0, 255).astype(np.uint8)
    empty = np.zeros((0, 0), np.float32)
    weights = Constants(commonness, empty, empty).weights()
    zh = np.stack([_mean(table, ids, weights) for lang, ids in held if lang == "zh"])
    en = np.stack([_mean(table, ids, weights) for lang, ids in held if lang == "en"])
    means = np.stack([zh.mean(axis=0), en.mean(axis=0)])
    directions = np.linalg.svd(np.concatenate([zh - means[0], en - means[1]]), full_matrices=False)[2][:DIRECTIONS]
    return Constants(commonness, means, directions)


def _mean(table: TokenTable, ids: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats) -> Floats:
    own = weights[ids]
    result: Floats = (own / own.sum()) @ table.rows(ids.tolist())
    return result


def texts(data: Path, every: int = 3, longest: int = 2000) -> Iterator[str]:
    """Each third distinct text below the folder, cut at `longest` characters."""
    for file in sorted(data.glob("*/train.jsonl")):
        with file.open(encoding="utf-8") as lines:
            rows = (json.loads(line) for line in lines)
            found = dict.fromkeys(row[field] for row in rows for field in FIELDS if row.get(field))
        yield from (text[:longest] for text in list(found)[::every])


def main(model: str, data: str, out: str) -> None:
    found = fit(TokenVectors(Path(model)), texts(Path(data)), vocabulary=262_144)
    np.savez_compressed(
        out,
        commonness=found.commonness,
        means=found.means.astype(np.float16),
        directions=found.directions.astype(np.float16),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
