"""Is this for the bot? What a text is by its form, by plain rules: cheap, the same in both languages, and cautious."""

from __future__ import annotations

import tomllib
from enum import Enum, auto
from importlib.resources import files

import re2


class Speech(Enum):
    """What a text is. CHAT is small talk that needs no answer, STATEMENT anything that is nothing else."""

    QUESTION = auto()
    STATEMENT = auto()
    ABOUT = auto()
    THANKS = auto()
    GREETING = auto()
    CHAT = auto()


_MENTION = re2.compile(r"(?i)[@＠]\s?(xiaoer|小二)[,，:：]?\s*")
_ASKS = re2.compile(
    r"(?i)[?？]|吗|呢$|么$|怎么|怎样|咋|啥|如何|什么|多[少久大长高远]|几[天点号个条次块分家月年]|哪[里些个儿]?|为何|能不能"
    r"|可不可以|是不是|有没有|是否|请问|求助|求教"
    r"|^(so |and |but |hi |hello |hey )?(how|what|when|where|who|which|why|can|could|do|does|did|is|are|am|will|would"
    r"|should|may|must|has|have)\b|\b(how (do|can|long|much|many|to)|anyone know|wondering|can someone|help me)\b"
)
_PREAMBLE = re2.compile(
    r"(?i)^(请问(一下)?|求助|求教|在线等|问(个|一个|一下)(问题)?|(我)?(想|要)?(请教|咨询|问)(一下|个问题|一个问题)?|有个?问题(想问)?"
    r"|((i have |i've got )?a (quick )?)?question|quick question|help|i need (some )?help|can i ask (you )?something)"
    r"[\s!！。.~～?？,，:：]*$"
)

_KIND = tomllib.loads((files("bot") / "answering" / "small_talk.toml").read_text("utf-8"))
_GREETINGS, _THANKS, _FILLING, _IDENTITY = (
    "|".join(_KIND[kind]) for kind in ("greetings", "thanks", "filling", "about")
)
_ANYTHING = "|".join((_GREETINGS, _THANKS, *_KIND["chat"], _FILLING))
_PAUSE = r"[\s\p{P}\p{S}\p{M}\p{Cf}]*"
_SAID = rf"(?:(?:{_ANYTHING}){_PAUSE})"
_SMALL = re2.compile(rf"(?i)^{_PAUSE}{_SAID}*$")
_ABOUT = re2.compile(rf"(?i)^{_PAUSE}{_SAID}*(?:{_IDENTITY})[吗呢呀啊]?{_PAUSE}{_SAID}*$")
_GREETED = re2.compile(rf"(?i)^{_PAUSE}(?:(?:{_FILLING}){_PAUSE})*(?:{_GREETINGS})")
_THANKED = re2.compile(rf"(?i)(?:{_THANKS})")
_THANKS_FIRST = re2.compile(rf"(?i)^{_PAUSE}{_SAID}*(?:{_THANKS}).{{0,40}}$")
_WANTS = re2.compile(
    r"(?i)但|可是|不过|还是|还没|没有|不行|不能|再|帮|麻烦[你您]?[^了你您]|需要|想|请"
    r"|\b(but|still|however|not|need|want|please|help me|another|one more|my)\b|n't"
)
_LEANS = re2.compile(
    r"(?i)^(那|然后|还有|这|它|他|她)|^\P{P}{0,6}也|呢[\s?？。~～]*$|^\P{Han}*(\p{Han}\P{Han}*){1,5}$"
    r"|^(and|or|but|so|then|also|what about|how about|what if)\b"
    r"|^[^,;:.!?]*\b(it|that|this|them|those|these|too|either)[\s?.!]*$"
    r"|^[A-Za-z'’-]+(\s+[A-Za-z'’-]+){0,2}[\s?.!]*$"
)
_THIS_TIME = re2.compile(r"^这(个|几|一|两)?(月|周|年|季|天|星期|次)")


def leans(text: str) -> bool:
    """Whether a question says by its form that it means nothing without the one before: it is very short, or opens or
    ends with a word that points back. What points back behind a comma points to the words before that.

    >>> [leans(text) for text in ("那海外店呢？", "and for a shop abroad?", "几天？", "生鲜多久之内必须发货？")]
    [True, True, True, False]
    """
    said = bare(text)
    return bool(_LEANS.search(said)) and not _THIS_TIME.search(said)


def bare(text: str) -> str:
    """The text without the bot's name in front."""
    return str(_MENTION.sub("", text)).strip()


def speech(text: str) -> Speech:
    """What a text is. A word that only opens a question, such as "one question", is a greeting."""
    said = bare(text)
    if not said:
        return Speech.GREETING if text.strip() else Speech.CHAT
    if _ABOUT.search(said):
        return Speech.ABOUT
    if _SMALL.search(said):
        return _small(said)
    if _PREAMBLE.search(said):
        return Speech.GREETING
    if _ASKS.search(said):
        return Speech.QUESTION
    thanks = _THANKS_FIRST.search(said) and not _WANTS.search(said)
    return Speech.THANKS if thanks else Speech.STATEMENT


def _small(said: str) -> Speech:
    if _THANKED.search(said):
        return Speech.THANKS
    return Speech.GREETING if _GREETED.search(said) else Speech.CHAT


def whole(texts: list[str]) -> tuple[Speech, str]:
    """What several texts of one member are together, and their words: small talk around a question is left out."""
    spoken = [(speech(text), bare(text)) for text in texts]
    asked = [text for kind, text in spoken if kind in (Speech.QUESTION, Speech.STATEMENT)]
    if asked:
        form = Speech.QUESTION if any(kind is Speech.QUESTION for kind, _ in spoken) else Speech.STATEMENT
        return form, "\n".join(asked)
    kinds = {kind for kind, _ in spoken}
    kind = next((one for one in (Speech.ABOUT, Speech.THANKS, Speech.GREETING) if one in kinds), Speech.CHAT)
    return kind, "\n".join(text for _, text in spoken)
