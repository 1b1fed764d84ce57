"""One spelling for what people write in many: the text that the checks read, with the way back to the original.

`normalise` folds width, case, accents, look-alike letters and traditional characters, drops what is invisible, joins
characters that were split apart ("加.微.信", "w e c h a t"), shortens long repeats and gives disguised contact words
their plain name ("V信", "薇❤"). It is idempotent and linear in the length of the text. It is for checks, not for eyes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from moderation.judging.characters import FOLDED, HAN
from moderation.judging.spelling import LEET, RUN, SPLIT_WORD, WORD, plain_leet, plain_split, plain_stretch

SIGN = r".·•\-_*|/~+=^#&`'☆★❤\u2190-\u2bff\U0001f300-\U0001faff"
"""What people put between characters to split a word; emoji too."""
HAN_CHARACTER = re.compile(f"[{HAN}]")
LATIN_SPLIT = re.compile(
    r"[.\-_*|/~·`,^0-9@$!+](?:(?<=[a-z][.\-_*|/~·`,^])[.\-_*|/~·`,^]?[a-z]|(?<=[a-z][0-9@$!|+*])|(?<=[0-9@$!|+*])[a-z])"
)
"""Where a disguised English word may be: without one of these there is nothing to respell. It starts with the sign and
looks back for the letter, for signs are rare and letters are not."""
BLANK = re.compile(r"\s{2,}|[^\S \n]")
BETWEEN_HAN = re.compile(rf"[{HAN}]([{SIGN} \n'`,，。、;:!?]{{1,3}})(?=[{HAN}])")
ONLY_SIGNS = re.compile(rf"[{SIGN}]+")
SPACED = re.compile(r"[a-z0-9]([ .\-_*|/~·,+])(?<![a-z0-9]{2}.)[a-z0-9]\1[a-z0-9]")
"""Without one of these there is neither of the next two."""
SPACED_WORD = re.compile(r"(?<![a-z0-9])[a-z]([ .\-_*|/~·,+])[a-z](?:\1[a-z]){1,}(?![a-z0-9])")
SPACED_DIGITS = re.compile(r"(?<![a-z0-9])\d([ .\-_*|/~·,+])\d(?:\1\d){5,}(?![a-z0-9])")
TRIPLE = re.compile(r"([^0-9\s])\1\1")
REPEAT = re.compile(r"([^0-9a-z\s])\1{2,}")
WECHAT = re.compile(
    r"薇❤信|微❤信|v❤信|v信|v❤|v心|薇信|薇心|薇❤|威信|维信|喂心|喂信|徽信|微❤|微心|溦信|嶶信|微亻言"
    r"|微xin|wei ?信|wei ?xin|vxin|vx(?<![a-z0-9]vx)(?![a-z])|wx(?<![a-z0-9]wx)(?![a-z])"
    r"|v(?:(?<=[加+]v)|(?<=加 v))(?![a-z信❤心x])|薇(?<=加薇)(?![信❤心a-z])|溦(?<=加溦)(?![信❤心a-z])"
    r"|威(?<=加威)(?=[a-z0-9:])|徽(?<=加徽)(?=[a-z0-9:])"
)
"""Ways to write WeChat. Each starts with one certain character, and what must stand before is looked at last: so the
search skips to these characters, five times as fast."""
QQ = re.compile(
    r"扣扣|叩叩|蔻蔻|抠抠|秋秋号|q ?q(?<![a-z]qq)(?<![a-z]q q)(?![a-z])|企鹅(?:号|(?<=加企鹅))|扣(?<=加扣)(?!扣)"
)

Edit = tuple[int, int, str]
"""Replace [start, end) of the text by these characters."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` is the plain spelling. Character i of it stems from [starts[i], ends[i]) of `original`."""

    original: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where [start, end) of `text` stands in `original`. The piece must not be empty."""
        return self.starts[start], self.ends[end - 1]

    def edited(self, edits: Iterable[Edit]) -> Normalised:
        """Apply edits that are in order and do not overlap."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, end, word in edits:
            pieces += (self.text[done:start], word)
            starts += self.starts[done:start]
            starts += (self.starts[start],) * len(word)
            ends += self.ends[done:start]
            ends += (self.ends[end - 1],) * len(word)
            done = end
        if not done:
            return self
        starts += self.starts[done:]
        ends += self.ends[done:]
        return Normalised(self.original, "".join(pieces) + self.text[done:], starts, ends)


