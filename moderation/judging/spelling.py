"""Disguised English words restored: leet ("fr33"), split ("mo.ney"), masked ("sh*t"), stretched ("freeee").

A piece is restored only to a word of the lexicon (wordlists/lexicon.txt), so that model numbers and names stay.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

LEXICON_FILE = Path(__file__).parent.parent / "wordlists" / "lexicon.txt"
LONGEST = 24
"""Letters of the longest piece that is looked at."""
LEET = re.compile(
    r"(?<![a-z0-9@$!|+*./])(?=[a-z]*[0-9@$!|+*])"
    rf"[a-z0-9@$][a-z0-9@$!|+*]{{2,{LONGEST}}}[a-z0-9@$](?![a-z0-9@$|+*]|\.[a-z])"
)
"""Parts of a link are left as they are: there a digit for a letter is what gives a false address away."""
SPLIT_WORD = re.compile(
    rf"(?<![a-z0-9])[a-z]{{1,{LONGEST}}}(?:[.\-_*|/~·`,^]{{1,2}}[a-z]{{1,{LONGEST}}}){{1,6}}(?![a-z0-9])"
)
WORD = re.compile("[a-z]{3,}")
RUN = re.compile(r"([a-z])\1{2,}")
FORMS = tuple(str.maketrans("013456789@$!|+", f"o{one}eas{six}tbgas{one}{one}t") for one in "il" for six in "gb")
"""What digits and signs stand for; "1" may be i or l, "6" g or b."""


def read_lexicon() -> frozenset[str]:
    lines = LEXICON_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


LEXICON = read_lexicon()


@lru_cache(maxsize=4096)
def plain_leet(piece: str) -> str:
    """The word that a piece of letters, digits and signs stands for, or the piece itself."""
    letters = sum(map(str.isalpha, piece))
    if not 0 < letters < len(piece):
        return piece
    for form in FORMS:
        for vowel in "aeiou" if "*" in piece else " ":
            word = piece.translate(form).replace("*", vowel)
            if word in LEXICON:
                return word
            if word.endswith("s") and word[:-1] in LEXICON:
                return word
    return piece


@lru_cache(maxsize=4096)
def plain_split(piece: str) -> str:
    """The word that parts with signs between them make, or the piece itself: "e-mail" and "and/or" stay."""
    parts = re.findall("[a-z]+", piece)
    word = "".join(parts)
    if word in LEXICON and not all(part in LEXICON for part in parts if len(part) > 1):
        return word
    return word if word in LEXICON and all(len(part) == 1 for part in parts) else piece


@lru_cache(maxsize=4096)
def plain_stretch(piece: str) -> str:
    """A word without its long runs: one letter or two where that is a word of the lexicon, otherwise two."""
    if piece.startswith("www"):
        return piece
    single, double = RUN.sub(r"\1", piece), RUN.sub(r"\1\1", piece)
    return single if single in LEXICON and double not in LEXICON else double
