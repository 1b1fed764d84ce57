"""Words on their way into Discord: into a channel, in reply to a message, or as the answer to an interaction."""

from __future__ import annotations

import time
from typing import Any, TypeVar, cast

import discord
from discord.http import Route

from bot.adapters.discord.faults import TOKEN_GONE, UNKNOWN_MESSAGE, Denied, plainly
from bot.adapters.discord.parts import PRIORITY, Part, written
from bot.adapters.discord.records import Asked, Records, Said, Waiting
from bot.adapters.discord.rights import allowed, may_speak
from bot.adapters.memory import Memory, Sent
from bot.knowledge.documents import guess_lang
from bot.outbox import Budget, Outbox, Priority, Refused
from bot.words import words
from moderation.types import Say

T = TypeVar("T")

CLOSED_S = 600
"""Seconds that a channel which refused is not tried again; new rights in any guild end it."""


def outbox() -> Outbox:
    """Discord's budgets: 5 messages in 5 seconds in a channel, and below its 50 calls a second in all."""
    return Outbox(Budget(45, 1), lambda _: [Budget(5, 5)])


class Mouth:
    """The connection behind the outbox: every call that says something goes through here."""

    def __init__(self, client: discord.Client, queue: Outbox) -> None:
        self._client = client
        self._queue = queue
        self._closed: dict[str, tuple[float, Refused]] = {}

    def reopen(self) -> None:
        """Try the channels again that refused: rights have changed somewhere."""
        self._closed.clear()

    async def post(self, chat: str, priority: Priority, part: Part, reply_to: str | None = None) -> Sent:
        """Send a message to a channel. Raises Refused, without a call where that is known beforehand."""
        channel, payload = self._client.get_channel(int(chat)), part.fresh()
        self._may(chat, channel)
        if reply_to and reply_to.isdigit() and allowed(channel).read_message_history:
            payload["message_reference"] = {"message_id": reply_to, "channel_id": chat, "fail_if_not_exists": False}
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=int(chat))
        try:
            return Sent(chat, await self.ask(chat, priority, route, payload))
        except Denied as refused:
            self._closed[chat] = (time.monotonic() + CLOSED_S, refused)
            raise

    async def change(self, sent: Sent, priority: Priority, part: Part) -> Sent:
        """Put other words in the place of a message, or anew where it is gone. Raises Refused."""
        try:
            await self.ask(sent.chat, priority, _message("PATCH", sent), part.instead())
        except Denied as refused:
            if refused.code != UNKNOWN_MESSAGE:
                raise
            return await self.post(sent.chat, priority, part)
        return sent

    async def drop(self, sent: Sent, priority: Priority) -> None:
        """Take a message of the bot away, if it is there. Raises Refused."""
        try:
            await self.ask(sent.chat, priority, _message("DELETE", sent))
        except Denied as refused:
            if refused.code != UNKNOWN_MESSAGE:
                raise

    async def ask(self, chat: str, priority: Priority, route: Route, payload: dict[str, Any] | None = None) -> str:
        """The id of what the call made, when its turn has come; empty where it makes nothing."""
        given: dict[str, Any] = {"json": payload} if payload is not None else {}

        async def call() -> object:
            with plainly():
                return await self._client.http.request(route, **given)

        made = await self._queue.send(chat, priority, call)
        return str(cast(dict[str, Any], made)["id"]) if isinstance(made, dict) else ""

    def _may(self, chat: str, channel: object) -> None:
        until, refused = self._closed.get(chat, (0.0, None))
        if refused and time.monotonic() < until:
            raise refused
        may_speak(channel)


