"""Gemma's tokens by the `tokenizers` library alone: written once from the published vocabulary, read at every start.

Control tokens (`<bos>`, `<end_of_turn>`, ...) are in the vocabulary and can be generated, but no text can produce them:
a passage that spells one gets its letters. So the frame of a prompt cannot be forged with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from bot.lm.types import ModelError

BOS = 2
EOS = 1
TURN = 106
NEWLINES = (107, 108, 109, 110)
"""The pieces of one to four line breaks."""
NORMAL, GIVEN = 1, 4
UNKNOWN = "<unk>"


def merges(pieces: list[str], scores: list[float], kinds: list[int]) -> list[tuple[str, str]]:
    """The pairs that byte-pair encoding may join, best first: every split of a normal piece into two normal ones.

    The order is that of SentencePiece: by the score of the joined piece (see transformers' `generate_merges`).
    """
    known = {piece: scores[i] for i, piece in enumerate(pieces) if kinds[i] == NORMAL}
    pairs: list[tuple[str, str]] = []
    for piece in sorted(known, key=lambda piece: -known[piece]):
        halves = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        pairs.extend(pair for pair in halves if pair[0] in known and pair[1] in known)
    return pairs


def write(pieces: list[str], scores: list[float], kinds: list[int], file: Path) -> None:
    """Writes `tokenizer.json` for the published vocabulary."""
    model = models.BPE(
        vocab={piece: i for i, piece in enumerate(pieces)},
        merges=merges(pieces, scores, kinds),
        unk_token=UNKNOWN,
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for i, piece in enumerate(pieces) if kinds[i] == GIVEN])
    tokenizer.save(str(file), pretty=False)


def tokenizer_in(folder: Path, mend: str) -> Tokenizer:
    """The tokenizer of a model folder; raises ModelError with the mend when its file is missing or cut off."""
    file = folder / "tokenizer.json"
    try:
        written = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error}); {mend}") from error
    # The library raises a bare Exception for a file that was cut off, so that is looked for first.
    if not (written.startswith(b"{") and written.rstrip().endswith(b"}")):
        raise ModelError(f"{file} is no whole tokenizer.json; {mend}")
    return Tokenizer.from_buffer(written)


class Tokens:
    """Texts to token ids and back."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    @cache
    def load(cls, folder: Path) -> Tokens:
        """Reads `tokenizer.json` of a model folder, once: it takes 290 MB, and model and search share it.

        Raises ModelError when it is missing or unreadable.
        """
        return cls(tokenizer_in(folder, "put the model's own tokenizer.json there"))

    def ids(self, text: str) -> list[int]:
        """The ids of a text, without `<bos>`."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def text(self, ids: Iterable[int]) -> str:
        return self._tokenizer.decode(list(ids), skip_special_tokens=True)
