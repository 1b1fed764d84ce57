"""The plain form of single characters: width, case, accents, look-alikes, emoji letters, traditional characters.

The tables are others': Unicode's own by `unicodedata`, its list of confusables by `confusable_homoglyphs`, traditional
to simplified by OpenCC, readings by pypinyin. What stands here are the few that they leave out.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from confusable_homoglyphs.confusables import confusables_data
from opencc import OpenCC
from pypinyin.constants import PINYIN_DICT

SIMPLIFY = OpenCC("t2s")
"""Traditional to simplified, character by character, by OpenCC's own table."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
"""Chinese characters, as a range for a regular expression."""
EXPANSION = 4
"""Characters that one folds to at most: some ligatures are whole sentences, and would make a text 18 times as long."""
INVISIBLE = {"Mn", "Me", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories without a shape of their own: accents, zero-width and direction marks, surrogates, unassigned."""


def confusable_letters() -> dict[str, str]:
    """Letters of other scripts that look like one of a-z, by Unicode's list; Chinese characters stay themselves."""
    return {
        char: alike["c"].lower()
        for char, found in confusables_data.items()
        if len(char) == 1 and not char.isascii()
        for alike in found
        if len(alike["c"]) == 1 and alike["c"].isascii() and alike["c"].isalpha()
    }


LOOKALIKES = {
    **confusable_letters(),
    **dict(zip("аеорсхуіѕјԁһкмтвнгԝѵӏбп", "aeopcxyisjdhkmtbhrwvlbn", strict=True)),  # Cyrillic
    **dict(zip("αορντικυεχβηγω", "aopvtikuexbnyw", strict=True)),  # Greek
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),  # small capitals
    **dict(zip("ıłøđħŧɑɡ₳฿₵₮", "ilodhtagabct", strict=True)),  # other letters and currency signs used as letters
    **{chr(0x1F150 + index): chr(ord("a") + index) for index in range(26)},  # negative circled letters
    **{chr(0x1F170 + index): chr(ord("a") + index) for index in range(26)},  # negative squared letters
    **{chr(0x1F1E6 + index): chr(ord("a") + index) for index in range(26)},  # regional indicators
    **{chr(0x2776 + index): str(index + 1) for index in range(9)},  # negative circled digits
    **dict.fromkeys("💗💖💓💕♥💚💙💛💜🧡🖤🤍💟♡", "❤"),
    "➕": "+", "✚": "+", "＋": "+", "🔟": "10",
}  # fmt: skip


def fold(char: str) -> str:
    """The plain form of one character: nothing, one character, or a few (ligatures). Folding again changes nothing."""
    before, now = "", char
    while now != before:
        before = now
        decomposed = unicodedata.normalize("NFKD", now.casefold())
        alike = "".join([LOOKALIKES.get(part, part) for part in decomposed if not invisible(part)])
        now = alike if alike.isascii() else SIMPLIFY.convert(alike)
    return now[:EXPANSION]


def invisible(char: str) -> bool:
    category = unicodedata.category(char)
    return category in INVISIBLE or (category == "Cc" and not char.isspace())


class FoldTable(dict[int, str]):
    """For `str.translate`: what each character folds to, worked out once. `uneven` are those that do not fold to one
    character."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        self[code] = folded = fold(chr(code))
        if len(folded) != 1:
            self.uneven.add(chr(code))
        return folded


class Readings(dict[int, str]):
    """For `str.translate`: a Chinese character as its commonest reading without tone, between spaces."""

    def __missing__(self, code: int) -> str:
        readings = PINYIN_DICT.get(code, "")
        toned = unicodedata.normalize("NFKD", readings.partition(",")[0].replace("ü", "v"))
        letters = toned.encode("ascii", "ignore").decode()
        self[code] = f" {letters} " if letters else chr(code)
        return self[code]


FOLDED = FoldTable()
READINGS = Readings()


@lru_cache(maxsize=1)
def common_by_reading() -> dict[str, str]:
    """Reading to the common characters (GB 2312's first level) that have it."""
    found: dict[str, str] = {}
    for high in range(0xB0, 0xD8):
        for low in range(0xA1, 0xFF):
            char = bytes((high, low)).decode("gb2312", "ignore")
            if char:
                found[READINGS[ord(char)]] = found.get(READINGS[ord(char)], "") + char
    return found


def homophones(char: str) -> str:
    """Other common Chinese characters with the same reading, without regard to tone."""
    return common_by_reading().get(READINGS[ord(char)], "").replace(char, "")
