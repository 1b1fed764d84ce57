"""The atomic scripts that cases are worked by."""

from __future__ import annotations

from importlib.resources import files

from redis.asyncio import Redis
from redis.commands.core import AsyncScript


def script(redis: Redis, name: str) -> AsyncScript:
    """A script of `moderation/scripts`, ready to be called on the server."""
    return redis.register_script(text(name))


def text(name: str) -> str:
    """What stands in a script."""
    return (files("moderation") / "scripts" / f"{name}.lua").read_text("utf-8")
