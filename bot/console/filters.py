"""What of the queue is looked at: an address' question as a view, and the views that a person keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import cast, get_args
from urllib.parse import urlencode

from redis.asyncio import Redis

from moderation.cases import View
from moderation.cases.views import Holder
from moderation.keys import key
from moderation.types import CaseKind

NAME_LENGTH = 40
KEPT = 20
"""Views that a person keeps."""
TABS: Mapping[str, Mapping[str, str]] = {
    "all": {},
    "free": {"holder": "mine_or_free"},
    "mine": {"holder": "me"},
    "given": {"assigned": "me"},
    "late": {"late": "1"},
    "asleep": {"asleep": "1"},
}
"""The views that everybody has, by the console's words for them under `[view]`, and what their addresses ask."""
_WORDS = ("clause", "channel", "text", "platform")


def asked(query: Mapping[str, str]) -> dict[str, str]:
    """The address' question without what it does not say, and without what means nothing."""
    known = {name: query.get(name, "").strip()[:200] for name in _WORDS}
    kind, holder, severity = query.get("kind", ""), query.get("holder", ""), query.get("severity", "")
    known["kind"] = kind if kind in get_args(CaseKind) else ""
    known["holder"] = holder if holder in get_args(Holder) else ""
    known["severity"] = severity if severity in "2345" and severity else ""
    known["assigned"] = "me" if query.get("assigned") else ""
    known["late"], known["asleep"] = ("1" if query.get(name) else "" for name in ("late", "asleep"))
    return {name: text for name, text in known.items() if text}


def view(wanted: Mapping[str, str], by: str) -> View:
    """What `asked` found as a view of this person."""
    return View(
        kind=cast(CaseKind | None, wanted.get("kind")),
        clause=wanted.get("clause", ""),
        severity=int(wanted.get("severity", "1")),
        holder=cast(Holder, wanted.get("holder", "")),
        channel=wanted.get("channel", ""),
        text=wanted.get("text", ""),
        assigned=by if "assigned" in wanted else "",
        asleep="asleep" in wanted,
        late="late" in wanted,
        platform=wanted.get("platform", ""),
    )


def address(wanted: Mapping[str, str]) -> str:
    """The queue's address that asks this."""
    return f"/?{urlencode(sorted(wanted.items()))}" if wanted else "/"


class SavedViews:
    """The views that people keep, by their names."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def of(self, community: str, person: str) -> dict[str, str]:
        """A person's views: their addresses by name."""
        rows = cast(Awaitable[dict[str, str]], self._redis.hgetall(_key(community, person)))
        return dict(sorted((await rows).items()))

    async def keep(self, community: str, person: str, name: str, wanted: Mapping[str, str]) -> bool:
        """Keep a view under a name, or another one under the same name. False when there are too many."""
        held = await self.of(community, person)
        if len(held) >= KEPT and name not in held:
            return False
        await self._redis.hset(_key(community, person), name, address(wanted))
        return True

    async def drop(self, community: str, person: str, name: str) -> None:
        """Keep it no more."""
        await self._redis.hdel(_key(community, person), name)


def _key(community: str, person: str) -> str:
    return key(community, "views", person)
