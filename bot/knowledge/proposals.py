"""Answers that a moderator wants kept: they wait for a second person before the bot quotes them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from bot.knowledge.documents import Document
from bot.knowledge.shelf import teaching
from moderation.keys import Write, key
from moderation.types import Tier


def proposing(community: str, document: Document) -> Write:
    """The write that lays a document before a second person."""
    return ("HSET", _key(community), document.id, document.model_dump_json())


def approving(community: str, document: Document, by: str) -> list[Write]:
    """The writes that put a proposal on the shelf."""
    approved = document.model_copy(update={"approved_by": by})
    return [("HDEL", _key(community), document.id), *teaching(community, approved)]


def refusing(community: str, document: str) -> Write:
    """The write that drops a proposal."""
    return ("HDEL", _key(community), document)


def may_approve(document: Document, by: str, tier: Tier) -> bool:
    """Whether this person is a second one; an owner, who may be alone, needs none."""
    return tier == "owner" or document.owner != by


class Proposals:
    """What waits in a community, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, community: str) -> None:
        self._redis = redis
        self._name = _key(community)

    async def list(self) -> list[Document]:
        """The oldest first."""
        rows = await cast(Awaitable[list[str]], self._redis.hvals(self._name))
        read = map(Document.model_validate_json, rows)
        return sorted(read, key=lambda one: one.taught_at.timestamp() if one.taught_at else 0.0)

    async def get(self, document: str) -> Document | None:
        """The proposal of that id, or None."""
        row = await cast(Awaitable[str | None], self._redis.hget(self._name, document))
        return Document.model_validate_json(row) if row else None


def _key(community: str) -> str:
    return key(community, "proposals")
