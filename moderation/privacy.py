"""A message without what tells of people: an example that may be kept, and that the judge still reads as it did.

Names become a word for somebody; accounts, numbers and the paths of links keep their shape and lose their content, so
that a rule which found a contact still finds one. It cannot know a person who is named in free words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import re2

from moderation.types import Attachment, Author, Message

SHORTEST_NAME = 2
"""Letters that a name has at least: shorter ones stand in too many words."""
KEPT_WORDS = frozenset({"joinchat", "invite", "channel", "channels", "ti"})
"""Parts of an invitation's path that say what it is and not whose."""
KEPT_DIGITS = 3
"""Digits at a number's beginning that stay: they tell a phone's kind, and nobody's phone."""

_MAIL = re2.compile(r"(?i)([a-z0-9._%+-]+)(@[a-z0-9-]+(?:\.[a-z0-9-]+)+)")
_LINK = re2.compile(
    r"(?i)((?:https?://)?)([^\s/@，。；）)】」]+@)?((?:[\pL\d-]+\.)+[a-z]{2,}(?::\d+)?)(/[^\s，。；）)】」]*)"
)
_MENTION = re2.compile(r"<(@[!&]?)\d+>")
_HANDLE = re2.compile(r"(^|[^\w.])@([A-Za-z0-9_]{3,})")
_NUMBER = re2.compile(r"\+?\d(?:[ ()-]{0,2}\d){6,}")
_MIXED = re2.compile(r"[A-Za-z][A-Za-z_-]*\d[A-Za-z0-9_-]*")
"""A word of letters and digits, as accounts are."""
_NAMED = re2.compile(
    r"(?i)((?:微信|v信|薇信|威信|wechat|weixin|\bwx|\bvx|\bqq|扣扣|telegram|\btg|电报|飞机|whatsapp|\bline|skype|signal)"
    r"[^A-Za-z0-9\n]{0,6}(?:(?:id|is|me|at|on)\b[^A-Za-z0-9\n]{0,3})?)([A-Za-z0-9][A-Za-z0-9_-]{4,})"
)
"""What follows a channel's name: an account, also of letters or of digits alone."""
_PATH_WORD = re2.compile(r"[\pL\d]+")
_DATE = re2.compile(r"^(?:19|20)\d\d-\d\d?-\d\d?\b")
_COUNTRY = re2.compile(r"^(?:\+|86)")
_HAN = re2.compile(r"\p{Han}")


def redacted(message: Message, others: Iterable[str] = ()) -> Message:
    """The message by nobody, without names and accounts; `others` are names of members who may be spoken of."""
    names = sorted({name for name in (message.author.name, *others) if len(name) >= SHORTEST_NAME}, key=len)[::-1]
    place = message.place.model_copy(update={"title": "", "home": ""})
    seen = tuple(_file(one, names) for one in message.attachments)
    author = Author(id="somebody", trust=message.author.trust, tier=message.author.tier)
    change = {"id": "redacted", "place": place, "author": author, "attachments": seen, "reply_to": None}
    return message.model_copy(update={**change, "text": without_people(message.text, names)})


def without_people(text: str, names: Iterable[str] = ()) -> str:
    """The text without these names, and without accounts, numbers and users of links.

    >>> without_people("加微信 mei2024 或打 13812345678, t.me/mei_shop")
    '加微信 xxx0000 或打 13800000000, t.me/xxx_xxxx'
    """
    for name in names:
        chinese = bool(_HAN.search(name))
        whole = "" if chinese else r"\b"
        text = _each(re2.compile(rf"(?i){whole}{re2.escape(name)}{whole}"), text, _somebody(chinese))
    text = str(_MENTION.sub(r"<\g<1>0>", text))
    text = _each(_MAIL, text, lambda part: _shape(part[1]) + part[2])
    text = _each(_LINK, text, lambda part: part[1] + part[3] + _each(_PATH_WORD, part[4], _path_word))
    text = _each(_HANDLE, text, lambda part: f"{part[1]}@{_shape(part[2])}")
    text = _each(_NAMED, text, lambda part: part[1] + _shape(part[2]))
    text = _each(_NUMBER, text, lambda part: part[0] if _DATE.search(part[0]) else _shape(part[0], _kept(part[0])))
    return _each(_MIXED, text, lambda part: _shape(part[0]))


def _somebody(chinese: bool) -> Callable[[Any], str]:
    return lambda _part: "某人" if chinese else "somebody"


def _file(one: Attachment, names: Iterable[str]) -> Attachment:
    said = {"codes": tuple(without_people(code, names) for code in one.codes), "text": without_people(one.text, names)}
    return Attachment(kind=one.kind, **said)


def _each(pattern: Any, text: str, change: Callable[[Any], str]) -> str:
    return str(pattern.sub(change, text))


def _path_word(part: Any) -> str:
    return str(part[0]) if part[0].casefold() in KEPT_WORDS else _shape(part[0])


def _kept(number: str) -> int:
    """A country's two digits stay as well."""
    return KEPT_DIGITS + 2 if _COUNTRY.search(number) else KEPT_DIGITS


def _shape(text: str, kept: int = 0) -> str:
    """Letters become x and digits 0, but for the first `kept` digits."""
    masked, digits = [], 0
    for letter in text:
        digits += letter.isdigit()
        if letter.isdigit():
            masked.append(letter if digits <= kept else "0")
        else:
            masked.append(("X" if letter.isupper() else "x") if letter.isalpha() else letter)
    return "".join(masked)
