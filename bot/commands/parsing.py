"""Reading a command as people type it: /queue, /queue@bot, a full-width ／, and the Chinese names, /举报 他发广告."""

from __future__ import annotations

from typing import NamedTuple

import re2

from bot.commands.table import COMMANDS, Command
from bot.knowledge.documents import guess_lang
from moderation.errors import XiaoerError
from moderation.types import Lang

_TYPED = re2.compile(r"(?s)^\s*[/／](?:([A-Za-z]+)(?:@\w+)?((?:[\s:：,，]|\p{Han}).*)?|(\p{Han}.*))$")
_EDGES = " \t\r\n:：,，"
_HAN = re2.compile(r"\p{Han}+")
CASE_NAME = re2.compile(r"\b[1-9A-HJ-NP-Z]{8}(?:-\d+)?\b")
"""A case's name as the bot writes it."""
_CASE = re2.compile(r"^\W*([1-9A-HJ-NP-Za-hj-np-z]{8}(?:-\d+)?)\b[\s:：,，]*(?s:(.*))$")


class CommandError(XiaoerError):
    """A command that cannot be carried out as typed."""


class Typed(NamedTuple):
    """A command with the words behind its name."""

    command: Command
    words: str


def parsed(text: str) -> Typed | None:
    """The command that a text is, or None. An unknown name is none: it may be another bot's."""
    found = _TYPED.search(text)
    if found is None:
        return None
    name, rest, chinese = found.groups()
    if name:
        command = COMMANDS.get(name.lower())
        return Typed(command, (rest or "").strip(_EDGES)) if command else None
    return _chinese(chinese)


def is_appeal(text: str) -> bool:
    """Whether a text appeals against a decision: what a member may write who may write nothing else."""
    typed = parsed(text)
    return typed is not None and typed.command.name == "appeal"


def _chinese(text: str) -> Typed | None:
    """Chinese is written without spaces: the longest name that the text begins with."""
    run = _HAN.match(text).group()
    for length in range(len(run), 0, -1):
        if command := COMMANDS.get(run[:length]):
            return Typed(command, text[length:].strip(_EDGES))
    return None


def case_and_words(text: str) -> tuple[str, str]:
    """`7KQF2M9D some words` in its parts. Raises CommandError where no case is named."""
    found = _CASE.search(text)
    if found is None:
        raise CommandError("no case is named; write its 8 letters and digits, such as 7KQF2M9D")
    return named_case(text), str(found.group(2)).strip()


def named_case(text: str) -> str:
    """The case that a text begins with, or ""."""
    found = _CASE.search(text)
    return str(found.group(1)).upper() if found else ""


def spoken_in(text: str, words: str) -> Lang | None:
    """The language that a command is typed in; None where names and numbers say nothing of it."""
    if _HAN.search(words):
        return guess_lang(str(CASE_NAME.sub("", words)))  # a case's name is of no language
    if _HAN.search(text):
        return "zh"
    return "en" if len(words.split()) > 2 else None
