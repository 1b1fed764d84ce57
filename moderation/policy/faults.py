"""Faults of a policy file, found with their line and their mend.

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

from moderation.policy.words import Fault, Unfit

KeyPath = tuple[str | int, ...]


def fault_lines(text: str, error: ValidationError, models: Iterable[type[BaseModel]]) -> list[tuple[int, Fault]]:
    """Every fault with its line, in the file's order. `models` give the keys that may be meant."""
    lines = key_lines(text)
    keys = {key for model in models for key in model.model_fields}
    found = [(fault_line(lines, item), describe(item, keys)) for item in error.errors()]
    return sorted(found, key=lambda one: (one[0], str(one[1])))


def did_you_mean(word: str, known: Iterable[str]) -> Fault | None:
    """The end of a sentence that names the known word most like this one; None where none is like it."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return Fault("meant", {"word": close[0]}) if close else None


def one_of(choices: Iterable[str]) -> Fault:
    """The end of a sentence that names all words that may be taken."""
    return Fault("one_of", {"choices": ", ".join(choices)})


def syntax_fault(error: tomllib.TOMLDecodeError, where: str) -> Fault:
    """A text that is not TOML. tomllib names the line only inside its message."""
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    what = str(error)[: place.start()] if place else str(error)
    line = f":{place[1]}" if place and place[1] else ""
    return Fault("not_toml", {"what": what}, f"{where}{line}")


_KINDS = {
    "greater_than": "greater",
    "greater_than_equal": "at_least",
    "less_than": "less",
    "less_than_equal": "at_most",
    "int_type": "whole_number",
    "int_parsing": "whole_number",
    "int_from_float": "whole_number",
    "float_type": "number",
    "float_parsing": "number",
    "bool_type": "yes_or_no",
    "bool_parsing": "yes_or_no",
    "string_type": "text",
    "tuple_type": "list",
    "dict_type": "table",
    "model_type": "table",
    "model_attributes_type": "table",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
}
"""Codes of what pydantic finds; anything else is `unusable`."""
_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length")


def describe(error: ErrorDetails, keys: set[str]) -> Fault:
    """What is wrong and how to mend it, from pydantic's finding."""
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    key = str(error["loc"][-2] if error["loc"][-1:] == ("[key]",) else error["loc"][-1] if error["loc"] else "")
    if error["type"] == "extra_forbidden":
        return Fault("unknown_key", {"key": where, "mend": did_you_mean(key, keys) or Fault("drop")})
    if error["type"] == "missing":
        return Fault("missing", {"key": where})
    if error["type"] == "literal_error":
        given = key if error["loc"][-1] == "[key]" else str(error["input"])
        expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        mend = did_you_mean(given, expected) or one_of(expected)
        return Fault("not_known", {"key": where, "given": given, "mend": mend})
    return Fault("at", {"key": where, "what": _value_fault(error)})


def _value_fault(error: ErrorDetails) -> Fault:
    context = error.get("ctx", {})
    if isinstance(unfit := context.get("error"), Unfit):
        return unfit.fault
    limits = [str(context[name]) for name in _LIMITS if name in context]
    given = {"given": repr(str(error["input"])[:60]), "limit": limits[0] if limits else ""}
    return Fault(_KINDS.get(error["type"], "unusable"), given)


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
