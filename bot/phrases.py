"""What the bot says of itself in the community, in both languages.

A removal notice never repeats the offending text.
"""

from __future__ import annotations

from typing import Literal

from moderation.types import Lang

Phrase = Literal[
    "removed", "timeout", "ban", "handoff", "distress", "thanks", "hello", "seconds", "minutes", "hours", "days"
]

_PHRASES: dict[Phrase, dict[Lang, str]] = {
    "removed": {
        "zh": "消息已移除。原因：{reason} 如有异议，请联系小二并说明编号 {case}。",
        "en": "The message was removed. Reason: {reason} If you disagree, tell a moderator the case number {case}.",
    },
    "timeout": {"zh": "发言已暂停 {length}。", "en": "You cannot post for {length}."},
    "ban": {"zh": "该成员已被移出本群。", "en": "The member was banned from this community."},
    "handoff": {
        "zh": "这个问题我没有把握，已转给小二，会尽快在这里回复您（编号 {case}）。",
        "en": "I am not sure about this one. I have passed it to a moderator, who will reply here (case {case}).",
    },
    "distress": {
        "zh": "听起来您现在很不容易。您并不孤单，小二已收到消息，会尽快联系您。"
        "如有紧急危险，请立即拨打当地急救或心理援助热线。",
        "en": "This sounds very hard. You are not alone: a person on our team has been told and will be with you. "
        "If you are in danger now, please call your local emergency number.",
    },
    "thanks": {"zh": "不客气，随时找我。", "en": "You are welcome."},
    "hello": {"zh": "您好，有什么可以帮您？", "en": "Hello. How can I help?"},
    "seconds": {"zh": "{n} 秒", "en": "{n} s"},
    "minutes": {"zh": "{n} 分钟", "en": "{n} min"},
    "hours": {"zh": "{n} 小时", "en": "{n} h"},
    "days": {"zh": "{n} 天", "en": "{n} d"},
}


def say(phrase: Phrase, lang: Lang, **values: object) -> str:
    """The phrase in that language with its blanks filled."""
    return _PHRASES[phrase][lang].format(**values)


def length(seconds: int, lang: Lang) -> str:
    """A span of time in its largest whole unit, for example 3600 as `1 h`."""
    units: tuple[tuple[Phrase, int], ...] = (("days", 86400), ("hours", 3600), ("minutes", 60))
    for unit, size in units:
        if seconds >= size and seconds % size == 0:
            return say(unit, lang, n=seconds // size)
    return say("seconds", lang, n=seconds)