class Sending:
    """Performs `Say`. What was sent is noted part by part, so that a second delivery goes on where the first ended."""

    def __init__(self, mouth: Mouth, memory: Memory, records: Records) -> None:
        self._mouth = mouth
        self._memory = memory
        self._records = records

    async def say(self, effect: Say) -> None:
        """Put the words into the chat. Raises Refused."""
        reply_to, channel = effect.reply_to or "", effect.place.channel
        if effect.edits and (earlier := await self._memory.sent(effect.place, effect.edits)):
            await self._replace(effect, earlier)
        elif effect.kind == "answer" and await self._records.withdrawn(channel, reply_to):
            return
        elif asked := await self._records.asked(reply_to):
            await self._answer(effect, asked)
        elif effect.to and await self._records.typed(channel, reply_to):
            await self._whisper(effect)
        else:
            naming = effect.to if effect.to and not reply_to and not effect.place.private else ""
            await self._post(effect, channel, naming, reply_to)

    async def _post(self, effect: Say, chat: str, naming: str = "", reply_to: str = "") -> None:
        """Send the parts that are not sent, the first in reply."""
        done = len(await self._memory.sent(effect.place, effect.id))
        for at, part in enumerate(written(effect, naming)[done:], start=done):
            sent = await self._mouth.post(chat, PRIORITY[effect.kind], part, reply_to if at == 0 else None)
            await self._note(effect, sent)

    async def _answer(self, effect: Say, asked: Asked) -> None:
        """Answer an interaction while its token lives, then in the channel, naming the member."""
        done = len(await self._memory.sent(effect.place, effect.id))
        waiting = await self._records.waiting(effect.reply_to or "")
        for part in written(effect)[done:] if waiting else ():
            try:
                message = await self._by_token(effect, asked, cast(Waiting, waiting), part)
            except Denied as refused:
                if refused.code not in TOKEN_GONE:
                    raise
                await self._records.drop_token(effect.reply_to or "")
                break
            await self._note(effect, Sent(effect.place.channel, message))
            done += 1
        await self._post(effect, effect.place.channel, "" if done else asked.member)

    async def _by_token(self, effect: Say, asked: Asked, waiting: Waiting, part: Part) -> str:
        """The first words take the place of "thinking…", and are seen by whom that was; the others follow."""
        chat, priority = effect.place.channel, PRIORITY[effect.kind]
        token = {"webhook_id": waiting.application, "webhook_token": waiting.token}
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        if await self._records.opens(effect.reply_to or ""):
            first = Route("PATCH", f"{hook}/messages/@original", **token)
            return await self._mouth.ask(chat, priority, first, part.payload())
        payload = part.payload(private=asked.private or effect.to is not None)
        return await self._mouth.ask(chat, priority, Route("POST", f"{hook}?wait=true", **token), payload)

    async def _whisper(self, effect: Say) -> None:
        """Words that answer a typed command and are for its author alone, by direct message.

        Where those are closed, the channel is told how to get them.
        """
        try:
            asking = Route("POST", "/users/@me/channels")
            chat = await self._mouth.ask(
                effect.place.channel, PRIORITY[effect.kind], asking, {"recipient_id": effect.to}
            )
            await self._post(effect, chat)
        except Refused as refused:
            if refused.why != "blocked":
                raise
            told = words(guess_lang(effect.text))("discord.only_you")
            bare = effect.model_copy(update={"text": told, "passages": (), "buttons": ()})
            await self._post(bare, effect.place.channel, reply_to=effect.reply_to or "")

    async def _replace(self, effect: Say, earlier: list[Sent]) -> None:
        """New words in the place of earlier ones; where they are fewer messages, the rest goes."""
        if await self._memory.was_done(effect.place, effect.id):
            return
        parts, priority, chat = written(effect), PRIORITY[effect.kind], earlier[0].chat
        for at, part in enumerate(parts):
            if at < len(earlier):
                sent = await self._mouth.change(earlier[at], priority, part)
            else:
                sent = await self._mouth.post(chat, priority, part)
            await self._note(effect, sent)
        for sent in earlier[len(parts) :]:
            await self._mouth.drop(sent, priority)
        await self._memory.note_done(effect.place, effect.id)

    async def _note(self, effect: Say, sent: Sent) -> None:
        """Remember a part, and what it is about."""
        await self._memory.note_sent(effect.place, effect.id, sent)
        await self._records.note_said(sent, Said(community=effect.place.community, votable=effect.votable))


def _message(method: str, sent: Sent) -> Route:
    path = "/channels/{channel_id}/messages/{message_id}"
    return Route(method, path, channel_id=int(sent.chat), message_id=int(sent.message))
