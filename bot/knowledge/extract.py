"""What the search needs of a document, worked out once: its passages with their words and meaning, and its sketch."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import repeat
from typing import NamedTuple

import numpy as np

from bot.knowledge.documents import Document
from bot.knowledge.meaning import Floats, Meaning, Models, Sense, Tokens, constants
from bot.knowledge.passages import cut
from bot.knowledge.postings import Words
from bot.knowledge.terms import terms
from bot.knowledge.twins import Sketch, sketch

FORMAT = 2
"""Grows whenever an extract of the same document becomes another, or is written otherwise."""
LIBRARIES = ("jieba", "markdown-it-py", "PyStemmer")
"""What cuts a text, beside our own code and the model's tokens: another version may cut otherwise."""

_PROBE = Document(
    id="probe",
    title="Deposit 保证金",
    lang="zh",
    tags=("money",),
    text="# Refunds\nThe **deposit** of ¥1,000 is returned [here](/a).\n\n| 类目 | 佣金 |\n|---|---|\n| 服饰 | 5% |\n\n"
    "1. 关店 30 天后，\n保证金原路退回蓝桥集市的卖家账户。\n2. Withdrawals arrive within two working days.",
)


class Piece(NamedTuple):
    """A passage: its text, its words; with a meaning also its tokens and its vector of length 1."""

    text: str
    words: Words
    tokens: Tokens | None
    vector: Floats | None


class Extract(NamedTuple):
    """A document's passages in their order, at least one, and the sketch by which its twins are found."""

    pieces: tuple[Piece, ...]
    sketch: Sketch


class Extractor:
    """Makes extracts. Safe to use from many threads if the models are."""

    def __init__(self, models: Models | None) -> None:
        """Raises KnowledgeError if the token vectors are another model's than the packaged one's."""
        self.meaning = Meaning(models) if models else None

    def read(self, document: Document) -> Extract:
        """The extract of a document; title, tags and text alone bear on it."""
        return self.read_all([document])[0]

    def read_all(self, documents: Sequence[Document]) -> list[Extract]:
        """The extracts of documents, in order: their passages are read side by side."""
        texts = [cut(one) for one in documents]
        senses = self._senses(
            [f"{one.title}\n{text}" for one, own in zip(documents, texts, strict=True) for text in own]
        )
        return [
            Extract(tuple(map(_piece, _words(one, own), own, senses)), sketch(one.text))
            for one, own in zip(documents, texts, strict=True)
        ]

    def _senses(self, texts: Sequence[str]) -> Iterator[Sense | None]:
        return iter(self.meaning.told(texts)) if self.meaning and texts else repeat(None)

    def fingerprint(self) -> bytes:
        """Differs wherever the same document may give another extract."""
        made = hashlib.blake2b(digest_size=16)
        made.update(f"{FORMAT} {[version(name) for name in LIBRARIES]} {self.meaning is not None}".encode())
        if self.meaning:
            for part in constants():
                made.update(part.tobytes())
        made.update(packed(self.read(_PROBE)))
        return made.digest()


def _piece(words: Words, text: str, sense: Sense | None) -> Piece:
    return Piece(text, words, sense.tokens if sense else None, sense.vector if sense else None)


def _words(document: Document, texts: Sequence[str]) -> Iterator[Words]:
    """Each passage's terms, those of its text counting twice as much as its title's and tags'."""
    title = terms(" ".join((document.title, *document.tags)))
    for text in texts:
        body = terms(text)
        halves = Counter([*title, *body, *body])
        yield Words(tuple(halves), array("I", halves.values()), len(title) + len(body))


def packed(extract: Extract) -> bytes:
    """The extract as bytes: a line of JSON, then the arrays one behind the other. Vectors lose half their bits."""
    pieces = []
    arrays = [extract.sketch.tobytes()]
    for text, words, tokens, vector in extract.pieces:
        piece: dict[str, object] = {"text": text, "terms": " ".join(words.terms), "length": words.length}
        arrays.append(words.halves.tobytes())
        if tokens and vector is not None:
            piece |= {"lang": tokens.lang, "tokens": len(tokens.ids), "width": len(vector)}
            arrays += [tokens.ids.tobytes(), vector.astype(np.float16).tobytes()]
        pieces.append(piece)
    head = json.dumps({"sketch": len(extract.sketch), "pieces": pieces}, ensure_ascii=False)
    return b"".join([head.encode(errors="surrogatepass"), b"\n", *arrays])


def unpacked(value: bytes) -> Extract:
    """The extract that was packed."""
    head, _, rest = value.partition(b"\n")
    told = json.loads(head.decode(errors="surrogatepass"))
    at = 8 * told["sketch"]
    own = np.frombuffer(rest, np.uint64, told["sketch"])
    pieces = []
    for piece in told["pieces"]:
        names = tuple(piece["terms"].split())
        halves = array("I", rest[at : at + 4 * len(names)])
        at += 4 * len(names)
        words = Words(names, halves, piece["length"])
        if "lang" not in piece:
            pieces.append(Piece(piece["text"], words, None, None))
            continue
        ids = np.frombuffer(rest, np.int32, piece["tokens"], at)
        at += ids.nbytes
        vector = np.frombuffer(rest, np.float16, piece["width"], at)
        at += vector.nbytes
        tokens = Tokens(ids.copy(), piece["lang"])  # without the bytes of all the rest
        pieces.append(Piece(piece["text"], words, tokens, vector.astype(np.float32)))
    return Extract(tuple(pieces), own.copy())
