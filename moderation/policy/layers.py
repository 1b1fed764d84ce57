"""A policy that extends another: the base's table with the file's keys over it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ALSO = "..."
"""As an element of a list under `extends`: what the packaged policy's list holds, at this place."""


def over(base: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key. Anything else replaces what the base says; a list may take it in by "..."."""
    return base | {name: _merged(base.get(name), value) for name, value in table.items()}


def _merged(base: object, value: object) -> object:
    if isinstance(value, dict) and isinstance(base, dict):
        return over(base, value)
    if isinstance(value, list) and isinstance(base, list):
        return [one for item in value for one in (base if item == ALSO else [item])]
    return value


def strays(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of lists that hold a "..." which nothing replaced."""
    if isinstance(node, list):
        if ALSO in node:
            yield path
        for index, item in enumerate(node):
            yield from strays(item, (*path, index))
    elif isinstance(node, dict):
        for name, item in node.items():
            yield from strays(item, (*path, name))
