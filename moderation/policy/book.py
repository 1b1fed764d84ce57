"""The policies of each community in Redis: stored versions, the one in force, the one beside it, and who changed it.

With nothing stored the file of the settings is in force; `FILE` names that state. A text is checked before it is
stored, and each change is one atomic script, so that two operators at once leave one of both in force and both in the
log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Literal, NamedTuple, cast

from pydantic import AwareDatetime, Field
from redis.asyncio import Redis

from moderation.keys import key
from moderation.policy.clauses import PolicyError, parse
from moderation.policy.words import Fault
from moderation.seals import audit_key
from moderation.types import Noun

FILE = "file"
"""In the place of a version: none that is stored. In force is then the settings' file, or nothing beside it."""
NOTE_LENGTH = 500

Kind = Literal["set", "shadow", "rollback"]


class InForce(NamedTuple):
    """The version in force and the one in shadow beside it; FILE for none that is stored."""

    live: str = FILE
    shadow: str = FILE


class Stored(Noun):
    """A version: the full text of its file, and who stored it when and why."""

    version: str
    name: str
    text: str
    by: str
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    note: str = Field(default="", max_length=NOTE_LENGTH)


class Change(Noun):
    """An entry of the log: `kind` moved a community from `before` to `version`."""

    at: AwareDatetime
    kind: Kind
    version: str
    before: str
    by: str
    note: str


class Moved(NamedTuple):
    """What a change did: nothing when `before` and `now` are the same."""

    before: str
    now: str


class PolicyBook:
    """The policies of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        script = files("moderation") / "scripts" / "policy_change.lua"
        self._change = redis.register_script(script.read_text("utf-8"))

    async def set(self, community: str, text: str, *, where: str, by: str, note: str = "") -> Moved:
        """Store a text and put it in force; `where` names it in faults. Raises PolicyError, and changes nothing then.

        A version that ran in shadow ends there.
        """
        stored = _stored(text, where, by, note)
        return await self._move(community, "set", stored.version, by, note, stored=stored.model_dump_json())

    async def shadow(self, community: str, text: str, *, where: str, by: str, note: str = "") -> Moved:
        """Store a text and run it in shadow. Raises PolicyError, also when it is in force already."""
        stored = _stored(text, where, by, note)
        return await self._move(community, "shadow", stored.version, by, note, stored=stored.model_dump_json())

    async def end_shadow(self, community: str, by: str) -> Moved:
        """Let nothing run in shadow."""
        return await self._move(community, "shadow", FILE, by, "")

    async def rollback(self, community: str, to: str, *, by: str, note: str = "") -> Moved:
        """Put a stored version in force again, or FILE. Raises PolicyError when it is not stored."""
        return await self._move(community, "rollback", to, by, note)

    async def step_back(self, community: str, start: str, *, by: str, note: str = "") -> Moved:
        """Undo the latest change of what is in force: back to the version before, again and again to the first.

        `start` is the version that the caller saw in force: a repeated call, or one that another operator was ahead
        of, changes nothing and raises PolicyError, as does a call with nothing before.
        """
        return await self._move(community, "rollback", "before", by, note, start=start)

    async def in_force(self, community: str) -> InForce:
        """What is in force and what runs beside it."""
        fields = await cast(
            Awaitable[list[str | None]], self._redis.hmget(key(community, "policy"), list(InForce._fields))
        )
        return InForce(*(field or FILE for field in fields))

    async def get(self, community: str, version: str) -> Stored:
        """A stored version by its name or the beginning of it. Raises PolicyError when none or several fit."""
        rows = await cast(Awaitable[dict[str, str]], self._redis.hgetall(_key(community, "versions")))
        fitting = [name for name in rows if name.startswith(version)]
        if len(fitting) != 1:
            code = "version_several" if fitting else "version_none"
            raise PolicyError(Fault(code, {"version": version, "found": ", ".join(sorted(fitting))}))
        return Stored.model_validate_json(rows[fitting[0]])

    async def text(self, communities: Sequence[str], file: str) -> str:
        """The text in force: the first of these communities that has one of its own, or `file`."""
        for community in communities:
            live = (await self.in_force(community)).live
            if live != FILE:
                return (await self.get(community, live)).text
        return file

    async def versions(self, community: str) -> list[Stored]:
        """All stored versions, the oldest first."""
        rows = await cast(Awaitable[list[str]], self._redis.hvals(_key(community, "versions")))
        return sorted((Stored.model_validate_json(row) for row in rows), key=lambda stored: stored.at)

    async def log(self, community: str) -> list[Change]:
        """Every change, the oldest first."""
        rows = await self._redis.xrange(_key(community, "log"))
        return [
            Change.model_validate({"at": datetime.fromtimestamp(int(id_.partition("-")[0]) / 1000, UTC), **fields})
            for id_, fields in cast(list[tuple[str, dict[str, str]]], rows)
        ]

    async def _move(
        self, community: str, kind: Kind, version: str, by: str, note: str, *, stored: str = "", start: str = ""
    ) -> Moved:
        named = (_key(community, part) for part in ("versions", "past", "log"))
        keys = [key(community, "policy"), *named, audit_key(community)]
        now = datetime.now(UTC).isoformat()
        answer = await self._change(keys=keys, args=[kind, version, stored, by, note, start, now])
        return _moved(cast(Sequence[str], answer), version)


def _key(community: str, part: str) -> str:
    return key(community, "policy", part)


def _stored(text: str, where: str, by: str, note: str) -> Stored:
    policy = parse(text, where)
    if len(note) > NOTE_LENGTH:
        raise PolicyError(Fault("note_long", {"length": len(note), "limit": NOTE_LENGTH}))
    return Stored(version=policy.version, name=policy.name, text=text, by=by, note=note)


def _moved(answer: Sequence[str], version: str) -> Moved:
    """The script's answer, or its refusal as a PolicyError."""
    match answer:
        case ["done", before, now]:
            return Moved(before, now)
        case ["same", now]:
            return Moved(now, now)
        case ["live", live]:
            raise PolicyError(Fault("live_already", {"version": live}))
        case ["none"]:
            raise PolicyError(Fault("none_before"))
        case ["moved", live]:
            raise PolicyError(Fault("moved_first", {"version": live}))
        case _:
            raise PolicyError(Fault("version_none", {"version": version}))
