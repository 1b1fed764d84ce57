"""The texts that the classifier learns from and is measured on, with what each of them says about each clause.

A source judged one axis only, so a label tells of some clauses and is silent about the rest: `Row.truth` holds what is
known, and a clause that is not in it is masked in training and in measuring. SOURCES.md, beside the data, tells more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from moderation.errors import XiaoerError
from moderation.policy import CLAUSES

EXAMPLES = Path(__file__).parent / "examples.jsonl"
Split = Literal["train", "dev"]
MERCHANT = (
    "spam_ads",
    "off_platform_contact",
    "scam_fraud",
    "brushing_fake_reviews",
    "counterfeit_illegal",
    "account_trading",
    "prompt_injection",
)
"""Clauses that plain social talk does not touch: rows judged for abuse, hate or sexism count as clear of them."""
LABELS = {
    "abuse": "abuse",
    "hate": "hate",
    "sexual": "sexual",
    "threat": "threat",
    "spam": "spam_ads",
    "scam": "scam_fraud",
    "injection": "prompt_injection",
}
CLEAR = {
    "abuse": ("abuse", "hate", "threat"),
    "hate": ("hate", "threat"),
    "sexism": ("hate", "threat"),
    "spam": MERCHANT,
    "injection": ("prompt_injection",),
}
"""What `ok` on an axis says: these clauses do not hold."""
TEXT_KEYS = {"intent": "text", "sentiment": "text", "faq": "question", "qa": "question"}
"""Areas of harmless talk, and where their text stands."""
MEASURED_ONLY = frozenset({"uci_yelp_en"})
"""Harmless sources with a licence that are kept out of training, so that an English source stays unseen."""
PRIVATE = frozenset(
    {"CREDIT_CARD", "US_SSN", "IBAN_CODE", "US_DRIVER_LICENSE", "IP_ADDRESS", "PHONE_NUMBER", "STREET_ADDRESS"}
)
SOCIAL_WEIGHT = 0.5
OWN_WEIGHT = 5.0


class CorpusError(XiaoerError):
    """Data that cannot be read: where, what and the mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text and its truth: clause to whether it holds; an absent clause is not known. `weight` is for training."""

    text: str
    lang: str
    source: str
    area: str
    licensed: bool
    truth: Mapping[str, bool]
    weight: float = 1.0

    @property
    def harmless(self) -> bool:
        return len(self.truth) == len(CLAUSES) and not any(self.truth.values())


def corpus(data: Path, split: Split) -> Iterator[Row]:
    """All rows of a split: moderation, harmless talk, personal data, own examples. Raises CorpusError."""
    for row in lines(data / "moderation" / f"{split}.jsonl"):
        yield labelled(row)
    for area, key in TEXT_KEYS.items():
        for row in lines(data / area / f"{split}.jsonl"):
            yield make(row, row[key], area, dict.fromkeys(CLAUSES, False))
    for row in lines(data / "pii" / f"{split}.jsonl"):
        holds = any(entity["type"] in PRIVATE for entity in row["entities"])
        yield make(row, row["text"], "pii", {"personal_data": holds, "prompt_injection": False})
    yield from own_examples(split)


def trainable(rows: Iterable[Row]) -> list[Row]:
    """Rows whose licence is stated, without the sources that only measure."""
    return [row for row in rows if row.licensed and row.source not in MEASURED_ONLY]


def own_examples(split: Split) -> Iterator[Row]:
    """This project's own lines; every fifth, by its hash, is for measuring. Their labels tell of every clause."""
    for row in lines(EXAMPLES):
        measured = hashlib.sha256(row["text"].encode()).digest()[0] % 5 == 0
        if measured == (split == "dev"):
            truth = {clause: clause in row["clauses"] for clause in CLAUSES}
            yield Row(row["text"], row["lang"], "own", "own", True, truth, OWN_WEIGHT)


def labelled(row: Mapping[str, Any]) -> Row:
    """A moderation row: what its axis and its label say, and nothing more."""
    axis, label = row["axis"], row["label"]
    social = axis in ("abuse", "hate", "sexism")
    truth = dict.fromkeys(MERCHANT, False) if social else {"prompt_injection": False}
    if label == "ok":
        truth |= dict.fromkeys(CLEAR[axis], False)
    else:
        truth[LABELS[label]] = True
    if label == "hate" and axis == "sexism":
        truth["threat"] = False
    if label == "abuse" and row["id"].startswith("davidson_en"):
        truth["hate"] = False
    return make(row, row["text"], "moderation", truth, SOCIAL_WEIGHT if social else 1.0)


def make(row: Mapping[str, Any], text: str, area: str, truth: Mapping[str, bool], weight: float = 1.0) -> Row:
    licensed = row["licence"] != "none-stated"
    return Row(text, row["lang"], row["id"].partition(":")[0], area, licensed, truth, weight)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                number += 1
                yield json.loads(line)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}); give the folder of the shared data") from error
    except json.JSONDecodeError as error:
        raise CorpusError(f"{path}:{number}: is not JSON ({error.msg}); mend the line") from error
