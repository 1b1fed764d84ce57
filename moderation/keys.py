"""The names of everything kept in Redis, and the shape of a write.

All keys of one community share a hash tag, `x:{community}:…`, so that one transaction may touch them
on a Redis Cluster.
"""

from __future__ import annotations

import re

from moderation.errors import XiaoerError

Write = tuple[str, ...]
"""One Redis command with its arguments, for example `("SADD", key, member)`. A room returns writes and performs none:
the stream performs all writes of one message, or none of them, together with its acknowledgement. The stream knows
`("EXPECT", answer, command…)` too: where the command does not answer that, nothing is written, and all begins again."""

COMMUNITIES = "x:communities"
"""The set of all communities' names."""

_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


def key(community: str, *parts: str) -> str:
    """The key of a community's thing, for example `key("sample", "case", "7KQF2M9D")`."""
    return ":".join((f"x:{{{community}}}", *parts))


def check_community(name: str) -> str:
    """The name itself, when it may be part of a key; raises XiaoerError otherwise."""
    if not _NAME.fullmatch(name):
        raise XiaoerError(f"community {name!r}: use 1 to 64 of the letters a-z, A-Z, 0-9, '.', '_' and '-'")
    return name
