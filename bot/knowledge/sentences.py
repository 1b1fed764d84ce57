"""A text in its sentences, in both languages."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r".+?(?:[。！？；\n]+[”’」』）\"')]*|[.!?;]+[”’\"')]*(?=\s|$)|$)\s*", re.DOTALL)


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, in order, with the white space behind them; joined they are the text.

    >>> sentences("满 3.5 元。包邮！ It costs 2.5%. Ask us")
    ['满 3.5 元。', '包邮！ ', 'It costs 2.5%. ', 'Ask us']
    """
    return _SENTENCE.findall(text)