def normalise(text: str) -> Normalised:
    """The plain spelling of a text, with the way back."""
    plain = folded(text)
    while True:
        joined = repeats(blanks(spaced(split_han(plain))))
        ended = contact_words(respelt(joined))
        if ended is plain:
            return plain
        plain = ended


def folded(text: str) -> Normalised:
    """Every character in its plain form."""
    quick = text.isascii() and text.isprintable()
    plain = text.lower() if quick else text.translate(FOLDED)
    if quick or FOLDED.uneven.isdisjoint(text):
        return Normalised(text, plain, range(len(text)), range(1, len(text) + 1))
    origin = [index for index, char in enumerate(text) for _ in FOLDED[ord(char)]]
    return Normalised(text, plain, origin, [index + 1 for index in origin])


def blanks(plain: Normalised) -> Normalised:
    """Any run of white space as one space, or one line break where it holds one."""
    if plain.text.isprintable() and "  " not in plain.text:  # of all white space, only a space is printable
        return plain
    found = ((match, "\n" if "\n" in match[0] else " ") for match in BLANK.finditer(plain.text))
    return plain.edited([(match.start(), match.end(), blank) for match, blank in found if match[0] != blank])


def split_han(plain: Normalised) -> Normalised:
    """Drop separators around a Chinese character that stands alone: "加.微.信" is "加微信", "红色-蓝色" stays."""
    found = [match.span(1) for match in BETWEEN_HAN.finditer(plain.text)]
    if not found:
        return plain
    alone = {gap for left, right in pairwise(found) if left[1] + 1 == right[0] for gap in (left, right)}
    alone |= {gap for gap in found if ONLY_SIGNS.fullmatch(plain.text, *gap) and lonely(plain.text, *gap)}
    return plain.edited([(*gap, "") for gap in found if gap in alone])


def lonely(text: str, start: int, end: int) -> bool:
    """Whether the Chinese character before or the one after [start, end) has no other at its side."""
    return not (HAN_CHARACTER.match(text, max(0, start - 2)) and start > 1 and HAN_CHARACTER.match(text, end + 1))


def spaced(plain: Normalised) -> Normalised:
    """Letters or digits parted by one and the same sign are one word: "w e c h a t", "1.3.8.0.0.0.0"."""
    if not SPACED.search(plain.text):
        return plain
    return plain.edited(sorted([*gaps(SPACED_WORD, plain.text, 4), *gaps(SPACED_DIGITS, plain.text, 7)]))


def gaps(pattern: re.Pattern[str], text: str, least: int) -> Iterator[Edit]:
    """The separators of what the pattern finds, to be dropped. Spaces part words too: three letters are no word."""
    for match in pattern.finditer(text):
        if len(match[0]) >= 2 * least - 1 or match[1] != " ":
            yield from ((at, at + 1, "") for at in range(match.start() + 1, match.end(), 2))


def repeats(plain: Normalised) -> Normalised:
    """Runs of one character as two ("哈哈哈哈", "!!!!"); digits stay, and so does "www"."""
    if not TRIPLE.search(plain.text):
        return plain
    found = [(match.start() + 2, match.end(), "") for match in REPEAT.finditer(plain.text)]
    if RUN.search(plain.text):
        words = ((match, plain_stretch(match[0])) for match in WORD.finditer(plain.text))
        found += [(*match.span(), word) for match, word in words if word != match[0]]
    return plain.edited(sorted(found))


def respelt(plain: Normalised) -> Normalised:
    """Disguised English words as the lexicon has them: "fr33", "mo.ney", "sh*t"."""
    if not LATIN_SPLIT.search(plain.text):
        return plain
    for pattern, restored in ((SPLIT_WORD, plain_split), (LEET, plain_leet)):
        words = ((match, restored(match[0])) for match in pattern.finditer(plain.text))
        plain = plain.edited([(*match.span(), word) for match, word in words if word != match[0]])
    return plain


def contact_words(plain: Normalised) -> Normalised:
    """Disguised names of WeChat and QQ as "微信" and "qq"."""
    if not (WECHAT.search(plain.text) or QQ.search(plain.text)):
        return plain
    edits = [(match.start(), match.end(), "微信") for match in WECHAT.finditer(plain.text) if match[0] != "微信"]
    edits += [(match.start(), match.end(), "qq") for match in QQ.finditer(plain.text) if match[0] != "qq"]
    return plain.edited(sorted(edits))
