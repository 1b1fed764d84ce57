"""Twelve ways in which people hide what they write: to measure how much the judge loses, and to teach the classifier.

Each takes a text and a source of chance and returns the disguised text. A person can still read it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from opencc import OpenCC

from moderation.judging.characters import HAN, READINGS, homophones

Transform = Callable[[str, random.Random], str]
TRADITIONAL = OpenCC("s2t")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
HOMOGLYPHS = str.maketrans("aceiopsxyhkmtbABCEHKMOPTX", "асеіорѕхуһкмтЬАВСЕНКМОРТХ")
LEET = str.maketrans("aeiostAEIOST", "431057431057")
ACCENTS = "\u0301\u0300\u0308\u0323\u0330"
INVISIBLE = "\u200b\u200c\u2060\ufeff"
WORDS = re.compile("[A-Za-z]{4,}")
HAN_RUN = re.compile(f"[{HAN}]{{2,}}")
PADDING = {
    True: (
        "大家早上好，今天发货顺利吗？",
        "我家的快递昨天都到了，谢谢各位。",
        "请问明天平台有活动吗？天气不错，祝大家生意兴隆。",
    ),
    False: ("Good morning everyone, hope sales are fine today. ", "My parcels all arrived, thanks for asking. "),
}
"""Harmless talk in Chinese (True) and in English."""


def full_width(text: str, _chance: random.Random) -> str:
    return text.translate(FULL_WIDTH)


def zero_width(text: str, chance: random.Random) -> str:
    return "".join(char + (chance.choice(INVISIBLE) if chance.random() < 0.4 else "") for char in text)


def homoglyph(text: str, _chance: random.Random) -> str:
    return text.translate(HOMOGLYPHS)


def leet(text: str, chance: random.Random) -> str:
    """Digits for letters in about every second word."""
    return WORDS.sub(lambda word: word[0].translate(LEET) if chance.random() < 0.5 else word[0], text)


def split(text: str, chance: random.Random) -> str:
    """Signs between the characters of about every third piece."""
    sign = chance.choice(".-*_·")

    def apart(piece: re.Match[str]) -> str:
        return sign.join(piece[0]) if chance.random() < 0.35 else piece[0]

    return HAN_RUN.sub(apart, WORDS.sub(apart, text))


def emoji_letters(text: str, chance: random.Random) -> str:
    """Circled and squared letters, key-cap digits, hearts between characters."""
    base = chance.choice((0x1F170, 0x1F150, 0x1F1E6, 0x24D0))
    table = {code: chr(base + code - 97) for code in range(97, 123)} | {
        48 + digit: f"{digit}\ufe0f\u20e3" for digit in range(10)
    }
    return "".join(table.get(ord(char.lower()), char) if chance.random() < 0.6 else char for char in text)


def pinyin(text: str, chance: random.Random) -> str:
    """About every eighth Chinese character by its reading."""
    return "".join(
        READINGS[ord(char)].strip() if re.match(f"[{HAN}]", char) and chance.random() < 0.12 else char for char in text
    )


def homophone(text: str, chance: random.Random) -> str:
    """About every sixth Chinese character by another of the same reading."""

    def other(char: str) -> str:
        found = homophones(char) if chance.random() < 0.17 else ""
        return chance.choice(found) if found else char

    return "".join(map(other, text))


def traditional(text: str, _chance: random.Random) -> str:
    return str(TRADITIONAL.convert(text))


def repeated(text: str, chance: random.Random) -> str:
    """Some characters three to six times; digits and spaces once."""
    return "".join(
        char * chance.randint(3, 6) if chance.random() < 0.08 and not (char.isdigit() or char.isspace()) else char
        for char in text
    )


def accents(text: str, chance: random.Random) -> str:
    return "".join(char + (chance.choice(ACCENTS) if char.isalpha() and chance.random() < 0.5 else "") for char in text)


def padded(text: str, chance: random.Random) -> str:
    """Harmless talk before and after."""
    friendly = PADDING[bool(re.search(f"[{HAN}]", text))]
    return f"{chance.choice(friendly)}{text} {chance.choice(friendly)}"


TRANSFORMS: Mapping[str, Transform] = {
    "full width": full_width,
    "zero width": zero_width,
    "homoglyphs": homoglyph,
    "leet": leet,
    "split": split,
    "emoji letters": emoji_letters,
    "pinyin": pinyin,
    "homophones": homophone,
    "traditional": traditional,
    "repeated letters": repeated,
    "accents": accents,
    "padding": padded,
}
