"""The streams that carry the house: messages, questions, decisions, votes and effects, as Redis Streams.

Each stream of a community has one holder at a time, by a lease. What a holder's work leads to is written in one
transaction with the acknowledgement, and only while the lease holds: a process that was killed, or that slept too long,
can neither lose an entry nor have it done twice. Order holds per channel (of questions: per member in a channel, of
votes: per answer); channels run side by side.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Awaitable, Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.answering.talk import Question
from bot.groups.happenings import Membership, Press
from moderation.errors import XiaoerError
from moderation.keys import COMMUNITIES, Write, check_community, key
from moderation.types import Enforce, Message, Say, Vote

GROUP = "xiaoer"
LANES = 4
"""Streams of messages per community. A channel keeps to one lane, so several workers share a large community. Fixed,
because another number would reorder what is under way."""
TRIES = 5
"""Attempts at an entry before it goes to the dead letters."""
SEEN_S = 3 * 24 * 3600
"""Seconds a delivery is remembered. Telegram redelivers for 24 hours, Discord on a resume within minutes."""

OUTAGE = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError)
"""Faults of the server and of nothing else: the house holds and tries again, and no entry is blamed for them."""

Kind = str
MESSAGES: Kind = "messages"
QUESTIONS: Kind = "questions"
DECISIONS: Kind = "decisions"
VOTES: Kind = "votes"
PRESSES: Kind = "presses"
MEMBERSHIPS: Kind = "memberships"
CARDS: Kind = "cards"
"""Cases whose cards at the moderators' desk are to be brought up to date."""
EFFECTS: Kind = "effects"
ENFORCEMENTS: Kind = "enforcements"
"""Apart from what is said, so that no queue of words ever holds up an enforcement."""


class Outdated(XiaoerError):  # noqa: N818 - reads as what it tells
    """What an entry leads to was found out from what has changed meanwhile: it is to be found out again."""


class Entry(NamedTuple):
    """One entry under way. `order` names the channel, for a question its author too, for a vote the answer: entries of
    one order are handled one after the other."""

    stream: str
    id: str
    order: str
    body: str

    @property
    def community(self) -> str:
        """The community whose stream it is: the key's hash tag."""
        return self.stream[self.stream.index("{") + 1 : self.stream.index("}")]


class DeadLetter(NamedTuple):
    """An entry that failed TRIES times, put aside for a person. `id` is its own, in the dead letters."""

    id: str
    stream: str
    order: str
    body: str
    error: str


_OUTDATED = 2
"""What the script of a commit answers where an expectation does not hold."""
_SINGLE = (DECISIONS, VOTES, PRESSES, MEMBERSHIPS, CARDS)


def lane(channel: str) -> str:
    """The lane of a channel: the same on every machine and in every version."""
    return str(zlib.crc32(channel.encode()) % LANES)


def names(community: str, kinds: Iterable[Kind]) -> list[str]:
    """The streams of a community of these kinds; a kind like `effects:web` names one stream itself."""
    lanes = [str(number) for number in range(LANES)]
    parted = {MESSAGES: lanes, QUESTIONS: lanes, **{kind: ["0"] for kind in _SINGLE}}
    found = []
    for kind in kinds:
        parts = parted.get(kind)
        found += [key(community, kind, part) for part in parts] if parts else [key(community, kind)]
    return found


def saying(effect: Say | Enforce) -> Write:
    """The write that hands an effect to its platform's gateway."""
    place = effect.place
    stream = key(place.community, EFFECTS if isinstance(effect, Say) else ENFORCEMENTS, place.platform)
    return ("XADD", stream, "*", "order", place.channel, "body", effect.model_dump_json())


def asking(question: Question) -> Write:
    """The write that leaves a question to the answer room, so that a slow model never holds up the judge.

    Order holds per member: while one may still be typing, another gets an answer.
    """
    place, member = question.message.place, question.message.author.id
    stream = key(place.community, QUESTIONS, lane(place.channel))
    return ("XADD", stream, "*", "order", f"{place.channel} {member}", "body", question.model_dump_json())


def voting(vote: Vote) -> Write:
    """The write that leaves a vote to the worker, in order with the others on the same answer."""
    return ("XADD", key(vote.community, VOTES, "0"), "*", "order", vote.answer, "body", vote.model_dump_json())


def pressing(press: Press) -> Write:
    """The write that leaves a pressed button to the worker, in order with the others on the same card."""
    stream = key(press.place.community, PRESSES, "0")
    return ("XADD", stream, "*", "order", f"{press.place.channel} {press.card}", "body", press.model_dump_json())


def happening(change: Membership) -> Write:
    """The write that leaves a change of who is in a chat to the worker, in order with the others there."""
    stream = key(change.place.community, MEMBERSHIPS, "0")
    return ("XADD", stream, "*", "order", change.place.channel, "body", change.model_dump_json())


