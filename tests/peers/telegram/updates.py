"""The bot's queue of updates: long polling, and a webhook, as the Bot API serves them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.peers.telegram.nouns import Json, Refusal

UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that never come unless allowed_updates names them."""
KEPT_S = 24 * 3600.0
QUIET_S = 7 * 24 * 3600.0
_OTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass
class Webhook:
    """Where updates are posted. `error` is the last failure's (time, words)."""

    url: str
    secret: str
    connections: int
    error: tuple[int, str] | None = None


@dataclass
class Updates:
    """Pending updates by id; `retry_s` is the wait before a webhook is tried again."""

    now: Callable[[], float]
    retry_s: float = 0.05
    pending: list[tuple[float, Json]] = field(default_factory=list)
    all: list[Json] = field(default_factory=list)
    allowed: frozenset[str] | None = None
    webhook: Webhook | None = None
    next_id: int = field(default_factory=lambda: random.randrange(10**8, 9 * 10**8))
    _again: list[Json] = field(default_factory=list)
    _last: float = 0.0
    _intruded: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _poll: asyncio.Future[None] | None = None
    _delivery: asyncio.Task[None] | None = None
    _posting: set[int] = field(default_factory=set)

    def add(self, kind: str, body: Json) -> Json | None:
        """Queues an update unless the bot has not asked for its kind."""
        if kind not in self.allowed if self.allowed else kind in UNASKED:
            return None
        if self._last and self.now() - self._last > QUIET_S:
            self.restart_ids()
        self._last = self.now()
        update = {"update_id": self.next_id, kind: body}
        self.next_id += 1
        self.pending.append((self._last, update))
        self.all.append(update)
        self._changed.set()
        return update

    def restart_ids(self) -> None:
        """The next id is random, as after a week without updates."""
        self.next_id = random.randrange(10**6, 10**8)

    def again(self, update: Json) -> None:
        """Delivers an update once more, acknowledged or not."""
        self._again.append(update)
        self._changed.set()

    def allow(self, kinds: Sequence[str] | None) -> None:
        """None leaves what was asked for before; an empty list means all but the unasked kinds."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def forget_all(self) -> None:
        self.pending.clear()

    def waiting(self) -> list[Json]:
        self.pending = [(at, one) for at, one in self.pending if self.now() - at < KEPT_S]
        return [one for _, one in self.pending]

    async def poll(self, offset: int, limit: int, longest: float) -> list[Json]:
        """Updates from `offset` on; waits up to `longest` seconds for the first.

        Raises 409 when a webhook is set, or when another poll begins to wait while this one does.
        """
        if self.webhook:
            raise Refusal(409, _WEBHOOK)
        if self._intruded:
            self._intruded = False
            raise Refusal(409, _OTHER)
        self._acknowledge(offset)
        ready = self._ready(limit)
        return ready if ready or not longest else await self._waited(limit, longest)

    async def _waited(self, limit: int, longest: float) -> list[Json]:
        loop = asyncio.get_running_loop()
        self.end_poll(_OTHER)
        ended = self._poll = loop.create_future()
        ends = loop.time() + longest
        try:
            while not (ready := self._ready(limit)) and (left := ends - loop.time()) > 0:
                self._changed.clear()
                change = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({change, ended}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                if ended.done():
                    ended.result()
            return ready
        finally:
            if self._poll is ended:
                self._poll = None

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            self.pending = self.pending[offset:]
        elif 0 < offset <= self.next_id + 10:
            self.pending = [(at, one) for at, one in self.pending if one["update_id"] >= offset]

    def _ready(self, limit: int) -> list[Json]:
        once, self._again = self._again, []
        return [*once, *self.waiting()][:limit]

    def intrude(self) -> None:
        """Another process polls: the poll that waits, or else the next one, ends with 409."""
        self._intruded = not self._poll
        self.end_poll(_OTHER)

    def end_poll(self, words: str) -> None:
        """The poll that now waits ends with 409 and these words."""
        if self._poll and not self._poll.done():
            self._poll.set_exception(Refusal(409, words))

    async def close(self) -> None:
        self.end_poll("Conflict: the server stops")
        await self.unhook()

    # The webhook

    async def hook(self, webhook: Webhook) -> None:
        self.end_poll("Conflict: terminated by setWebhook request")
        await self.unhook()
        self.webhook = webhook
        self._delivery = asyncio.create_task(self._deliver(webhook))

    async def unhook(self) -> None:
        self.webhook = None
        self._posting.clear()
        if self._delivery:
            self._delivery.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._delivery
            self._delivery = None

    async def _deliver(self, webhook: Webhook) -> None:
        """Posts every chat's updates one after another, and chats beside each other, until each is taken."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client, asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                for update in [*self._again, *self.waiting()]:
                    if (chat := _chat_of(update)) not in self._posting:
                        self._posting.add(chat)
                        group.create_task(self._post(client, webhook, update))
                await self._changed.wait()

    async def _post(self, client: httpx.AsyncClient, webhook: Webhook, update: Json) -> None:
        while not await self._posted(client, webhook, update):
            await asyncio.sleep(self.retry_s)
        self._again = [one for one in self._again if one is not update]
        self.pending = [(at, one) for at, one in self.pending if one is not update]
        self._posting.discard(_chat_of(update))
        self._changed.set()

    async def _posted(self, client: httpx.AsyncClient, webhook: Webhook, update: Json) -> bool:
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        try:
            answer = await client.post(webhook.url, json=update, headers=headers)
        except httpx.TransportError:
            webhook.error = (int(self.now()), "Connection refused")
            return False
        if not answer.is_success:
            words = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
            webhook.error = (int(self.now()), words)
        return answer.is_success

    def webhook_json(self) -> Json:
        hook = self.webhook
        shown: dict[str, Any] = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.waiting()),
        }
        shown |= {"max_connections": hook.connections} if hook else {}
        if hook and hook.error:
            shown |= {"last_error_date": hook.error[0], "last_error_message": hook.error[1]}
        return shown | ({"allowed_updates": sorted(self.allowed)} if self.allowed else {})


def _chat_of(update: Json) -> int:
    body = next(value for name, value in update.items() if name != "update_id")
    return int((body.get("message") or body).get("chat", {}).get("id", 0))
