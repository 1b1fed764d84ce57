"""Is this for the bot? What a message wants of it, by plain rules: cheap, the same in both languages, and cautious.

The bot speaks when it is addressed, and to questions in a help channel that are not part of a talk between two people.
"""

from __future__ import annotations

from enum import Enum, auto

import re2

from moderation.types import Message


class Speech(Enum):
    """What a message wants of the bot."""

    NOTHING = auto()
    QUESTION = auto()
    THANKS = auto()
    GREETING = auto()


_MENTION = re2.compile(r"(?i)@\s?(xiaoer|小二)[,，:：]?\s*")
_ASKS = re2.compile(
    r"(?i)[?？]|吗|呢$|么$|怎么|怎样|如何|什么|多少|多久|几天|几点|哪[里些个儿]?|为何|为什么|能不能|可不可以|是不是|有没有|请问|求助|求教"
    r"|^(so |and |but |hi |hello |hey )?(how|what|when|where|who|which|why|can|could|do|does|did|is|are|am|will|would"
    r"|should|may|must|has|have)\b|\b(how (do|can|long|much|many|to)|anyone know|wondering|can someone|help me)\b"
)
_PREAMBLE = re2.compile(r"(?i)^(请问|求助|求教|在线等|(quick )?question|help)[\s!！。.~～?？,，:：]*$")
_THANKS = re2.compile(r"(?i)^.{0,24}(谢谢|多谢|感谢|谢了|thanks|thank you|\bthx|cheers).{0,40}$")
_GREETING = re2.compile(
    r"(?i)^(hi|hello|hey|good (morning|afternoon|evening)|你好|您好|大家好|早上好|早安?|晚上好|在吗)[\s!！。.~～?？]*$"
)


def bare(text: str) -> str:
    """The text without the bot's name in front."""
    return str(_MENTION.sub("", text)).strip()


def speech(message: Message) -> Speech:
    """What the message wants of the bot; a reply to another member and an edit want nothing."""
    text = bare(message.text)
    if message.edit or not text:
        return Speech.NOTHING
    spoken_to = message.addressed
    if not spoken_to and (message.place.profile != "help" or message.reply_to):
        return Speech.NOTHING
    if spoken_to and _GREETING.search(text):
        return Speech.GREETING
    if _THANKS.search(text) and "?" not in text and "？" not in text:
        return Speech.THANKS if spoken_to else Speech.NOTHING
    asks = _ASKS.search(text) and not _GREETING.search(text) and not _PREAMBLE.search(text)
    return Speech.QUESTION if asks or spoken_to else Speech.NOTHING
