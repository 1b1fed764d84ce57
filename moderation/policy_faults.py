"""Faults of a policy file, told with their line and their mend.

pydantic knows what is wrong and tomllib what is written; neither knows the line. `key_lines` finds it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

KeyPath = tuple[str | int, ...]


def fault_lines(text: str, error: ValidationError, models: Iterable[type[BaseModel]]) -> list[tuple[int, str]]:
    """Every fault as (line, what and mend), in the file's order. `models` give the keys that may be meant."""
    lines = key_lines(text)
    keys = {key for model in models for key in model.model_fields}
    return sorted((fault_line(lines, item), describe(item, keys)) for item in error.errors())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def syntax_fault(error: tomllib.TOMLDecodeError) -> str:
    """`:LINE: what; mend`. tomllib names the place only inside its message."""
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    what = str(error)[: place.start()] if place else str(error)
    line = f":{place[1]}" if place and place[1] else ""
    return f"{line}: is not TOML: {what}; mend the line (texts stand in double quotes)"


def describe(error: ErrorDetails, keys: set[str]) -> str:
    """What is wrong and how to mend it, from pydantic's finding."""
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    key = str(error["loc"][-2] if error["loc"][-1:] == ("[key]",) else error["loc"][-1] if error["loc"] else "")
    if error["type"] == "extra_forbidden":
        return f'unknown key "{where}"{did_you_mean(key, keys) or "; remove it"}'
    if error["type"] == "missing":
        return f'"{where}" is missing; add it (default.toml explains it)'
    if error["type"] == "literal_error":
        given = key if error["loc"][-1] == "[key]" else str(error["input"])
        expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        mend = did_you_mean(given, expected) or "; take one of " + ", ".join(expected)
        return f'"{where}": "{given}" is not known{mend}'
    if error["type"] == "value_error":
        return f'"{where}": {error["ctx"]["error"]}'
    return f'"{where}": {error["msg"][:1].lower()}{error["msg"][1:]}; got {str(error["input"])[:60]!r}, change it'


def fault_line(lines: dict[KeyPath, int], error: ErrorDetails) -> int:
    """The line of the key at fault, or of the nearest table around it."""
    path = tuple(part for part in error["loc"] if part != "[key]")
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line of every key of a valid TOML text. A statement ends where tomllib can read it by itself."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    statement, start = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        start = start if statement else number
        statement += line + "\n"
        try:
            found = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            table = header_path(found, counts)
            lines.setdefault(table, start)
        elif found:
            path = table
            for name in leaf_path(found):
                path += (name,)
                lines.setdefault(path, start)
        statement = ""
    return lines


def header_path(found: dict[str, Any], counts: dict[KeyPath, int]) -> KeyPath:
    """The path of `[a.b]` or `[[a.b]]`, with the index of each array of tables on the way."""
    path: KeyPath = ()
    node: object = found
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        path += (name,)
        if isinstance(node, list):
            counts[path] = counts.get(path, -1) + 1
            node = node[0]
        if path in counts:
            path += (counts[path],)
    return path


def leaf_path(found: dict[str, Any]) -> list[str]:
    path: list[str] = []
    node: object = found
    while isinstance(node, dict) and len(node) == 1:
        name, node = next(iter(node.items()))
        path.append(name)
    return path
