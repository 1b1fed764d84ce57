"""Which policy a word means: `live`, `shadow`, `file`, `default`, a stored version, or the path of a file.

A name of 3 to 10 of the digits 0-9 and a-f is a version; write `./abc` for a file of such a name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from bot.app import policy_path
from bot.config import Settings
from moderation.policy import DEFAULT, Policy, PolicyError, load, parse
from moderation.policy.book import FILE, PolicyBook
from moderation.policy.words import Fault

WORDS = ("live", "shadow", "file", "default")
_VERSION = re.compile(r"[0-9a-f]{3,10}")


class Named(NamedTuple):
    """A policy with where it comes from, in words."""

    policy: Policy
    where: str

    @property
    def stamp(self) -> str:
        """As verdicts name it: `name@version`."""
        return f"{self.policy.name}@{self.policy.version}"


async def named(book: PolicyBook, given: Settings, word: str) -> Named:
    """The policy that a word means in the settings' community. Raises PolicyError with every fault."""
    if word == "default":
        return Named(load(DEFAULT), "the packaged policy")
    if word == "file":
        return Named(load(policy_path(given)), str(policy_path(given)))
    if word == "live":
        return await _live(book, given)
    if word == "shadow":
        shadow = (await book.in_force(given.community)).shadow
        if shadow == FILE:
            raise PolicyError(Fault("no_shadow"))
        return await _stored(book, given, shadow)
    if _VERSION.fullmatch(word):
        return await _stored(book, given, word)
    return Named(load(Path(word)), word)


async def _live(book: PolicyBook, given: Settings) -> Named:
    """What is in force: the stored version that is live, or the settings' file, also where that version is unusable."""
    live = (await book.in_force(given.community)).live
    if live == FILE:
        return await named(book, given, "file")
    try:
        return await _stored(book, given, live)
    except PolicyError as fault:
        file = await named(book, given, "file")
        return file._replace(where=f"{file.where}, because the live version cannot be used: {fault}")


async def _stored(book: PolicyBook, given: Settings, version: str) -> Named:
    stored = await book.get(given.community, version)
    policy = parse(stored.text, f"policy version {stored.version}")
    return Named(policy, f"stored version {stored.version}, by {stored.by}, {stored.at:%Y-%m-%d %H:%M} UTC")
