"""The cards of the guided set-up: what each step says, the buttons under it, and the words that do the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from bot.words import LANGS, Words, words
from moderation.types import Button, Profile

Step = Literal["lang", "desk", "channels", "knowledge", "rights", "test", "live"]
STEPS: tuple[Step, ...] = get_args(Step)

PROFILES: tuple[Profile, ...] = get_args(Profile)

BUTTONS = "setup:"
"""How the ids of the set-up's buttons begin; what follows is the deed, such as `lang:zh`."""

_TYPED = re.compile(r"(?is)^\s*[/／](?:setup(?:@\w+)?|设置)\s*(.*)$")
_CODE = re.compile(r"[0-9A-Fa-f]{8}")
_WORDS: dict[str, str] = {
    "": "show",
    "again": "show:lang",
    "重来": "show:lang",
    "zh": "lang:zh",
    "中文": "lang:zh",
    "en": "lang:en",
    "english": "lang:en",
    "英文": "lang:en",
    "here": "desk:here",
    "这里": "desk:here",
    "desk": "desk:code",
    "管理群": "desk:code",
    "next": "next",
    "下一步": "next",
    "rights": "rights",
    "check": "rights",
    "检查": "rights",
    "test": "test",
    "测试": "test",
    "done": "done",
    "完成": "done",
    **{profile: f"channel:{profile}" for profile in PROFILES},
    **{words(lang)(f"profile.{profile}").casefold(): f"channel:{profile}" for profile in PROFILES for lang in LANGS},
}
"""What an admin may type behind /setup, and the deed that it is."""

_OWN_NAMES = {"zh": "中文", "en": "English"}


class Card(NamedTuple):
    """What a step says, with its buttons."""

    text: str
    buttons: tuple[Button, ...]


def card(step: Step, say: Words, facts: Mapping[str, object], results: Sequence[str] = ()) -> Card:
    """A step's card; `facts` fill the blanks of its words, `results` of what was just done stand above them."""
    title = say("setup.step", n=STEPS.index(step) + 1, of=len(STEPS), title=say(f"setup.{step}_title"))
    text = "\n\n".join([*(["\n".join(results)] if results else []), title, say(f"setup.{step}", **facts)])
    return Card(text, _buttons(step, say))


def button(deed: str, label: str, style: Literal["plain", "good"] = "plain") -> Button:
    """A button that does a deed."""
    return Button(id=f"{BUTTONS}{deed}", label=label, style=style)


def following(step: Step) -> Step:
    """The step after this one; the last is its own."""
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def typed_deed(text: str) -> str:
    """The deed that `/setup WORD` means, such as `lang:zh` for /setup zh."""
    typed = _TYPED.match(text)
    word = typed.group(1).strip() if typed else ""
    if _CODE.fullmatch(word):
        return f"redeem:{word.upper()}"
    return _WORDS.get(word.casefold(), "unknown")


def _buttons(step: Step, say: Words) -> tuple[Button, ...]:
    on = button(f"show:{following(step)}", say("setup.press_next"))
    match step:
        case "lang":
            return tuple(button(f"lang:{lang}", _OWN_NAMES[lang]) for lang in LANGS)
        case "desk":
            return button("desk:here", say("setup.press_here"), "good"), on
        case "channels":
            return (*(button(f"channel:{profile}", say(f"profile.{profile}")) for profile in PROFILES), on)
        case "knowledge":
            return (on,)
        case "rights":
            return button("rights", say("setup.press_check"), "good"), on
        case "test":
            return button("test", say("setup.press_test"), "good"), on
        case "live":
            return (button("done", say("setup.press_done"), "good"),)
