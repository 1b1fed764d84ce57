"""The slowest messages: 4,096 characters of patterns that are hard on some part of the judge, alone and mixed.

    python -m tests.benchmarks.hostile [--characters 4096] [--mixtures 300] [--seed 0]

Prints the ten slowest with their milliseconds, evidence included, each the best of three.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator

from threadpoolctl import threadpool_limits

from moderation.evaluation.judged import message_of
from moderation.judging.classifier import load_classifier
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.types import TEXT_LENGTH

Chance = random.Random
HAN = [chr(code) for code in range(0x4E00, 0x9FFF)]


def some(alphabet: str, least: int, most: int) -> Callable[[Chance], str]:
    """A maker of strings over an alphabet."""
    return lambda chance: "".join(chance.choices(alphabet, k=chance.randint(least, most)))


def one_of(*words: str) -> Callable[[Chance], str]:
    return lambda chance: chance.choice(words)


def anything(chance: Chance) -> str:
    """Any code points but surrogates: low ones, then symbols, then Chinese and beyond."""
    ranges = ((32, 127), (0x80, 0x3000), (0x3000, 0xD800), (0xE000, 0x30000))
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(20))


PATTERNS: dict[str, Callable[[Chance], str]] = {
    "one letter": one_of("a", "w", "v", "1", "."),
    "letters split": one_of("a.", "b-", "c*", "f r e e ", "m|o|n|e|y "),
    "leet": some("a1e0!|$@+*", 3, 26),
    "letters and digits": some("abc_-12", 4, 20),
    "digits": some("0123456789", 8, 60),
    "spaced digits": some("0123456789 -.+", 20, 40),
    "telephones": one_of("13800138000 ", "加13900139000", "+86 139-0013-9000 ", "call +1 (202) 555-0100 "),
    "cards": one_of("6212 2612 0300 0000 ", "4111-1111-1111-1111 "),
    "wallets": some("0x123456789abcdef", 40, 60),
    "links": one_of("http://abc1.xyz/a ", "www.b2.top ", "beeadaa.com ", "amaz0n.com ", "a.b.c.d.e.co.uk "),
    "mails": one_of("a.b@c.com ", "ab1@b.b.com", "@@@", "a@"),
    "accounts": one_of("微信", "加我", "telegram ", "v信", "薇❤", "加+v", "扣扣", ":", "abc_123 "),
    "prices": one_of("¥12 ", "$3.5,", "12元", "现货", "包邮 ", "for sale "),
    "emoji": one_of("😀", "❤", "👍🏽", "🇨🇳", "1\ufe0f\u20e3"),
    "marks": one_of("a\u0301\u0301\u0301", "中\u0301\u200d", "\u200b", "\u202e"),
    "one that is many": one_of("ﷺ", "½", "㍿", "ﬃ"),
    "Chinese": lambda chance: "".join(chance.choices(HAN, k=20)),
    "Chinese split": lambda chance: "".join(f"{char}." for char in chance.choices(HAN, k=20)),
    "anything": anything,
    "insults": one_of("fuck you ", "you idiot ", "傻逼", "去死", "free money ", "刷单"),
    "lines": one_of("\n", " ", "\t", "\u3000", "a\n"),
}


def texts(characters: int, mixtures: int, chance: Chance) -> Iterator[tuple[str, str]]:
    """Names and texts: each pattern alone, then mixtures of two to four."""
    for name in PATTERNS:
        yield name, filled([name], characters, chance)
    for _ in range(mixtures):
        names = chance.sample(sorted(PATTERNS), chance.randint(2, 4))
        yield " + ".join(names), filled(names, characters, chance)


def filled(names: list[str], characters: int, chance: Chance) -> str:
    text = ""
    while len(text) < characters:
        text += PATTERNS[chance.choice(names)](chance)
    return text[:characters]


def slowest(judge: Judge, characters: int, mixtures: int, seed: int) -> list[tuple[float, str]]:
    """Milliseconds and name, the slowest first."""
    found = []
    for name, text in texts(characters, mixtures, Chance(seed)):  # no secret
        message = message_of(text, "new")
        took = []
        for _ in range(3):
            began = time.perf_counter()
            judge.judge(message)
            took.append((time.perf_counter() - began) * 1000)
        found.append((min(took), name))
    return sorted(found, reverse=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--characters", type=int, default=4096, choices=range(1, TEXT_LENGTH + 1), metavar="N")
    options.add_argument("--mixtures", type=int, default=300)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    with threadpool_limits(limits=1):
        found = slowest(Judge(load(), load_classifier()), chosen.characters, chosen.mixtures, chosen.seed)
    lines = "".join(f"{took:7.1f} ms  {name}\n" for took, name in found[:10])
    sys.stdout.write(f"{len(found)} texts of {chosen.characters} characters; the slowest:\n{lines}")


if __name__ == "__main__":
    main()
