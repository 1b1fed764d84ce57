"""This project's own examples: text files of messages under headings that name the clauses (examples/README.txt)."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from moderation.errors import XiaoerError
from moderation.policy import CLAUSES

FOLDER = Path(__file__).parent.parent / "examples"
OFFER = "offer"
"""Heading of honest offers, which break `spam_ads` by their place alone."""
MOST = 12
"""Messages that a line with slots stands for at most."""
HEADING = re.compile(r"\[([a-z_ ]*)\]\s*")
SLOT = re.compile(r"\{(\w+)\} = (.+)")
USE = re.compile(r"\{(\w+)\}")
MEASURED = 5
"""One line in so many, by its hash, is for measuring."""


class ExampleError(XiaoerError):
    """An example file that cannot be read: FILE:LINE, what and the mend."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message with the clauses that it breaks. `share` is 1 over the number of messages of its line."""

    text: str
    lang: str
    topic: str
    clauses: frozenset[str]
    share: float
    measured: bool


def read_examples(folder: Path = FOLDER) -> Iterator[Example]:
    """All messages of all files. Raises ExampleError."""
    for path in sorted(folder.glob("*.*.txt")):
        yield from read_file(path)


def read_file(path: Path) -> Iterator[Example]:
    """The messages of one file, TOPIC.LANG.txt. Raises ExampleError."""
    topic, lang = path.name.split(".")[:2]
    clauses: frozenset[str] | None = None
    slots: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        if heading := HEADING.fullmatch(line):
            clauses = known(heading[1], where)
        elif slot := SLOT.fullmatch(line):
            slots[slot[1]] = [word.strip() for word in slot[2].split("|")]
        elif clauses is None:
            raise ExampleError(f'{where}: a message without a heading; write a line like "[scam_fraud]" above it')
        else:
            measured = hashlib.sha256(line.encode()).digest()[0] % MEASURED == 0
            texts = list(expanded(line, slots, where))
            for text in texts:
                yield Example(text.replace("\\n", "\n"), lang, topic, clauses, 1 / len(texts), measured)


def known(names: str, where: str) -> frozenset[str]:
    clauses = frozenset(names.split())
    if strange := clauses - {*CLAUSES, OFFER}:
        raise ExampleError(
            f"{where}: no such clause: {', '.join(sorted(strange))}; take of {', '.join((*CLAUSES, OFFER))}"
        )
    return clauses


def expanded(line: str, slots: Mapping[str, list[str]], where: str) -> Iterator[str]:
    """The messages that a line stands for: every slot's words in turn, in an order fixed by the line."""
    names = USE.findall(line)
    if missing := [name for name in names if name not in slots]:
        raise ExampleError(f"{where}: no slot {{{missing[0]}}}; define it above as {{{missing[0]}}} = one | two")
    if not names:
        yield line
        return
    chance = random.Random(line)  # noqa: S311, the same messages each time
    orders = [chance.sample(slots[name], len(slots[name])) for name in names]
    for turn in range(min(MOST, max(map(len, orders)))):
        words = iter(order[turn % len(order)] for order in orders)
        yield USE.sub(lambda _: next(words), line)  # noqa: B023, used at once
