"""A text in its sentences, in both languages."""

from __future__ import annotations

import re


def _ending(chinese: str, latin: str) -> re.Pattern[str]:
    """Parts that end with these marks; a Latin one ends a part only where a blank follows: 3.5 is whole."""
    return re.compile(rf".+?(?:[{chinese}\n]+[”’」』）\"')]*|[{latin}]+[”’\"')]*(?=\s|$)|$)\s*", re.DOTALL)


_SENTENCE = _ending("。！？；", ".!?;")
_STATEMENT = _ending("。！？", ".!?")


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
