"""The processes: each role as a set of tasks that live and end together. `xiaoer run` is all roles in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from bot.answering.readers import Readers
from bot.app import (
    Base,
    knowledge_path,
    open_bench,
    open_communities,
    open_judge,
    open_policy,
    open_readers,
    open_worker,
    policy_path,
    secret,
)
from bot.books import open_books
from bot.console.login import operator
from bot.console.pages import console
from bot.console.rooms import open_rooms
from bot.gateways import open_gateways
from bot.knowledge.shelf import Shelf
from bot.knowledge.terms import warm
from bot.lm.types import Progress
from bot.report import Report
from bot.stream import OUTAGE
from bot.telemetry import BACKLOG, CASES, ops
from bot.web.serving import address, bind, serve
from moderation.audit import OPERATOR, setting
from moderation.errors import XiaoerError
from moderation.members import MemberBook
from moderation.policy import Policy, read

Role = Literal["gateway", "worker", "console"]
ROLES: tuple[Role, ...] = ("gateway", "worker", "console")
Task = Coroutine[Any, Any, None]


class House:
    """What one process runs. `report` tells people what happens; `progress` shows the model's preparation."""

    def __init__(self, parts: Base, report: Report, progress: Progress) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._report = report
        self._progress = progress
        self._policy: Policy = open_policy(parts.settings)
        self._secret = secret(parts.settings)
        self._readers: Readers | None = None

    async def run(self, *roles: Role) -> None:
        """Start these roles and live until a signal comes. Raises XiaoerError when one cannot start."""
        listeners = self._bind(roles)
        builders: dict[Role, Callable[[], Coroutine[Any, Any, Task]]] = {
            "gateway": lambda: self._gateway(listeners),
            "worker": self._worker,
            "console": lambda: self._console(listeners["console"]),
        }
        tasks: list[Task] = []
        try:
            for role in roles:
                tasks.append(await builders[role]())  # noqa: PERF401 - what was built must be closed when a later one fails
            tasks.append(serve(ops(self._wrong, self._measure), listeners["ops"]))
            self._report.address("Operators", f"{address(listeners['ops'])}/metrics")
            self._report.ready()
            await _until_signal(tasks)
        finally:
            for task in tasks:
                task.close()
            for listener in listeners.values():
                listener.close()
            if self._readers:
                await self._readers.close()

    def _bind(self, roles: tuple[Role, ...]) -> dict[str, socket.socket]:
        """All ports at once and first, so that a busy one is told before the model is prepared."""
        settings = self._settings
        ports = {"ops": (settings.ops_port, "OPS_PORT")}
        if "gateway" in roles:
            ports["gateway"] = (settings.web_port, "WEB_PORT")
            if settings.telegram_token.get_secret_value() and settings.telegram_webhook:
                ports["telegram"] = (settings.telegram_port, "TELEGRAM_PORT")
        if "console" in roles:
            ports["console"] = (settings.console_port, "CONSOLE_PORT")
        listeners: dict[str, socket.socket] = {}
        try:
            for name, (port, setting) in ports.items():
                listeners[name] = bind(settings.bind, port, setting)
        except XiaoerError:
            for listener in listeners.values():
                listener.close()
            raise
        return listeners

    async def _gateway(self, listeners: dict[str, socket.socket]) -> Task:
        return open_gateways(self._parts, self._policy, self._secret, listeners, self._report)

    async def _console(self, listener: socket.socket) -> Task:
        parts, settings = self._parts, self._settings
        judge = await asyncio.to_thread(open_judge, settings)
        books = open_books(parts.streams, parts.cases, open_communities(parts))
        rooms = open_rooms(books, open_bench(parts, judge), read(policy_path(settings)))
        app = console(rooms, secret=self._secret, https=settings.public_url.startswith("https:"))
        link = await rooms.logins.issue_link(settings.public_url or address(listener), operator(settings.community))
        self._report.address("Moderators' console", link, "one login, within 15 minutes; `xiaoer login` prints another")
        return serve(app, listener)

    async def _worker(self) -> Task:
        await fill_shelf(self._parts, self._report)
        admins = [name.strip() for name in self._settings.admins.split(",") if name.strip()]
        await MemberBook(self._parts.redis).appoint(self._settings.community, *admins)
        judge = await asyncio.to_thread(open_judge, self._settings)
        self._readers = await open_readers(self._settings, self._progress)
        await asyncio.to_thread(warm)
        return (await open_worker(self._parts, judge, self._readers, self._report.told)).run()

    async def _wrong(self) -> str:
        """What keeps this process from its work, or ""."""
        try:
            await self._parts.redis.ping()
        except OUTAGE as fault:
            return f"Redis is away ({type(fault).__name__})"
        return ""

    async def _measure(self) -> None:
        """Bring the gauges up to date; in an outage they keep what they last showed."""
        with contextlib.suppress(*OUTAGE):
            await self._count_waiting()

    async def _count_waiting(self) -> None:
        for community in await self._parts.streams.communities():
            for stream, waiting in (await self._parts.streams.backlog(community)).items():
                BACKLOG.labels(community, stream).set(waiting)
            CASES.labels(community).set((await self._parts.cases.counts(community)).open)


async def fill_shelf(parts: Base, report: Report) -> None:
    """Take the folder's documents into the community's knowledge. Each broken file is told; the others serve."""
    if folder := knowledge_path(parts.settings):
        community = parts.settings.community
        imported = await Shelf(parts.redis, community).import_folder(folder)
        if imported.moved:
            await parts.streams.write(setting(community, OPERATOR, f"knowledge imported: {imported.moved}"))
        for fault in imported.faults:
            report.fault(f"knowledge file left out: {fault}")


async def _until_signal(tasks: list[Task]) -> None:
    """Run the tasks until SIGINT or SIGTERM, or until one fails; then end them all, and raise what failed."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await until_done(_wait(stop), *tasks)


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def until_done(first: Task, *others: Task) -> None:
    """Run tasks side by side until the first ends, or until any of them fails; then end them all, and raise that."""
    running = [asyncio.create_task(task) for task in (first, *others)]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in running:
            task.cancel()
        results = await asyncio.gather(*running, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
