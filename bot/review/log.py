"""What the policy did by itself, shown at the moderators' desk: quietly, and so that a raid does not flood it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Sequence
from importlib.resources import files
from typing import cast

from bot.groups.communities import Communities, Community
from bot.stream import OUTAGE, Streams, saying
from bot.words import words
from moderation.keys import Write, key
from moderation.types import Case, Place, Say

CARDS = 20
"""Cards of settled cases that a desk gets within an hour; one more card counts the rest."""
NEWS_S = 3600
"""Seconds after which a decision that nobody saw at the desk is no news there any more."""
MINUTE_S = 60
TICK_S = 5
NAMED = 5
"""Cases that the card of the rest names, the latest ones."""
STALE = "x:desk:stale"
"""The set of the cards that count fewer than there are, as `community hour`."""


class DeskLog:
    """Counts what is shown, in the streams' Redis."""

    def __init__(self, streams: Streams, communities: Communities) -> None:
        redis = self._redis = streams.redis
        self._streams = streams
        self._communities = communities
        self._reserve = redis.register_script((files("bot") / "scripts" / "reserve.lua").read_text("utf-8"))

    async def run(self) -> None:
        """Keep the cards that count the rest true, until cancelled. In an outage they wait."""
        while True:
            with contextlib.suppress(*OUTAGE):
                await self.tick()
            await asyncio.sleep(TICK_S)

    async def has_room(self, case: Case) -> bool:
        """Whether the case may have a card of its own; the same answer whenever it is asked about again."""
        return bool(await self._reserve(keys=[key(case.community, "desk_log")], args=[case.id, NEWS_S, CARDS]))

    async def counting(self, case: Case, community: Community, desk: Place) -> Sequence[Write]:
        """The writes that count a case without a card of its own; the first of an hour gets the card that counts them.

        The others mark that card as stale, for `tick` to bring up to date.
        """
        hour = int(time.time() // NEWS_S)
        rest = _rest(community.name, hour)
        pipe = self._redis.pipeline(transaction=True)
        pipe.zadd(rest, {case.id: time.time()}, nx=True)
        pipe.expire(rest, 2 * NEWS_S)
        pipe.zrange(rest, 0, 0)
        *_, first = await pipe.execute()
        if first != [case.id]:
            await self._redis.sadd(STALE, f"{community.name} {hour}")
            return ()
        said = Say(id=f"{case.id}:rest", place=desk, text=_told(community, [case.id], 1), kind="notice", quiet=True)
        kept = said.model_copy(update={"text": ""}).model_dump_json()
        return [
            saying(said),
            ("SET", _card(community.name, hour), kept, "EX", str(2 * NEWS_S)),
            ("SET", _paused(community.name), "1", "EX", str(MINUTE_S)),
        ]

    async def tick(self) -> None:
        """Edit the cards that are stale, each community's once a minute."""
        for stale in await cast(Awaitable[set[str]], self._redis.smembers(STALE)):
            name, _, hour = stale.partition(" ")
            if await self._redis.set(_paused(name), "1", nx=True, ex=MINUTE_S):
                await self._edit(stale, name, int(hour))

    async def _edit(self, stale: str, name: str, hour: int) -> None:
        found = await self._redis.get(_card(name, hour))
        number = await self._redis.zcard(_rest(name, hour))
        if found:
            card, community = Say.model_validate_json(found), await self._communities.get(name)
            latest = await self._redis.zrange(_rest(name, hour), 0, NAMED - 1, desc=True)
            text = _told(community, cast(list[str], latest), number)
            edit = card.model_copy(update={"id": f"{card.id}:{number}", "text": text, "edits": card.id})
            await self._streams.write(saying(edit))
        await self._redis.srem(STALE, stale)
        if found and await self._redis.zcard(_rest(name, hour)) != number:  # more came while the mark was taken away
            await self._redis.sadd(STALE, stale)


def is_news(case: Case) -> bool:
    """Whether the policy settled the case by itself a while ago at most, and it stands with all its words."""
    decision = case.decision
    if decision is None or decision.by != "policy" or case.reversal or case.subject.forgotten:
        return False
    return time.time() - decision.at.timestamp() <= NEWS_S


def _told(community: Community, latest: Sequence[str], number: int) -> str:
    return words(community.lang)("card.rest", n=number, cases=" ".join(latest))


def _rest(community: str, hour: int) -> str:
    return key(community, "desk_rest", str(hour))


def _card(community: str, hour: int) -> str:
    return key(community, "desk_rest", str(hour), "card")


def _paused(community: str) -> str:
    return key(community, "desk_rest", "paused")
