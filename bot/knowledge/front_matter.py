"""What a file says about its document: the front matter of a Markdown file, or the side file of any other.

A Markdown file begins with it; every key is optional:

    ---
    title: Deposit and its refund
    lang: en
    valid_from: 2026-01-01
    valid_until: 2026-12-31
    tags: [deposit, money]
    url: https://example.com/help/deposit
    ---
    # Deposit ...

Any other file, `fees.pdf` say, has the same lines without the fences in `fees.pdf.yaml` beside it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import frontmatter
import yaml
from pydantic import ValidationError

from bot.knowledge.documents import TITLE_LENGTH, BadFileError, Document, Raw, guess_lang, guess_title

KEYS = ("title", "lang", "valid_from", "valid_until", "tags", "url")
MENDS = {
    "title": f"write a title of 1 to {TITLE_LENGTH} characters",
    "lang": "write zh or en",
    "tags": "write a list of words, like [deposit, money]",
    "url": "write an address like https://example.com/help",
    "text": "cut it into several files",
    "id": "shorten the folders' or the file's name",
}


def parse(id: str, text: str) -> Document:
    """One document from the text of a Markdown file. Raises BadFileError."""
    head, values = _front_matter(text)
    body = text[len(head) :].strip()
    if not body:
        raise BadFileError("no text below the front matter", "write the document or delete the file")
    return document(id, Raw(body), head, values)


def document(id: str, raw: Raw, head: str = "", values: dict[Any, Any] | None = None) -> Document:
    """The document of a file; `values` is what it says of itself, read from `head`. Raises BadFileError."""
    values = values or {}
    title = values.get("title") or raw.title or guess_title(raw.text) or PurePosixPath(id).stem
    guessed = {"lang": guess_lang(raw.text), "url": raw.url}
    try:
        return Document.model_validate({**guessed, **values, "id": id, "title": title, "text": raw.text})
    except ValidationError as error:
        raise _wrong_value(head, error) from error


def side_values(head: str) -> dict[Any, Any]:
    """What the text of a side file says. Raises BadFileError."""
    values = _values(head, head, 1)
    document("side", Raw("text"), head, values)
    return values


def _front_matter(text: str) -> tuple[str, dict[Any, Any]]:
    """The front matter with its fences ("" if there is none), and its keys and values."""
    boundary = frontmatter.YAMLHandler.FM_BOUNDARY
    if not boundary.match(text):
        return "", {}
    fences = [match.end() for match in boundary.finditer(text)][:2]
    if len(fences) < 2:
        raise BadFileError("the front matter is never closed", "add a line with --- below it")
    head = text[: fences[1]]
    return head, _values(head, frontmatter.YAMLHandler().split(head)[0], 2)


def _values(head: str, lines: str, first: int) -> dict[Any, Any]:
    try:
        values = frontmatter.YAMLHandler().load(lines) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFileError(f"the front matter is no YAML: {error.problem}", "mend or quote the value", line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadFileError("the front matter is no YAML", "write lines like `title: Deposit`") from error
    if not isinstance(values, dict):
        raise BadFileError("the front matter is no list of keys", "write lines like `title: Deposit`", first)
    unknown = next((str(key) for key in values if key not in KEYS), None)
    if unknown is not None:
        what = f"unknown key {unknown[:40]!r} in the front matter"
        raise BadFileError(what, f"use {', '.join(KEYS)}", _line(head, unknown))
    return values


def _line(head: str, key: str) -> int:
    found = re.search(rf"^[\"']?{re.escape(key)}[\"']?\s*:", head, re.MULTILINE)
    return head.count("\n", 0, found.start()) + 1 if found else 1


def _wrong_value(head: str, error: ValidationError) -> BadFileError:
    first = error.errors(include_input=False, include_url=False)[0]
    key = str(first["loc"][0]) if first["loc"] else "valid_until"
    what = first["msg"].removeprefix("Value error, ")
    return BadFileError(f"{key}: {what}", MENDS.get(key, "write dates like 2026-01-31, in order"), _line(head, key))
