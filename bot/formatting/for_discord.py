"""Words for Discord: escaped, so that they read as they were written."""

from __future__ import annotations

import re

from bot.formatting.sheets import Sheet, sheets, sources, speaker
from bot.formatting.splitting import FENCE
from bot.words import Words
from moderation.types import Say

LIMIT = 2000
"""Characters of a message."""

_URL = re.compile(
    r"(https?://[A-Za-z0-9](?:[\w.~:/?#@!$&'+,;=%-]|\([\w.~:/?#@!$&'+,;=%-]*\))*(?<![.,:;!?']))", re.ASCII
)
_MARK = re.compile(r"[\\*_~|`\[\]<>#]|(?<=\d)\.(?=\s)")
"""What begins markup anywhere, and the dot after a number, which Discord would count anew as a list. A hyphen may
begin a list: it looks the same."""
_MENTION = re.compile(r"@(?=everyone|here|[!&]?\d{15})")
_INVISIBLE = "\u200b"


def discord(say: Say, words: Words) -> list[str]:
    """The messages, in order: the words as they are, the speaker above and the sources beneath in small print."""
    head = tuple(_small(line) for line in speaker(say, words))
    foot = tuple(_small(line) for line in sources(say))
    return [_written(sheet) for sheet in sheets(head, escaped(say.text), foot, LIMIT, "chars")]


def _written(sheet: Sheet) -> str:
    return "\n".join([*sheet.head, sheet.text, *sheet.foot])


def _small(line: str) -> str:
    return f"-# {escaped(line)}"


def escaped(text: str) -> str:
    """The text without working markup or mentions; a link stays a link, in the brackets that show where it ends.
    Fenced code stays as it is: nothing works inside.

    >>> escaped("**5.0** <@123456789012345678> 见https://a.b/c_d。")
    '\\\\*\\\\*5.0\\\\*\\\\* \\\\<@\\u200b123456789012345678\\\\> 见<https://a.b/c_d>。'
    """
    here, written = 0, ""
    for fence in FENCE.finditer(text):
        written += _plain(text[here : fence.start()]) + fence[0]
        here = fence.end()
    return written + _plain(text[here:])


def _plain(text: str) -> str:
    pieces = _URL.split(text)
    return "".join(f"<{piece}>" if at % 2 else _harmless(piece) for at, piece in enumerate(pieces))


def _harmless(text: str) -> str:
    return _MENTION.sub(f"@{_INVISIBLE}", _MARK.sub(r"\\\g<0>", text))
