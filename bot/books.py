"""The books of the house: what the router, the commands and the moderators' desk read, over one Redis."""

from __future__ import annotations

from typing import NamedTuple

from bot.answering.feedback import FeedbackBook
from bot.groups.channels import Channels
from bot.groups.communities import Communities
from bot.groups.personal import Personal
from bot.history import History
from bot.stream import Streams
from moderation.cases import CaseBook
from moderation.members import MemberBook
from moderation.policy.book import PolicyBook


class Books(NamedTuple):
    """Everything that is kept, by what it is about."""

    streams: Streams
    cases: CaseBook
    members: MemberBook
    history: History
    communities: Communities
    channels: Channels
    policies: PolicyBook
    feedback: FeedbackBook
    personal: Personal


def open_books(streams: Streams, cases: CaseBook, communities: Communities) -> Books:
    """The books on the streams' own client."""
    redis = streams.redis
    return Books(
        streams,
        cases,
        MemberBook(redis),
        History(redis),
        communities,
        Channels(redis),
        PolicyBook(redis),
        FeedbackBook(redis),
        Personal(redis, cases),
    )
