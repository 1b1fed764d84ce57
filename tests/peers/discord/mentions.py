"""Whom the words of a message reach: its mentions, what the sender allowed, and what the sender may."""

from __future__ import annotations

import re
from typing import Any

from tests.peers.discord.nouns import Channel, Person
from tests.peers.discord.refusals import invalid

USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
MASS = re.compile(r"@(everyone|here)\b")


def reached(
    text: str, allowed: dict[str, Any] | None, channel: Channel, may_all: bool, answered: Person | None
) -> set[str]:
    """The ids of people and roles, "everyone" and "here" that the message pings.

    `allowed` is the form's allowed_mentions, None if it said nothing: then everything in the text pings. `may_all` is
    the right to mention everyone; `answered` the author of the message that this one replies to. Raises RefusalError.
    """
    parse = _parse(allowed)
    members = channel.guild.members if channel.guild else {}
    named = [one for one in USER.findall(text) if one in members or (channel.recipient and channel.recipient.id == one)]
    users = {one for one in named if "users" in parse or one in _listed(allowed, "users")}
    roles = {one for one in ROLE.findall(text) if "roles" in parse or one in _listed(allowed, "roles")}
    known = channel.guild.roles if channel.guild else {}
    pings = users | {one for one in roles if one in known and (known[one].mentionable or may_all)}
    if "everyone" in parse and may_all:
        pings |= set(MASS.findall(text))
    if answered is not None and (allowed is None or allowed.get("replied_user", False)):
        pings.add(answered.id)
    return pings


def _listed(allowed: dict[str, Any] | None, kind: str) -> list[str]:
    return [str(one) for one in (allowed or {}).get(kind, [])]


def _parse(allowed: dict[str, Any] | None) -> list[str]:
    """What is looked for in the text; naming a kind there and listing its ids as well is refused."""
    if allowed is None:
        return ["users", "roles", "everyone"]
    parse: list[str] = allowed.get("parse", [])
    for kind in ("users", "roles"):
        if kind in parse and allowed.get(kind):
            words = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise invalid("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)
        if len(_listed(allowed, kind)) > 100:
            raise invalid(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    return parse
