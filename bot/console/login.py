"""One-time login links: random, kept as a digest in Redis, valid for a quarter of an hour, good for one login.

A link stands for a person in one community. The bot gives one to who asks it in the chat (`/login`); the operator's
own stand for an owner.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import cast

from pydantic import Field
from redis.asyncio import Redis

from bot.groups.staff import introducing, names
from moderation.audit import Result, auditing
from moderation.types import ID_LENGTH, Identity, Noun, Tier

VALID_S = 15 * 60
REMEMBERED_S = 24 * 3600
"""How long a used link is remembered, so that who tries it again is put on the audit trail."""
TOKEN_BYTES = 32
LINKS = "x:login:"
"""How the keys of the links begin. A link does not tell its community."""


class Person(Noun):
    """Who works at the console, as `platform:member` or `console-…`; `tier` is what the platform or the operator gave.

    What a community gives its people by `/roles` comes on top, and is looked up at each page.
    """

    community: Identity
    id: Identity
    name: str = Field(default="", max_length=ID_LENGTH)
    tier: Tier = "member"


def operator(community: str) -> Person:
    """Somebody with a shell on the operator's machine: an owner, who chooses a name at the login."""
    return Person(community=community, id=f"console-{secrets.token_hex(4)}", tier="owner")


class Logins:
    """The links of all communities, and the names by which moderators know each other."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def issue_link(self, address: str, person: Person) -> str:
        """A fresh link to the console at `address`, for this person."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._redis.set(_link(token), person.model_dump_json(), ex=VALID_S)
        return f"{address.rstrip('/')}/login?token={token}"

    async def known(self, token: str) -> Person | None:
        """Whom a link stands for; to look does not use it up."""
        found = cast(str | None, await self._redis.get(_link(token)))
        return Person.model_validate_json(found) if found else None

    async def redeem(self, token: str) -> Person | None:
        """Use a link up: whom it stands for, or None when it is wrong, expired or used already.

        The login is put on the audit trail, and so is the first try with a link that was used already.
        """
        found = cast(str | None, await self._redis.getdel(_link(token)))
        if not found:
            await self._refused(token)
            return None
        person = Person.model_validate_json(found)
        await self._redis.set(_used(token), found, ex=REMEMBERED_S)
        await self._note(person, "console login", "done")
        return person

    async def _refused(self, token: str) -> None:
        found = cast(str | None, await self._redis.getdel(_used(token)))
        if found:
            await self._note(Person.model_validate_json(found), "console login with a used link", "refused")

    async def _note(self, person: Person, what: str, result: Result) -> None:
        line = auditing(person.community, person.id, person.tier, what, result, datetime.now(UTC), kind="login")
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command(*line)
            await pipe.execute()

    async def introduce(self, person: Person) -> None:
        """Remember a person's name."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.execute_command(*introducing(person.community, person.id, person.name))
        await pipe.execute()

    async def names(self, community: str) -> dict[str, str]:
        """The moderators' names by their ids."""
        return await names(self._redis, community)


def _link(token: str) -> str:
    """Redis holds the token's digest only: who reads a backup cannot log in."""
    return LINKS + hashlib.sha256(token.encode()).hexdigest()


def _used(token: str) -> str:
    return f"{LINKS}used:{hashlib.sha256(token.encode()).hexdigest()}"
