"""The words of the pages, in Chinese and English side by side: a table, `words.toml`, and the choice of a language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from moderation.types import Lang

LANGS: Final[tuple[Lang, ...]] = ("zh", "en")


class Words:
    """The table in one language.

    >>> words("en")("queue.title")
    'Queue'
    """

    def __init__(self, lang: Lang, table: dict[str, str]) -> None:
        self.lang: Lang = lang
        self._table = table

    def __call__(self, name: str, /, **values: object) -> str:
        """The words of this name with their blanks filled. Raises KeyError for a name that the table does not have."""
        return self._table[name].format(**values)

    def under(self, prefix: str) -> dict[str, str]:
        """All words whose names begin with `prefix.`, by the rest of the name: what a page's script needs."""
        start = f"{prefix}."
        return {name.removeprefix(start): text for name, text in self._table.items() if name.startswith(start)}


@cache
def words(lang: Lang) -> Words:
    """The table in that language, read once."""
    rooms = tomllib.loads((files("bot") / "words.toml").read_text("utf-8"))
    return Words(lang, {f"{room}.{name}": text[lang] for room, names in rooms.items() for name, text in names.items()})


def preferred(accept_language: str) -> Lang:
    """The language that an Accept-Language header likes best; English when it names neither."""
    wishes = [_wish(part) for part in accept_language.lower().split(",")]
    for _, tag in sorted((wish for wish in wishes if wish[0] > 0), key=lambda wish: -wish[0]):
        for lang in LANGS:
            if tag == lang or tag.startswith(f"{lang}-"):
                return lang
    return "en"


def _wish(part: str) -> tuple[float, str]:
    """`zh-CN;q=0.8` as (0.8, "zh-cn"); a weight that is no number counts as 0."""
    tag, _, weight = part.strip().partition(";q=")
    try:
        return (float(weight) if weight else 1.0, tag.strip())
    except ValueError:
        return (0.0, tag)


def span(seconds: int, lang: Lang) -> str:
    """A span of time in its largest whole unit, for example 3600 as `1 h`."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return words(lang)(f"say.{unit}", n=seconds // size)
    return words(lang)("say.seconds", n=seconds)


def about(seconds: float, lang: Lang) -> str:
    """A span of time rounded to what matters: seconds below two minutes, minutes below two hours, then hours."""
    size = next((size for size in (3600, 60) if seconds >= 2 * size), 1)
    return span(round(seconds / size) * size, lang)


def roughly(seconds: int, lang: Lang) -> str:
    """A span of time as people tell it: no more than its largest unit says."""
    size = next((size for size in (86400, 3600, 60) if seconds >= size), 1)
    return span(max(0, seconds) // size * size, lang)
