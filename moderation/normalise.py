"""One spelling for what people write in many: the text that the checks read, with the way back to the original.

`normalise` folds width, case, accents, look-alike letters and traditional characters, drops what is invisible, joins
characters that were split apart ("加.微.信", "w e c h a t"), shortens long repeats and gives disguised contact words
their plain name ("V信", "薇❤"). It is idempotent and linear in the length of the text. It is for checks, not for eyes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from opencc import OpenCC

SIMPLIFY = OpenCC("t2s")
"""Traditional to simplified, character by character, by OpenCC's own table."""

LOOKALIKES = {
    **dict(zip("аеорсхуіѕјԁһкмтвнгԝѵӏ", "aeopcxyisjdhkmtbhrwvl", strict=True)),  # Cyrillic
    **dict(zip("αορντικυεχβηγ", "aopvtikuexbny", strict=True)),  # Greek
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),  # small capitals
    **dict(zip("ıłøđħŧɑɡ₳฿₵₮", "ilodhtagabct", strict=True)),  # other letters and currency signs used as letters
    **{chr(0x1F150 + index): chr(ord("a") + index) for index in range(26)},  # negative circled letters
    **{chr(0x1F170 + index): chr(ord("a") + index) for index in range(26)},  # negative squared letters
    "➕": "+", "✚": "+", "💗": "❤", "💖": "❤", "💓": "❤", "💕": "❤", "♥": "❤", "💚": "❤", "💙": "❤",
}  # fmt: skip
INVISIBLE = {"Mn", "Me", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories without a shape of their own: accents, zero-width and direction marks, surrogates, unassigned."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
EXPANSION = 4
"""Characters that one folds to at most: some ligatures are whole sentences, and would make a text 18 times as long."""
SPLIT = r"[ \n.·•\-_*|/~+=^#&`']{1,3}"
BLANK = re.compile(r"\s+")
BETWEEN_HAN = re.compile(rf"(?<=[{HAN}]){SPLIT}(?=[{HAN}])")
SPACED_WORD = re.compile(r"(?<![a-z0-9])[a-z](?:[ .\-_*|]{1,2}[a-z]){3,}(?![a-z0-9])")
REPEAT = re.compile(r"([^0-9])\1{3,}")
WECHAT = re.compile(
    r"[薇微v]❤信|v信|v❤|v心|薇信|薇心|薇❤|威信|维信|喂心|喂信|徽信|微❤|微心|微亻言|微xin|wei信|weixin|vxin"
    r"|(?<![a-z0-9])[vw]x(?![a-z])|(?<=加)v(?![a-z信❤心x])|(?<=加 )v(?![a-z信❤心x])"
)
QQ = re.compile(r"扣扣|叩叩|蔻蔻|(?<![a-z])q q(?![a-z])")

Edit = tuple[int, int, str]
"""Replace [start, end) of the text by these characters."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` is the plain spelling. Character i of it stems from [starts[i], ends[i]) of `original`."""

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

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
            starts += self.starts[done:start] + (self.starts[start],) * len(word)
            ends += self.ends[done:start] + (self.ends[end - 1],) * len(word)
            done = end
        if not done:
            return self
        text = "".join(pieces) + self.text[done:]
        return Normalised(self.original, text, (*starts, *self.starts[done:]), (*ends, *self.ends[done:]))


class FoldTable(dict[str, str]):
    """What each character folds to, worked out once per character."""

    def __missing__(self, char: str) -> str:
        self[char] = folded = fold(char)
        return folded


def fold(char: str) -> str:
    """The plain form of one character: nothing, one character, or a few (ligatures). Folding again changes nothing."""
    before, now = "", char
    while now != before:
        before = now
        decomposed = unicodedata.normalize("NFKD", now.casefold())
        visible = "".join(part for part in decomposed if not invisible(part))
        now = SIMPLIFY.convert("".join(LOOKALIKES.get(part, part) for part in visible)) if visible else ""
    return now[:EXPANSION]


def invisible(char: str) -> bool:
    return unicodedata.category(char) in INVISIBLE or (unicodedata.category(char) == "Cc" and not char.isspace())


FOLDED = FoldTable()


def normalise(text: str) -> Normalised:
    """The plain spelling of a text, with the way back."""
    plain = folded(text)
    while True:
        joined = repeats(spaced_words(split_han(blanks(plain))))
        plain = contact_words(joined)
        if plain is joined:
            return plain


def folded(text: str) -> Normalised:
    chars: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        plain = FOLDED[char]
        chars.append(plain)
        origin += [index] * len(plain)
    return Normalised(text, "".join(chars), tuple(origin), tuple(index + 1 for index in origin))


def blanks(plain: Normalised) -> Normalised:
    """Any run of white space as one space, or one line break where it holds one."""
    found = ((match, "\n" if "\n" in match[0] else " ") for match in BLANK.finditer(plain.text))
    return plain.edited([(match.start(), match.end(), blank) for match, blank in found if match[0] != blank])


def split_han(plain: Normalised) -> Normalised:
    """Drop separators around a Chinese character that stands alone: "加.微.信" is "加微信", "红色-蓝色" stays."""
    gaps = [match.span() for match in BETWEEN_HAN.finditer(plain.text)]
    alone = {gap for left, right in pairwise(gaps) if left[1] + 1 == right[0] for gap in (left, right)}
    return plain.edited([(start, end, "") for start, end in gaps if (start, end) in alone])


def spaced_words(plain: Normalised) -> Normalised:
    """Four or more single letters in a row are one word: "w e c h a t"."""
    return plain.edited(
        [
            (match.start() + gap.start(), match.start() + gap.end(), "")
            for match in SPACED_WORD.finditer(plain.text)
            for gap in re.finditer(r"[^a-z]+", match[0])
        ]
    )


def repeats(plain: Normalised) -> Normalised:
    """No character but a digit stands more than three times in a row ("www" and "10000" stay as they are)."""
    return plain.edited([(match.start() + 3, match.end(), "") for match in REPEAT.finditer(plain.text)])


def contact_words(plain: Normalised) -> Normalised:
    """Disguised names of WeChat and QQ as "微信" and "qq"."""
    edits = [(match.start(), match.end(), "微信") for match in WECHAT.finditer(plain.text)]
    edits += [(match.start(), match.end(), "qq") for match in QQ.finditer(plain.text)]
    return plain.edited(sorted(edits))
