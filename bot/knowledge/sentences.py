"""A text in its sentences, in both languages."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r".+?(?:[。！？；\n]+[”’」』）\"')]*|[.!?;]+[”’\"')]*(?=\s|$)|$)\s*", re.DOTALL)
_STATEMENT = re.compile(r".+?(?:[。！？\n]+[”’」』）\"')]*|[.!?]+[”’\"')]*(?=\s|$)|$)\s*", re.DOTALL)


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, in order, with the white space behind them; joined they are the text.

    >>> sentences("满 3.5 元。包邮！ It costs 2.5%. Ask us")
    ['满 3.5 元。', '包邮！ ', 'It costs 2.5%. ', 'Ask us']
    """
    return _SENTENCE.findall(text)


def statements(text: str) -> list[str]:
    """As `sentences`, but a semicolon ends none: a table's row, `Goods: Shoes; Fee: 5%`, is one statement.

    >>> statements("Goods: Shoes; Fee: 5%\\nAsk us; we answer.")
    ['Goods: Shoes; Fee: 5%\\n', 'Ask us; we answer.']
    """
    return _STATEMENT.findall(text)
