"""What may be wrong with a policy: each fault by its code, in English for the command line.

A chat has its own words for the same codes in each language; a test holds both tables to be complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

ENGLISH: Final[Mapping[str, str]] = {
    # Keys and their values.
    "unknown_key": 'unknown key "{key}"{mend}',
    "missing": '"{key}" is missing; add it (default.toml explains it)',
    "not_known": '"{key}": "{given}" is not known{mend}',
    "at": '"{key}": {what}',
    "greater": "must be greater than {limit}; got {given}, change it",
    "at_least": "must be greater than or equal to {limit}; got {given}, change it",
    "less": "must be less than {limit}; got {given}, change it",
    "at_most": "must be less than or equal to {limit}; got {given}, change it",
    "whole_number": "must be a whole number; got {given}, change it",
    "number": "must be a valid number; got {given}, change it",
    "yes_or_no": "must be true or false; got {given}, change it",
    "text": "must be a text in double quotes; got {given}, change it",
    "list": "must be a list in square brackets; got {given}, change it",
    "table": "must be a table of keys; got {given}, change it",
    "too_short": "is too short, {limit} at least; got {given}, change it",
    "too_long": "is too long, {limit} at most; got {given}, change it",
    "unusable": "cannot be used; got {given}, change it",
    # What the values mean.
    "step_unknown": '"{given}" is no step: write "warn", "remove", "timeout 1h" (s, m, h or d), '
    '"mute", "kick" or "ban"',
    "step_length": '"{given}" is outside what chats allow: take 30s to 28d',
    "clause_unknown": '"{given}" is no clause{mend}',
    "clause_absent": 'policy "{policy}" has no clause "{given}"{mend}',
    "score_above_one": 'no score is above 1: write a number up to 1, or "never"',
    "thresholds_crossed": "review_at is above act_at: give act_at the larger number",
    "duration_unknown": '"{given}" is no length of time: write "15m", "4h" or "1d"',
    "duration_length": '"{given}" is outside of what makes sense here: take 1m to 7d',
    "hours_unknown": '"{given}" are no hours: write "Mon-Fri 09:00-18:00" or "Sat 10:00-14:00"',
    "hours_length": '"{given}" is less than an hour of one day: end later, at 24:00 at the latest',
    "zone_unknown": '"{given}" is no time zone{mend}',
    "step_for_one": '"{given}" needs no two people; take one of {choices}',
    # The whole text.
    "not_toml": "is not TOML: {what}; mend the line (texts stand in double quotes)",
    "unreadable": "cannot be read ({why}); give the path of a policy file",
    "not_utf8": "is not UTF-8 text (byte {byte}); save it as UTF-8",
    "extends_unknown": 'extends = "{given}" is not known; write extends = "default", or leave it out',
    "stray_dots": '"{key}": "..." has no packaged list to stand for; write the list out, '
    'or begin the file with extends = "default"',
    # Its versions.
    "version_several": "policy version {version}: several begin so: {found}; see `xiaoer policy versions`",
    "version_none": "policy version {version}: there is none of this name; see `xiaoer policy versions`",
    "note_long": "the note has {length} characters; shorten it to {limit}",
    "live_already": "policy version {version} is in force already; nothing is left to try in shadow",
    "none_before": "no policy was in force before this one; name a version, or `file` for the settings'",
    "moved_first": "another change came first, in force is now {version}; look at it and repeat the command",
    "no_shadow": "no policy runs in shadow; start one with `xiaoer policy shadow FILE`",
    # The ends of the sentences above.
    "meant": '; did you mean "{word}"?',
    "one_of": "; take one of {choices}",
    "drop": "; remove it",
    "zone_such_as": "; write one such as Asia/Shanghai",
}


class Fault(NamedTuple):
    """One thing that is wrong: its code, what its words name, and the place `FILE:LINE`, where it has one."""

    code: str
    fields: Mapping[str, str | int | Fault] = {}
    where: str = ""

    def __str__(self) -> str:
        text = worded(self, ENGLISH)
        return f"{self.where}: {text}" if self.where else text


class Unfit(ValueError):  # noqa: N818 - reads as what it tells
    """A value that a policy cannot have; pydantic gathers them. The message is in English."""

    def __init__(self, code: str, **fields: str | int | Fault) -> None:
        self.fault = Fault(code, fields)
        super().__init__(str(self.fault))


def worded(fault: Fault, table: Mapping[str, str]) -> str:
    """The fault in the words of a table, without its place; a fault within it too."""
    fields = {name: worded(part, table) if isinstance(part, Fault) else part for name, part in fault.fields.items()}
    return table[fault.code].format(**fields)
