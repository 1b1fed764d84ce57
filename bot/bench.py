"""The bench: who judges in each community. It follows the policy book, so that a change needs no restart."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

import structlog

from bot.stream import OUTAGE
from moderation.judging.classifier import Classifier
from moderation.judging.judge import Judge
from moderation.policy import PolicyError, parse
from moderation.policy.book import FILE, InForce, PolicyBook

LOOK_S = 1.0
"""Seconds between two looks into the policy book, per community."""

log = structlog.get_logger()


class Sitting(NamedTuple):
    """The judge of a community, and the one whose policy runs in shadow beside it."""

    judge: Judge
    shadow: Judge | None = None


class _Chosen(NamedTuple):
    """The versions that a community chose, and the house's that is in force: FILE for none that is stored."""

    own: InForce
    house: str = FILE

    def versions(self) -> set[str]:
        return {*self.own, self.house}


class _Seat(NamedTuple):
    """A community's sitting, what the book said when it was made, and when the book was last looked into."""

    sitting: Sitting
    chosen: _Chosen
    looked: float


class Bench:
    """The judges of all communities: by a community's own stored policy, or the house's, or the settings' file.

    `judge` judges by that file, `house` is the community that the others inherit from. A judge is made once per
    version, whichever communities use it, and all share one classifier.
    """

    def __init__(
        self, judge: Judge, book: PolicyBook, classifier: Classifier, *, house: str = "", look_s: float = LOOK_S
    ) -> None:
        self._file = judge
        self._house = house
        self._book = book
        self._classifier = classifier
        self._look_s = look_s
        self._seats: dict[str, _Seat] = {}
        self._judges: dict[str, Judge] = {}
        self._unusable: set[str] = set()  # versions that were told of: once is enough
        self._looking = asyncio.Lock()

    async def sitting(self, community: str) -> Sitting:
        """Who judges now. While Redis is away the last known ones do; raises its fault when there are none yet."""
        if seat := self._fresh(community):
            return seat.sitting
        async with self._looking:
            seat = self._fresh(community) or await self._look(community, self._seats.get(community))
            self._seats[community] = seat
        return seat.sitting

    def _fresh(self, community: str) -> _Seat | None:
        seat = self._seats.get(community)
        return seat if seat and time.monotonic() - seat.looked < self._look_s else None

    async def _look(self, community: str, known: _Seat | None) -> _Seat:
        now = time.monotonic()
        try:
            chosen = await self._chosen(community)
            if known and chosen == known.chosen:
                return known._replace(looked=now)
            own = await self._judge(community, chosen.own.live)
            live = own or await self._judge(self._house, chosen.house) or self._file
            sitting = Sitting(live, await self._judge(community, chosen.own.shadow))
        except OUTAGE:
            if known is None:
                raise
            return known._replace(looked=now)
        if known or chosen != _Chosen(InForce()):
            self._tell(community, sitting, inherited=own is None)
        used = {FILE}.union(*(seat.chosen.versions() for name, seat in self._seats.items() if name != community))
        self._judges = {name: judge for name, judge in self._judges.items() if name in used | chosen.versions()}
        return _Seat(sitting, chosen, now)

    async def _chosen(self, community: str) -> _Chosen:
        own = await self._book.in_force(community)
        if self._house in ("", community):
            return _Chosen(own)
        return _Chosen(own, (await self._book.in_force(self._house)).live)

    async def _judge(self, community: str, version: str) -> Judge | None:
        """The judge of a stored version; None for FILE, and for a text that is no policy (any more)."""
        if version == FILE:
            return None
        if version not in self._judges:
            try:
                stored = await self._book.get(community, version)
                policy = parse(stored.text, f"policy version {version}")
            except PolicyError as fault:
                if version not in self._unusable:
                    self._unusable.add(version)
                    mend = "mend the file and `xiaoer policy set` it again"
                    log.error("a stored policy cannot be used", community=community, fault=str(fault), mend=mend)
                return None
            self._judges[version] = await asyncio.to_thread(Judge, policy, self._classifier)
        return self._judges[version]

    def _tell(self, community: str, sitting: Sitting, *, inherited: bool) -> None:
        """Tell the operator which policy is in force from now on, what runs beside it, and the way back."""
        told = {"policy": stamp(sitting.judge)}
        if sitting.shadow:
            told["shadow"] = stamp(sitting.shadow)
        if sitting.judge is not self._file:
            house_s = inherited or self._house in ("", community)
            told["back"] = "xiaoer policy rollback file" if house_s else "/policy rollback file, in its chat"
        log.info("policy in force", community=community, **told)


def stamp(judge: Judge) -> str:
    """A judge's policy as its verdicts name it: `name@version`."""
    return f"{judge.policy.name}@{judge.policy.version}"
