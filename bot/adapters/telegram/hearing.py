"""What Telegram tells, put onto the house's streams: in order within a chat, and no chat waits for another."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import NamedTuple

import structlog
import telegram
from telegram import Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.telegram.admins import MALFORMED, Admins, rules
from bot.adapters.telegram.albums import Album, Albums
from bot.adapters.telegram.comings import Comings
from bot.adapters.telegram.files import PictureReader
from bot.adapters.telegram.home import Homes
from bot.adapters.telegram.lanes import Lanes
from bot.adapters.telegram.line import Json, Line
from bot.adapters.telegram.message import PLATFORM, merged, to_author, to_message, to_place, topic_of
from bot.adapters.telegram.presses import Presses
from bot.groups.communities import NotWelcome
from moderation.types import Message, Tier

ALBUM_S = 0.7
"""Seconds of silence after which an album is complete; Telegram sends its parts within a few hundredths."""

log = structlog.get_logger()


class Parts(NamedTuple):
    """What hearing needs of the adapter."""

    line: Line
    ears: Ears
    memory: Memory
    admins: Admins
    albums: Albums
    homes: Homes


class Hearing:
    """Takes updates as Telegram sends them. What `take` returns is done when the update lies on its stream."""

    def __init__(self, parts: Parts) -> None:
        self._line, self._ears, _, self._admins, self._albums, self._homes = parts
        self._pictures = PictureReader(parts.line)
        self._lanes = Lanes()
        self._under_way: dict[int, asyncio.Future[None]] = {}
        self._open: dict[int, Album] = {}  # by chat: the album whose parts come in
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._presses = Presses(parts.line, parts.ears, parts.memory, self.tier, self.community)
        self._comings = Comings(parts.ears, parts.memory, parts.admins, parts.line)

    def resume(self) -> None:
        """Finish the albums that an earlier process left open, once nobody else is seen to."""
        self._lanes.put("albums", self._resume)

    async def close(self) -> None:
        """Stop hearing; what is not on its stream yet was not acknowledged, and comes again."""
        for timer in self._timers.values():
            timer.cancel()
        await self._lanes.close()

    async def _resume(self) -> None:
        before = await self._albums.open()
        await asyncio.sleep(3 * ALBUM_S)
        for album in await self._albums.open():
            if album in before and album not in self._open.values():
                self._lanes.put(str(album.chat), partial(self._close, album))

    def take(self, raw: Json) -> asyncio.Future[None]:
        """Hear one update. The same one again, while the first is under way, is the first."""
        number = int(raw["update_id"])
        if number not in self._under_way:
            self._under_way[number] = self._begin(raw)
            self._under_way[number].add_done_callback(lambda _: self._under_way.pop(number, None))
        return self._under_way[number]

    def _begin(self, raw: Json) -> asyncio.Future[None]:
        try:
            update = Update.de_json(raw, self._line)
        except MALFORMED as fault:
            log.error("an update could not be read", update=raw["update_id"], fault=type(fault).__name__)
            done = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        chat = update.effective_chat
        lane = str(chat.id) if chat else ""
        if update.callback_query or update.message_reaction:  # a press must not wait for a picture to be read
            return self._lanes.put(f"{lane} presses", partial(self._presses.hear, update))
        if update.message and (moved_to := update.message.migrate_to_chat_id):
            self._lanes.join(str(moved_to), to=lane)
        return self._lanes.put(lane, partial(self._hear, update, raw))

    async def _hear(self, update: Update, raw: Json) -> None:
        if change := update.my_chat_member or update.chat_member:
            if update.my_chat_member or rules(change.old_chat_member) or rules(change.new_chat_member):
                self._admins.forget(change.chat.id)
            if (community := await self.community(change.chat, change.from_user)) is not None:
                await self._comings.changed(change, community, about_me=bool(update.my_chat_member))
        elif message := update.effective_message:
            kind = next(name for name in raw if name != "update_id")
            await self._said(message, json.dumps(raw[kind]), edited=kind.startswith("edited"))

    async def _said(self, message: telegram.Message, raw: str, *, edited: bool) -> None:
        if await self._comings.moved(message):
            return
        text = message.text or ""
        community = await self.community(message.chat, message.from_user, text)
        if community is None:
            return
        album = Album(community, message.chat.id, message.media_group_id or "")
        if (before := self._open.get(message.chat.id)) and (edited or before != album):
            await self._close(before)
        if await self._comings.announced(message, community):
            return
        if album.group and not edited:
            if await self._albums.keep(album, message.message_id, raw):
                self._later(album)
        elif said := await self._read(message, community):
            await self._ears.message(said)

    async def _read(self, message: telegram.Message, community: str) -> Message | None:
        """The message with what its pictures say, and with its album's id when it is a part of one."""
        me = await self._line.whoami()
        place = to_place(message.chat, community, *topic_of(message))
        tier = await self.tier(message.chat, message.sender_chat or message.from_user, community)
        said = to_message(message, place, to_author(message, tier), me)
        if said is None:
            return None
        changed: dict[str, object] = {"attachments": await self._pictures.seen(message, said.attachments)}
        if message.media_group_id:
            changed |= {"id": await self._lead(message, community) or said.id}
        head = message.reply_to_message
        if head and said.reply_to and head.media_group_id:
            changed |= {"reply_to": await self._lead(head, community) or said.reply_to}
        return said.model_copy(update=changed)

    async def _lead(self, message: telegram.Message, community: str) -> str | None:
        return await self._albums.lead(Album(community, message.chat.id, message.media_group_id or ""))

    def _later(self, album: Album) -> None:
        """Close an album once no part has come for a while."""
        if timer := self._timers.pop(album.chat, None):
            timer.cancel()
        self._open[album.chat] = album
        loop = asyncio.get_running_loop()
        close = partial(self._lanes.put, str(album.chat), partial(self._close, album))
        self._timers[album.chat] = loop.call_later(ALBUM_S, close)

    async def _close(self, album: Album) -> None:
        """Put an album onto the stream as one message."""
        parts = [telegram.Message.de_json(json.loads(raw), self._line) for raw in await self._albums.parts(album)]
        read = await asyncio.gather(*(self._read(part, album.community) for part in parts))
        ids = [str(part.message_id) for part in parts]
        if said := [one.model_copy(update={"id": id_}) for id_, one in zip(ids, read, strict=True) if one]:
            await self._ears.message(merged(said))
        await self._albums.close(album, ids)
        if self._open.get(album.chat) == album:
            del self._open[album.chat]
            self._timers.pop(album.chat).cancel()

    async def tier(self, chat: telegram.Chat, who: telegram.User | telegram.Chat | None, community: str) -> Tier:
        """What the platform lets somebody do: in a chat by its administrators, in private by the community's chats."""
        if who is None:
            return "member"
        if chat.type == ChatType.PRIVATE:
            return await self._homes.tier(who.id, community)
        return await self._admins.tier(chat.id, who.id)

    async def community(self, chat: telegram.Chat, who: telegram.User | None, text: str = "") -> str | None:
        """The community of a chat or of a person's direct messages; None, and the bot leaves, where it may not be."""
        if chat.type == ChatType.PRIVATE:
            return await self._homes.community(who, text) if who else None
        try:
            return (await self._ears.community(PLATFORM, str(chat.id), chat.title or "")).name
        except NotWelcome as fault:
            log.warning("left a chat that is not to be served", fault=str(fault))
            await self._leave(chat.id)
            return None

    async def _leave(self, chat: int) -> None:
        try:
            await self._line.leave_chat(chat)
        except TelegramError as fault:
            log.info("the chat was left already", chat=chat, fault=type(fault).__name__)
