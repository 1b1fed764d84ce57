"""Where a member's words are left besides the archive: in settled cases, examples, dead letters and the web chat."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic import ValidationError
from redis.asyncio import Redis

from bot.answering.talk import Question
from moderation.cases import CaseBook, concerns, forgetting, strikes_key
from moderation.keys import Write, key
from moderation.members import STRIKES_LAST
from moderation.types import Case, Message, case_id

PAGE = 500
"""Cases and entries that are read, and ids that are deleted, in one go."""
_FIRST = datetime.fromtimestamp(0, UTC)

Fits = Callable[[dict[str, str]], bool]


class Traces:
    """Reads them in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, cases: CaseBook) -> None:
        self._redis = redis
        self._cases = cases

    async def settled(self, message: Message) -> AsyncIterator[Case]:
        """The settled cases that still hold something of the author's and that nobody is to look at again."""
        community, skip = message.place.community, 0
        platform, member = message.place.platform, message.author.id
        until = datetime.now(UTC) + timedelta(days=1)
        while page := await self._cases.settled(community, _FIRST, until, skip=skip, limit=PAGE):
            for case in page:
                if concerns(case, platform, member) and not await self._is_appealed(case):
                    yield case
            skip += PAGE

    async def erasing(self, message: Message, keys: Collection[str]) -> list[Write]:
        """The writes that take the author out of all these; `keys` are those of the messages that were archived."""
        cases = [case async for case in self.settled(message)]
        known = {*keys, *(one.key for case in cases for one in (case.subject, *case.context))}
        return [
            *await self._emptied(message, cases),
            *await self._examples(message, {case.id for case in cases}, known),
            *await self._letters(message),
            *await self._room(message),
        ]

    async def _emptied(self, message: Message, cases: Collection[Case]) -> list[Write]:
        community, platform, member = message.place.community, message.place.platform, message.author.id
        since = (datetime.now(UTC) - STRIKES_LAST).timestamp()
        rows = await self._redis.zrangebyscore(strikes_key(community, member), since, "+inf")
        struck = {str(row).rpartition(":")[0] for row in rows}
        pseudonym = await self._pseudonym(message) if struck else ""
        writes: list[Write] = []
        for case in cases:
            stand_in = (pseudonym,) if case.id in struck else ()
            writes += forgetting(case, platform, member, *stand_in)
        return writes

    async def _pseudonym(self, message: Message) -> str:
        """The same for one member of a community; who has no access to its key cannot tell whose it is."""
        name = key(message.place.community, "pseudonyms")
        await self._redis.set(name, secrets.token_hex(32), nx=True)
        secret = cast(str, await self._redis.get(name))
        told = f"{message.place.platform}:{message.author.id}"
        return f"forgotten-{hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()[:16]}"

    async def _is_appealed(self, case: Case) -> bool:
        appeal = key(case.community, "case", case_id("appeal", case.subject))
        return case.kind == "moderation" and await self._redis.hget(appeal, "state") == "open"

    async def _examples(self, message: Message, cases: Collection[str], keys: Collection[str]) -> list[Write]:
        """Examples that were kept of the cases, and of messages that two policies ruled differently."""
        community = message.place.community
        writes = await self._deleting(key(community, "overturned"), lambda fields: fields.get("case") in cases)
        async for name in self._redis.scan_iter(match=f"{key(community, 'shadow')}:*:differ", count=1000):
            writes += await self._deleting(name, lambda fields: json.loads(fields["body"])["key"] in keys)
        return writes

    async def _letters(self, message: Message) -> list[Write]:
        """Entries that were put aside because they failed."""
        letters = key(message.place.community, "dead")
        return await self._deleting(letters, lambda fields: _is_of(message, fields["body"]))

    async def _room(self, message: Message) -> list[Write]:
        """The web chat is kept here and nowhere else: what was said there goes, with its pictures."""
        if message.place.platform != "web":
            return []
        community, member, gone, writes = message.place.community, message.author.id, list[str](), list[Write]()

        def said(fields: dict[str, str]) -> bool:
            event = json.loads(fields["event"])
            mine = bool(event["event"] == "said" and event["author"] == member)
            if mine:
                gone.append(key(community, "picture", event["id"]))
            return mine

        async for name in self._redis.scan_iter(match=f"{key(community, 'room')}:*", count=1000):
            if await self._redis.type(name) == "stream":
                writes += await self._deleting(name, said)
        return [*writes, *(("DEL", picture) for picture in gone)]

    async def _deleting(self, stream: str, fits: Fits) -> list[Write]:
        """The writes that delete the entries that fit."""
        start, found = "-", list[str]()
        while rows := await self._redis.xrange(stream, start, "+", count=PAGE):
            entries = cast(list[tuple[str, dict[str, str]]], rows)
            found += [id_ for id_, fields in entries if fits(fields)]
            start = f"({entries[-1][0]}"
        return [("XDEL", stream, *found[at : at + PAGE]) for at in range(0, len(found), PAGE)]


def _is_of(message: Message, body: str) -> bool:
    """Whether an entry's body is a message or a question of the author."""
    for noun in (Message, Question):
        try:
            found = noun.model_validate_json(body)
        except ValidationError:
            continue
        said = found if isinstance(found, Message) else found.message
        return (said.place.platform, said.author.id) == (message.place.platform, message.author.id)
    return False
