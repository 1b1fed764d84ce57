"""What was lately said in a community: context for the judge, for cases and for follow-up questions."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from moderation.keys import Write, key
from moderation.types import Message

KEPT = 100
"""Messages kept per community, over all its channels: enough to see a flood or an advertisement posted everywhere."""
LASTS = timedelta(days=1)
"""How long a quiet community's last messages are kept."""


def noting(message: Message) -> list[Write]:
    """The writes that add a message to what was lately said."""
    recent = key(message.place.community, "recent")
    return [
        ("LPUSH", recent, message.model_dump_json()),
        ("LTRIM", recent, "0", str(KEPT - 1)),
        ("EXPIRE", recent, str(int(LASTS.total_seconds()))),
    ]


class History:
    """Reads what `noting` wrote (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def recent(self, community: str) -> list[Message]:
        """The community's last messages, oldest first."""
        rows = await cast(Awaitable[list[str]], self._redis.lrange(key(community, "recent"), 0, -1))
        return [Message.model_validate_json(row) for row in reversed(rows)]