class Streams:
    """Everything that the house does to its streams, on a client with `decode_responses=True, protocol=2`."""

    def __init__(self, redis: Redis, *, lease_s: float = 6.0) -> None:
        scripts = files("bot") / "scripts"
        self.redis = redis
        self.lease_s = lease_s
        self._put = (scripts / "put.lua").read_text("utf-8")
        self._lease = redis.register_script((scripts / "lease.lua").read_text("utf-8"))
        self._commit = redis.register_script((scripts / "commit.lua").read_text("utf-8"))

    async def register(self, community: str) -> None:
        """Make a community known to all workers and gateways. Raises XiaoerError for an unusable name."""
        await self.redis.sadd(COMMUNITIES, check_community(community))

    async def communities(self) -> list[str]:
        """The known communities, in alphabetical order."""
        return sorted(await cast(Awaitable[set[str]], self.redis.smembers(COMMUNITIES)))

    async def put(self, message: Message) -> bool:
        """Put a message on its stream; False when this very delivery was put before."""
        pipe = self.redis.pipeline(transaction=False)
        self.put_on(pipe, message)
        return bool((await pipe.execute())[0])

    def put_on(self, pipe: Pipeline, message: Message) -> None:
        """The same as a part of the caller's own transaction."""
        place = message.place
        seen = key(place.community, "seen", message.key)
        stream = key(place.community, MESSAGES, lane(place.channel))
        pipe.eval(self._put, 2, seen, stream, message.model_dump_json(), place.channel, str(SEEN_S))

    async def vote(self, vote: Vote) -> None:
        """Put a vote on its stream. The same one again changes nothing."""
        pipe = self.redis.pipeline(transaction=False)
        pipe.execute_command(*voting(vote))
        await pipe.execute()

    async def write(self, write: Write) -> None:
        """Perform one write by itself."""
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.execute_command(*write)
            await pipe.execute()

    async def lease(self, stream: str, owner: str) -> bool:
        """Take or renew the hold of a stream; False while another process has it."""
        return bool(await self._lease(keys=[_lease(stream)], args=[owner, int(self.lease_s * 1000)]))

    async def ready(self, stream: str) -> None:
        """Make the stream and its group when they are new."""
        try:
            await self.redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
        except ResponseError as fault:
            if not str(fault).startswith("BUSYGROUP"):
                raise

    async def release(self, stream: str, owner: str) -> None:
        """Give a stream up at once, so that the next holder need not wait for the lease to run out."""
        await self._lease(keys=[_lease(stream)], args=[owner, 0])

    async def pending(self, stream: str, after: str, count: int) -> list[Entry]:
        """Entries that an earlier holder left unfinished, oldest first, later than the id `after`.

        All holders read under one consumer name: the lease already tells them apart, and nothing needs claiming.
        """
        return _entries(await self.redis.xreadgroup(GROUP, "holder", {stream: after}, count=count))

    async def fresh(self, streams: Sequence[str], count: int, block_ms: int) -> list[Entry]:
        """New entries of the streams held; waits up to `block_ms` for one."""
        answer = await self.redis.xreadgroup(GROUP, "holder", dict.fromkeys(streams, ">"), count=count, block=block_ms)
        return _entries(answer)

    async def attempt(self, entry: Entry) -> int:
        """Count an attempt at an entry and return how many there were; the count outlives a killed process."""
        return await self.redis.hincrby(f"{entry.stream}:tries", entry.id, 1)

    async def commit(self, entry: Entry, owner: str, writes: Sequence[Write]) -> bool:
        """Perform the writes and acknowledge the entry, all or nothing; False when the lease or the entry is gone.

        Raises Outdated where an expectation among the writes, `("EXPECT", answer, command…)`, does not hold.
        """
        keys = [_lease(entry.stream), entry.stream, f"{entry.stream}:tries"]
        done = await self._commit(keys=keys, args=[owner, GROUP, entry.id, json.dumps(writes)])
        if done == _OUTDATED:
            raise Outdated(f"entry {entry.id} of {entry.stream}: something has changed meanwhile; handle it again")
        return bool(done)

    async def bury(self, entry: Entry, owner: str, error: str) -> bool:
        """Put an entry aside with its error, and let the rest go on."""
        dead = key(entry.community, "dead")
        fields = ("stream", entry.stream, "order", entry.order, "body", entry.body, "error", error)
        return await self.commit(entry, owner, [("XADD", dead, "*", *fields)])

    async def dead_letters(self, community: str) -> list[DeadLetter]:
        """What was put aside, oldest first."""
        rows = cast(list[tuple[str, dict[str, str]]], await self.redis.xrange(key(community, "dead")))
        return [DeadLetter(id_, *(fields[name] for name in DeadLetter._fields[1:])) for id_, fields in rows]

    async def revive(self, community: str, id_: str) -> DeadLetter:
        """Put a dead letter back on its stream. Raises XiaoerError when there is none of this id."""
        letters = [letter for letter in await self.dead_letters(community) if letter.id == id_]
        if not letters:
            raise XiaoerError(f"dead letter {id_}: there is none in {community}; see `xiaoer dead-letters list`")
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.xadd(letters[0].stream, {"order": letters[0].order, "body": letters[0].body})
            pipe.xdel(key(community, "dead"), id_)
            await pipe.execute()
        return letters[0]

    async def backlog(self, community: str) -> dict[str, int]:
        """How many entries each kind of stream holds, done ones excepted (those are deleted when acknowledged)."""
        kinds = (MESSAGES, QUESTIONS, DECISIONS, VOTES, PRESSES, MEMBERSHIPS, CARDS, "dead")
        pipe = self.redis.pipeline(transaction=False)
        for stream in (all_names := {kind: names(community, [kind]) for kind in kinds}).values():
            for name in stream:
                pipe.xlen(name)
        lengths = iter(await pipe.execute())
        return {kind: sum(next(lengths) for _ in all_names[kind]) for kind in kinds}


def _lease(stream: str) -> str:
    return f"{stream}:lease"


def _entries(answer: object) -> list[Entry]:
    """Entries of an XREADGROUP answer (protocol 2). One that was deleted meanwhile comes with an empty body."""
    pages = cast(list[tuple[str, list[tuple[str, dict[str, str] | None]]]], answer)
    return [
        Entry(stream, id_, (fields or {}).get("order", ""), (fields or {}).get("body", ""))
        for stream, rows in pages
        for id_, fields in rows
    ]
