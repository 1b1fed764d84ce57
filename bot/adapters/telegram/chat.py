"""Telegram as a chat: hears groups, topics and direct messages, and performs effects there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from telegram.error import TelegramError

from bot.adapters.ears import Ears
from bot.adapters.leader import Leader
from bot.adapters.memory import Memory
from bot.adapters.menu import MenuEntry
from bot.adapters.refusals import Refusals
from bot.adapters.telegram.admins import Admins
from bot.adapters.telegram.albums import Albums
from bot.adapters.telegram.checks import PRIVACY_MEND
from bot.adapters.telegram.comings import Comings
from bot.adapters.telegram.commands import show
from bot.adapters.telegram.enforcing import Enforcing
from bot.adapters.telegram.faults import Unable
from bot.adapters.telegram.hearing import Hearing, Parts
from bot.adapters.telegram.home import Homes, deep_link
from bot.adapters.telegram.line import Line, Mouth
from bot.adapters.telegram.listening import SLOWEST_S, Polling, Webhook
from bot.adapters.telegram.message import PLATFORM, channel_of, chat_of
from bot.adapters.telegram.sending import Sending
from bot.knowledge.documents import guess_lang
from bot.outbox import Outbox, Refused
from bot.words import words
from moderation.types import Enforce, Place, Say

log = structlog.get_logger()


class TelegramChat:
    """The adapter of one bot. `api` is the Bot API's address.

    It polls, one process at a time, or where `webhook` is set has Telegram post there, which `listener` must hear;
    `secret` is the house's own. `menu` holds the commands to be shown.
    """

    platform = PLATFORM

    def __init__(
        self,
        ears: Ears,
        memory: Memory,
        outbox: Outbox,
        refusals: Refusals,
        redis: Redis,
        *,
        token: SecretStr,
        api: str,
        listener: socket.socket | None = None,
        webhook: str = "",
        secret: str = "",
        menu: Sequence[MenuEntry] = (),
    ) -> None:
        self._line = Line(token, api)
        self._mouth = Mouth(self._line, outbox)
        self._refusals = refusals
        self._menu = menu
        admins, albums = Admins(self._line), Albums(redis)
        self._homes = Homes(redis, ears, self._line, admins)
        self._comings = Comings(ears, memory, admins, self._line)
        self._hearing = Hearing(Parts(self._line, ears, memory, admins, albums, self._homes))
        self._sending = Sending(self._mouth, memory)
        self._enforcing = Enforcing(self._mouth, memory, admins, albums)
        self._leader = Leader(redis, PLATFORM, token)
        self._webhook = Webhook(self._line, self._hearing, listener, webhook, secret) if listener and webhook else None

    async def run(self) -> None:
        """Listen until cancelled. Raises XiaoerError when the token or the webhook's address is refused."""
        async with self._line:
            await self._greet()
            showing = asyncio.create_task(self._show_menu())
            try:
                self._hearing.resume()
                await (self._webhook.run() if self._webhook else self._leader.lead(self._poll))
            finally:
                showing.cancel()
                await asyncio.wait([showing])
                await self._hearing.close()

    async def say(self, effect: Say) -> None:
        """Put words into a chat, once. What Telegram refuses for good is told to the moderators."""
        try:
            await self._sending.say(effect)
        except Refused as refused:
            if refused.why == "moved" and refused.moved_to:
                await self.say(effect.model_copy(update={"place": await self._moved(effect.place, refused.moved_to)}))
            elif not (refused.why == "blocked" and effect.place.private and await self._call_over(effect)):
                await self._refusals.told(refused, effect, _mend(refused, "refusal.telegram_say"))

    async def enforce(self, effect: Enforce) -> None:
        """Act on a message or a member, once. What cannot be done is told to the moderators."""
        usual = "refusal.telegram_delete" if effect.action == "delete" else "refusal.telegram_restrict"
        try:
            await self._enforcing.enforce(effect)
        except Refused as refused:
            if refused.why != "moved" or not refused.moved_to:
                await self._refusals.told(refused, effect, _mend(refused, usual))
                return
            place = await self._moved(effect.place, refused.moved_to)
            if effect.action == "delete":  # what was said before the move has other ids now, which nobody tells a bot
                await self._refusals.told(Unable("gone", "said before the group moved"), effect)
            else:
                await self.enforce(effect.model_copy(update={"place": place}))

    async def _poll(self) -> None:
        await Polling(self._line, self._hearing).run()

    async def _greet(self) -> None:
        """Ask who we are, and hold while nobody answers; warn of what would leave the bot deaf."""
        pause_s = 1.0
        while True:
            try:
                me = await self._line.whoami()
            except TelegramError as fault:
                log.warning(
                    "telegram is away, holding", fault=type(fault).__name__, mend="check network and TELEGRAM_API"
                )
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, SLOWEST_S)
            else:
                break
        log.info("telegram is connected", bot=f"@{me.username}")
        if not me.can_read_all_group_messages:
            log.warning("the bot hears only commands in groups where it is no administrator", mend=PRIVACY_MEND)

    async def _show_menu(self) -> None:
        """The menu is a comfort: a fault in it ends nothing."""
        try:
            await show(self._mouth, self._menu)
        except TelegramError as fault:
            log.error("telegram refuses the menu of commands", fault=fault.message)

    async def _moved(self, place: Place, to: str) -> Place:
        """Where a place is after its group got a new id; the house is told of it."""
        old, topic = chat_of(place.channel)
        await self._comings.move(old, int(to), place.title)
        return place.model_copy(update={"channel": channel_of(int(to), topic), "home": to})

    async def _call_over(self, effect: Say) -> bool:
        """Ask a member, in a group, to open a chat with the bot; False where no group of the community has them."""
        member, community = chat_of(effect.place.channel)[0], effect.place.community
        chat = await self._homes.chat_with(member, community)
        if chat is None:
            return False
        link = deep_link((await self._line.whoami()).username or "", community)
        place = Place(platform=PLATFORM, community=community, channel=str(chat), home=str(chat))
        text = words(guess_lang(effect.text))("telegram.dm_closed", link=link)
        asked = Say(id=f"{effect.id}:closed", place=place, text=text, kind="notice", to=str(member), case=effect.case)
        await self.say(asked)
        return True


def _mend(refused: Refused, usual: str) -> str:
    """The name of the words that tell how to mend it; only a lack of rights can be."""
    if refused.why != "rights":
        return ""
    return (refused.mend if isinstance(refused, Unable) else "") or usual
