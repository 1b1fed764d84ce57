"""What of the queue a person looks at. The server searches small fields; only the cases shown are read whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from redis.asyncio import Redis

from moderation.cases.reading import folded
from moderation.cases.scripts import script
from moderation.keys import key
from moderation.types import CaseKind

Holder = Literal["", "me", "free", "mine_or_free"]


class View(NamedTuple):
    """Which open cases are shown; what is left as it is lets all pass.

    `severity` is the least. `holder` is about who holds a case now: "mine_or_free" shows what one may go on with, which
    leaves out what was given to another or was passed by. `channel` is a channel's id, or its `platform:channel`, and
    `text` a part of the message, of its author's name or id, or of the case's name. `assigned` is whom a case was given
    to. `late` shows those past their time, `asleep` the sleeping ones alone, the first to wake first.
    """

    kind: CaseKind | None = None
    clause: str = ""
    severity: int = 1
    holder: Holder = ""
    channel: str = ""
    text: str = ""
    assigned: str = ""
    asleep: bool = False
    late: bool = False
    platform: str = ""


class Check(NamedTuple):
    """A field of the case's hash, how it is checked (`view.lua` has the words), and against what."""

    field: str
    how: str
    against: str = ""


def checks(view: View, by: str) -> list[Check]:
    """What a case must pass to be in a view of `by`."""
    wanted = (
        (view.kind, Check("kind", "is", view.kind or "")),
        (view.clause, Check("clause", "is", view.clause)),
        (view.severity > 1, Check("severity", "least", str(view.severity))),
        (view.channel, Check("place", "channel", view.channel)),
        (view.platform, Check("place", "platform", view.platform)),
        (view.text, Check("find", "holds", folded(view.text))),
        (view.assigned, Check("assigned_to", "is", view.assigned)),
        (view.late, Check("due", "past")),
    )
    return [*(check for is_wanted, check in wanted if is_wanted), *_held(view.holder, by)]


def _held(holder: Holder, by: str) -> Sequence[Check]:
    match holder:
        case "me":
            return (Check("claimed_by", "held_by", by),)
        case "free":
            return (Check("claimed_by", "held_by"),)
        case "mine_or_free":
            return (
                Check("claimed_by", "free_or_held_by", by),
                Check("assigned_to", "free_or", by),
                Check(f"skip:{by}", "is"),
            )
        case "":
            return ()


class Search:
    """Looks for cases of a community that wait, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._view = script(redis, "view")

    async def ids(
        self, community: str, wanted: Sequence[Check], limit: int, *, by: str, asleep: bool = False
    ) -> list[str]:
        """The first cases that pass all checks: the most urgent, or of those asleep the first to wake."""
        name = key(community, "asleep" if asleep else "queue")
        if not wanted:
            return cast(list[str], await self._redis.zrange(name, 0, limit - 1))
        told = [part for check in wanted for part in check]
        return cast(list[str], await self._view(keys=[name], args=[key(community, "case", ""), limit, by, *told]))
