"""What a person typed into a form."""

from __future__ import annotations

from collections.abc import Mapping


def typed(form: Mapping[str, object], name: str) -> str:
    """A field's text with plain line breaks and without blanks at its ends; "" when the form does not have it.

    >>> typed({"text": " one\\r\\ntwo "}, "text"), typed({}, "text")
    ('one\\ntwo', '')
    """
    return str(form.get(name) or "").replace("\r\n", "\n").strip()
