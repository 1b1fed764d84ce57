"""Who talks with whom: what keeps the bot out of a talk between people, and which messages are one question.

Everything here goes by what was said and when, by the chat's own clock; nothing looks into Redis.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote

import re2
from pydantic import AwareDatetime

from bot.answering.questions import Speech, speech
from moderation.keys import key
from moderation.types import Message, Noun

TALK = timedelta(minutes=3)
"""How long two people who spoke in turns are taken to be talking."""
LEAD = timedelta(seconds=10)
"""The pause that may lie between an opening ("one question") and the question it opens."""
FOLLOW_S = 600
"""Seconds that a question may lean on the one before: also how long a member's unanswered words are kept."""

_SPOKEN_TO = re2.compile(r"(?i)(?:^|[^\w.])[@＠]\s?(\S+)")
_BOT = re2.compile(r"(?i)^(xiaoer|小二)")


class Question(Noun):
    """What waits for the answer room: a message for the bot. `earlier` is what it replies to, its author's own words.

    `unasked` says that nobody spoke to the bot; `heard_at` is when the judge let it pass, by the house's clock.
    """

    message: Message
    unasked: bool = False
    earlier: str = ""
    heard_at: AwareDatetime


class Burst(NamedTuple):
    """What a member said in one breath, oldest first, each message as it now stands."""

    parts: tuple[Message, ...]

    @property
    def last(self) -> str:
        """The last part's key."""
        return self.parts[-1].key if self.parts else ""


def same_speaker(one: Message, other: Message) -> bool:
    """Whether both are one member's words in one channel."""
    places = (one.place.platform, one.place.channel), (other.place.platform, other.place.channel)
    return places[0] == places[1] and one.author.id == other.author.id


def is_near(message: Message, at: datetime) -> bool:
    """Whether a message may lean on what its author asked then."""
    return 0 <= (message.sent_at - at).total_seconds() <= FOLLOW_S


def own_key(message: Message, name: str) -> str:
    """The key of a thing that a member has in a channel. Ids may hold a colon: quoted, no two members share a key."""
    parts = (message.place.platform, message.place.channel, message.author.id)
    return key(message.place.community, name, *(quote(part, safe="") for part in parts))


def own_earlier(message: Message, recent: Sequence[Message]) -> str:
    """The text that a member replies to, when it is the member's own."""
    return next((said.text for said in reversed(recent) if _replied(message, said) and same_speaker(said, message)), "")


def between_people(message: Message, recent: Sequence[Message]) -> bool:
    """Whether the message is a part of a talk between two people: the bot then keeps out, unless it is spoken to.

    A reply to a message that is not known any more counts as a reply to another member.
    """
    said = [one for one in recent if _in_channel(one, message) and one.key != message.key]
    if message.reply_to and not own_earlier(message, said):
        return True
    others = {one.author.name for one in said if one.author.id != message.author.id}
    return _names_another(message.text, others) or _alternate(message, said)


def _in_channel(one: Message, other: Message) -> bool:
    return (one.place.platform, one.place.channel) == (other.place.platform, other.place.channel)


def _replied(message: Message, said: Message) -> bool:
    return message.reply_to is not None and said.id == message.reply_to and _in_channel(said, message)


def _names_another(text: str, names: set[str]) -> bool:
    """Whether a text calls another than the bot: by an @, or by a name that opens or closes it, set off by a comma."""
    if any(not _BOT.search(name) for name in _SPOKEN_TO.findall(text)):
        return True
    opening, closing = re2.split(r"[,，:：、]", text.strip(), maxsplit=1)[0], re2.split(r"[,，]", text.strip())[-1]
    called = {opening.strip().casefold(), closing.strip(" ?？!！.。~").casefold()} - {text.strip().casefold()}
    return any(name.strip().casefold() in called for name in names if len(name.strip()) > 1)


def _alternate(message: Message, said: Sequence[Message]) -> bool:
    """Whether two members speak in turns: the author, another who says something to it, and the author again.

    Another's own question is no such turn: in a help channel people ask one after the other.
    """
    lately = [one for one in said if timedelta(0) <= message.sent_at - one.sent_at <= TALK]
    mine = message.author.id
    if len({one.author.id for one in lately} | {mine}) != 2:
        return False
    turns = [one.author.id for one in lately if one.author.id == mine or not _for_the_bot(one)]
    changes = [after for before, after in pairwise([*turns, mine]) if before != after]
    return len(changes) >= 2


def _for_the_bot(said: Message) -> bool:
    return said.addressed or (not said.reply_to and speech(said.text) is Speech.QUESTION)


def gathered(message: Message, heard: Sequence[tuple[Message, bool]], burst_s: float) -> Burst | None:
    """The burst that a question closes, from what its author said in the channel and no answer took up yet.

    Each of `heard` says whether it went to the answer room itself.
    None when a later part of the burst went to the answer room too: that one speaks for all. What follows the question
    comes within `burst_s` seconds of the part before; what opened it may lie a little further back.
    """
    first: dict[str, datetime] = {}
    latest: dict[str, Message] = {}
    asked: dict[str, int] = {}
    for said, went in heard:
        if not same_speaker(said, message) or (said.edit and said.id not in {*latest, message.id}):
            continue  # an edit of what was answered before is no part of anything
        first.setdefault(said.id, said.sent_at)
        latest[said.id] = said
        if went:
            asked[said.id] = said.edit
    if message.id not in latest:
        return Burst((message,))
    if asked.get(message.id, 0) > message.edit:
        return None
    ids, pause = list(latest), timedelta(seconds=burst_s)
    start = end = ids.index(message.id)
    while end + 1 < len(ids) and first[ids[end + 1]] - first[ids[end]] <= pause:
        end += 1
        if ids[end] in asked:
            return None
    while start and first[ids[start]] - first[ids[start - 1]] <= max(LEAD, pause):
        start -= 1
    return Burst(tuple(latest[id_] for id_ in ids[start : end + 1]))
