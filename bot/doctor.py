"""Examines an installation: each thing that can be wrong, and its mend. Changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis

from bot.app import connect, knowledge_path, open_policy
from bot.config import Settings, settings
from bot.doctor_chats import PLATFORMS, Finding, examine_chats, examine_clock
from bot.groups.communities import Communities
from bot.knowledge.reading import read_folder
from bot.lm.cache import folder_in
from bot.lm.opening import check_model
from bot.stream import Streams
from bot.web.serving import bind
from bot.witness.convert import PLAIN, WITNESS, Prepared
from bot.witness.encoder import TextEncoder
from bot.witness.witness import Titled, Witness
from moderation.errors import XiaoerError
from moderation.judging.classifier import load_classifier

Check = Callable[[Settings], Awaitable[str]]
"""Returns how a thing stands; raises XiaoerError with the mend when it is wrong."""


async def examine() -> list[Finding]:
    """All findings. Faulty settings end the examination: nothing else can be told without them."""
    try:
        given = settings()
    except XiaoerError as fault:
        return [Finding("settings", False, str(fault))]
    findings = [Finding("settings", True, f"community {given.community}")]
    checks: dict[str, Check] = {
        "redis": _redis,
        "model": _model,
        "witness": _witness,
        "search": _search,
        "classifier": _classifier,
        "policy": _policy,
        "knowledge": _knowledge,
        "ports": _ports,
        "rights": _rights,
    }
    for what, check in checks.items():
        try:
            findings.append(Finding(what, True, await check(given)))
        except XiaoerError as fault:
            findings.append(Finding(what, False, str(fault)))
    return [*findings, *await _chats(given)]


async def _chats(given: Settings) -> list[Finding]:
    """What the chat platforms say of the chats that Redis knows. A Redis that is away was told of before."""
    known: dict[str, list[str]] = {}
    now: float | None = None
    with contextlib.suppress(XiaoerError):
        async with connect(given) as redis:
            book = Communities(redis, given.community)
            known = {platform: await book.chats(platform) for platform in PLATFORMS}
            seconds, micros = await redis.time()
            now = seconds + micros / 1_000_000
    return [*await examine_chats(given, known), await examine_clock(given, now)]


async def _redis(given: Settings) -> str:
    async with connect(given) as redis:
        about = await redis.info()
        wrong = [line async for line in _at_risk(redis)]
        if wrong:
            raise XiaoerError("; ".join(wrong))
        backlog = await Streams(redis).backlog(given.community)
        kind = "the embedded server" if not given.redis_url.get_secret_value() else "the server of REDIS_URL"
        waiting = ", ".join(f"{number} {name}" for name, number in backlog.items() if number) or "nothing"
        name, version = about.get("server_name", "redis"), about.get("valkey_version", about["redis_version"])
        return f"{kind}, {name} {version}; waiting: {waiting}"


async def _at_risk(redis: Redis) -> AsyncIterator[str]:
    """Settings of the server under which open work can be lost."""
    about = await redis.info()
    if about.get("maxmemory", 0) and about.get("maxmemory_policy") != "noeviction":
        policy = about["maxmemory_policy"]
        yield f"maxmemory-policy {policy} may drop open cases; run CONFIG SET maxmemory-policy noeviction"
    if not about.get("aof_enabled"):
        yield "the append-only file is off, a restart forgets open work; run CONFIG SET appendonly yes"


async def _model(given: Settings) -> str:
    """Every file of the shipped model by its sha256 when it is prepared, and one question to the model in use."""
    cache = given.cache_dir.expanduser()
    if not given.lm_url and not given.lm_model and not folder_in(cache).exists():
        return f"not prepared yet; `xiaoer run` makes it in {cache}"
    return await check_model(
        cache=cache,
        model=given.lm_model or None,
        url=given.lm_url or None,
        key=given.lm_key.get_secret_value() or None,
    )


async def _witness(given: Settings) -> str:
    """Every file of the second reader by its sha256 when it is prepared, and one reading."""
    return await _reads(given, WITNESS, _witness_reads)


async def _witness_reads(folder: Path) -> None:
    witness = Witness.load(folder)
    try:
        await witness.read("When?", [Titled("Payouts are sent every Monday.", "Payouts")])
    finally:
        await witness.close()


async def _search(given: Settings) -> str:
    """Every file of the search's encoder by its sha256 when it is prepared, and one text read."""
    return await _reads(given, PLAIN, _encoder_reads)


async def _encoder_reads(folder: Path) -> None:
    await asyncio.to_thread(TextEncoder.load(folder).vectors, ["Payouts are sent every Monday."])


async def _reads(given: Settings, which: Prepared, read: Callable[[Path], Awaitable[None]]) -> str:
    """How long an encoder takes from its folder to its first reading."""
    cache = given.cache_dir.expanduser()
    if not which.folder_in(cache).exists():
        return f"not prepared yet; `xiaoer run` makes it in {cache}"
    folder = await asyncio.to_thread(which.prepare, cache, verify=True)
    began = time.perf_counter()
    await read(folder)
    return f"{which.name} reads in {time.perf_counter() - began:.2f} s"


async def _classifier(_given: Settings) -> str:
    return (await asyncio.to_thread(load_classifier)).name


async def _policy(given: Settings) -> str:
    policy = open_policy(given)
    return f"{policy.name}, version {policy.version}, {len(policy.clauses)} clauses"


async def _knowledge(given: Settings) -> str:
    folder = knowledge_path(given)
    if folder is None:
        return "no folder set (KNOWLEDGE_DIR); taught documents alone"
    read = await asyncio.to_thread(read_folder, folder)
    if read.faults:
        raise XiaoerError("; ".join(str(fault) for fault in read.faults))
    return f"{len(read.documents)} documents in {folder}"


async def _ports(given: Settings) -> str:
    ports = {"WEB_PORT": given.web_port, "CONSOLE_PORT": given.console_port, "OPS_PORT": given.ops_port}
    for setting, port in ports.items():
        bind(given.bind, port, setting).close()
    return f"{', '.join(map(str, ports.values()))} are free on {given.bind}"


async def _rights(given: Settings) -> str:
    folder = given.data_dir if given.data_dir.exists() else given.data_dir.absolute().parent
    if not os.access(folder, os.W_OK):
        raise XiaoerError(f"{folder}: this user may not write there; change its owner, or set DATA_DIR")
    key = given.data_dir / "secret.key"
    if key.exists() and key.stat().st_mode & 0o077:
        raise XiaoerError(f"{key}: others may read it; run chmod 600 {key}")
    return f"{folder} is ours to write"
