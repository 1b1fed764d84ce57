"""The one frame in which the model reads: a passage, a question, and the answer in the passage's words.

Training and serving both build it here, so they cannot drift apart. The answer is one line; the line break ends it.
A passage, its title, a question and an earlier turn are data: `_data` takes out whatever looks like the frame.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

REFUSAL = "NONE"
"""What the model writes when the passage does not answer. It is one token of Gemma's vocabulary."""
CERTAIN = 0.95
"""From this probability on a refusal is final. Below it a local model answers without the word, and the caller weighs
its answer against its doubt: the probability orders readings far better than the word alone."""
END = "\n"
"""What ends an answer."""
INSTRUCTION = f"Answer in one line with the words of the passage, or {REFUSAL} if it does not say."

_MARK = "###"
_PASSAGE = f"{_MARK} Passage\n"
_AFTER = re.compile(rf"\n{_MARK} (?:Earlier|Question)\n")
_FORGED = re.compile(r"[#＃﹟]{3,}|<(?=[|/]?[a-zA-Z_|]+\d*[|]?>)|\[(?=/?INST\])|(?<=\|)>", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def _data(text: str) -> str:
    """A text without anything that could be read as part of the frame or as a control token of a chat model."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _FORGED.sub(lambda forged: "##" if len(forged[0]) > 1 else " ", text)
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def _line(text: str) -> str:
    return _data(text).replace("\n", " ")


def reading(question: str, passage_title: str, passage_text: str, *, earlier: str = "") -> str:
    """The prompt for one passage and one question.

    `earlier` is what was said before in the thread, in a line, for a question that leans on it.
    """
    parts = [INSTRUCTION]
    if passage_title:
        parts.append(f"{_MARK} Title\n{_line(passage_title)}")
    parts.append(f"{_PASSAGE}{_data(passage_text)}")
    if earlier:
        parts.append(f"{_MARK} Earlier\n{_line(earlier)}")
    parts.append(f"{_MARK} Question\n{_line(question)}\n{_MARK} Answer\n")
    return "\n".join(parts)


def parted(prompt: str) -> tuple[str, str]:
    """A prompt of `reading` as the part that its passage shares with other questions, and what follows it."""
    after = _AFTER.search(prompt)
    return (prompt[: after.start()], prompt[after.start() :]) if after else ("", prompt)


def is_refusal(text: str) -> bool:
    """Whether an answer is the refusal, however a larger model decorates it."""
    return text.strip(" .。*\"'`").upper() == REFUSAL


def shortened(prompt: str, count: Callable[[str], int], limit: int) -> str:
    """A prompt of `reading` in at most `limit` tokens, start token included: cut from the passage's end.

    The question is never cut. A prompt that cannot be made to fit, or has no passage, comes back as it is.
    """
    head, mark, rest = prompt.partition(_PASSAGE)
    after = _AFTER.search(rest)
    if 1 + count(prompt) <= limit or not mark or not after:
        return prompt
    passage, tail = rest[: after.start()], rest[after.start() :]
    kept = bisect_right(range(len(passage)), limit, key=lambda size: 1 + count(head + mark + passage[:size] + tail)) - 1
    return head + mark + passage[: max(kept, 0)] + tail
