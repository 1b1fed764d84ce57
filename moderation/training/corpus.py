"""The texts that the classifier learns from and is measured on, with what each of them says about each clause.

A source judged one axis only, so a label tells of some clauses and is silent about the rest: `Row.truth` holds what is
known, and a clause that is not in it is masked in training and in measuring. SOURCES.md, beside the data, tells more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from moderation.errors import XiaoerError
from moderation.policy import CLAUSES
from moderation.training.examples import OFFER, read_examples

HEADS = (*CLAUSES, OFFER)
"""What the classifier tells: of each clause its score, and how much a text is an honest offer."""
SHUFFLED = "smishing_en:"
"""A set whose labels say nothing: a row is harmless unless the corrections say otherwise."""
CORRECTIONS = Path(__file__).parent.parent / "judging" / "corrections.tsv"
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
OWN_WEIGHT = 3.0
TALK_WEIGHT = 6.0
"""Of honest talk: a flag on it costs most."""
TALK = frozenset({"talk", "talk2", "daily", "review"})
"""Topics of the own examples that are honest talk and nothing else."""


RARE_SHARE = 0.02
"""What the positives of a rare clause weigh together, at least, as a part of all rows that know the clause."""
COMMON = frozenset({"spam_ads", "abuse", "hate"})
COMMON_SHARE, SELDOM_SHARE, OFFER_SHARE = 0.05, 0.01, 0.002


class CorpusError(XiaoerError):
    """Data that cannot be read: where, what and the mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text and its truth: clause to whether it holds; an absent clause is not known. `weight` is for training.

    An `offer` is honest and breaks `spam_ads` only where offers are not welcome.
    """

    text: str
    lang: str
    source: str
    area: str
    licensed: bool
    truth: Mapping[str, bool]
    weight: float = 1.0
    offer: bool = False

    @property
    def harmless(self) -> bool:
        return len(self.truth) == len(CLAUSES) and not any(self.truth.values())

    @property
    def lesson(self) -> Mapping[str, bool]:
        """What each of the HEADS learns from the text: an offer's words are clear of `spam_ads`, whatever else is clear
        of that is no offer, and of other advertisements nobody knows whether they are honest."""
        if self.offer:
            return {**self.truth, "spam_ads": False, OFFER: True}
        return self.truth if self.truth.get("spam_ads", True) else {**self.truth, OFFER: False}


def assumed_share(clause: str) -> float:
    """The share of messages breaking the clause that its scores are calibrated for.

    A calm group has fewer; thresholds are set by what they flag there. Offers count as very rare because prices and
    figures told in passing look like them, and an offer in the wrong channel does the least harm.
    """
    if clause == OFFER:
        return OFFER_SHARE
    return COMMON_SHARE if clause in COMMON else SELDOM_SHARE


def lift(positive: float, whole: float) -> float:
    """What the weights of a clause's positive rows are multiplied with, so that together they reach RARE_SHARE."""
    return max(1.0, RARE_SHARE * whole / max(positive, 1e-9))


def corpus(data: Path, split: Split) -> Iterator[Row]:
    """All rows of a split: moderation, harmless talk, personal data, own examples. Raises CorpusError."""
    mended = corrections()
    for row in lines(data / "moderation" / f"{split}.jsonl"):
        label = mended.get(row["id"], "ok") if row["id"].startswith(SHUFFLED) else row["label"]
        if label != "unsure":
            yield labelled(row | {"label": label})
    for area, key in TEXT_KEYS.items():
        for row in lines(data / area / f"{split}.jsonl"):
            yield make(row, row[key], area, dict.fromkeys(CLAUSES, False))
    for row in lines(data / "pii" / f"{split}.jsonl"):
        holds = any(entity["type"] in PRIVATE for entity in row["entities"])
        yield make(row, row["text"], "pii", {"personal_data": holds, "prompt_injection": False})
    yield from own_examples(split)


def corrections() -> dict[str, str]:
    """Labels read anew, by the id of the row: the file tells why."""
    table = (line.split("\t") for line in CORRECTIONS.read_text(encoding="ascii").splitlines() if line[0] != "#")
    return {line[0]: line[1] for line in table}


def trainable(rows: Iterable[Row]) -> list[Row]:
    """Rows whose licence is stated, without the sources that only measure."""
    return [row for row in rows if row.licensed and row.source not in MEASURED_ONLY]


def own_examples(split: Split) -> Iterator[Row]:
    """This project's own lines. Their labels tell of every clause; the messages of one line share its weight."""
    for example in read_examples():
        if example.measured == (split == "dev"):
            offer = OFFER in example.clauses
            truth = {clause: clause in example.clauses for clause in CLAUSES} | ({"spam_ads": True} if offer else {})
            weight = (TALK_WEIGHT if example.topic in TALK else OWN_WEIGHT) * example.share**0.5
            yield Row(example.text, example.lang, f"own:{example.topic}", "own", True, truth, weight, offer)


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
