"""The commands as a platform's menu shows them: the adapters render the table that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from moderation.types import Lang, Tier


class Parameter(NamedTuple):
    """What follows a command's name; `choices` are the words that it may be. A `case` is the name of an open case."""

    name: str
    description: dict[Lang, str]
    kind: Literal["text", "case", "member", "choice"] = "text"
    needed: bool = True
    choices: tuple[str, ...] = ()


class MenuEntry(NamedTuple):
    """A command: its name without the slash, the least tier that may use it, and what it does, by language.

    `parameters` follow the name in their order; the last one of kind text takes all words that are left. `names` are
    what it is called in a language where that is another word.
    """

    name: str
    tier: Tier
    description: dict[Lang, str]
    parameters: tuple[Parameter, ...] = ()
    names: Mapping[Lang, str] = MappingProxyType({})
