"""Buttons and reactions on Telegram: votes on the bot's answers, and moderators' presses on its cards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
import telegram
from telegram import CallbackQuery, MessageReactionUpdated, Update
from telegram.error import TelegramError

from bot.adapters.ears import Ears
from bot.adapters.memory import Memory, Sent
from bot.adapters.telegram.line import Line
from bot.adapters.telegram.message import VOTES, member, to_choice, to_place, to_vote, topic_of
from bot.groups.happenings import Press
from bot.stream import OUTAGE
from bot.words import preferred, words
from moderation.types import ID_LENGTH, Author, Place, Tier

BUTTON_LENGTH = 60
TierOf = Callable[[telegram.Chat, telegram.User | telegram.Chat | None, str], Awaitable[Tier]]
CommunityOf = Callable[[telegram.Chat, telegram.User | None], Awaitable[str | None]]

log = structlog.get_logger()


class Presses:
    """Hears callback queries and reactions."""

    def __init__(self, line: Line, ears: Ears, memory: Memory, tier: TierOf, community: CommunityOf) -> None:
        self._line = line
        self._ears = ears
        self._memory = memory
        self._tier = tier
        self._community = community

    async def hear(self, update: Update) -> None:
        """Put the vote or the press on its stream. The presser's app is answered at once, whatever comes of it."""
        if reaction := update.message_reaction:
            await self._reacted(reaction)
        elif (query := update.callback_query) and query.message and query.data:
            if query.data in VOTES:
                await self._voted(query, query.message, query.data)
            else:
                await self._answer(query)
                await self._pressed(query, query.message, query.data)
        elif query:
            await self._answer(query)

    async def _reacted(self, reaction: MessageReactionUpdated) -> None:
        """A thumb under an answer of the bot is a vote; anonymous ones have no voter to count."""
        choice, user = to_choice(reaction), reaction.user
        if choice is None or user is None:
            return
        community = await self._community(reaction.chat, user)
        if community is None:
            return
        place = to_place(reaction.chat, community)
        if answer := await self._effect(place, reaction.chat.id, reaction.message_id):
            await self._ears.vote(to_vote(community, answer, user, choice))

    async def _voted(self, query: CallbackQuery, message: telegram.MaybeInaccessibleMessage, data: str) -> None:
        say = words(preferred(query.from_user.language_code or ""))
        community = answer = None
        try:
            if community := await self._community(message.chat, query.from_user):
                answer = await self._effect(to_place(message.chat, community), message.chat.id, message.message_id)
        except OUTAGE:
            await self._answer(query)  # the vote is counted when Redis is back
            raise
        await self._answer(query, say("say.voted" if answer else "error.answer_gone"))
        if community and answer:
            await self._ears.vote(to_vote(community, answer, query.from_user, VOTES[data]))

    async def _pressed(self, query: CallbackQuery, message: telegram.MaybeInaccessibleMessage, data: str) -> None:
        community = await self._community(message.chat, query.from_user)
        if community is None or len(data) > BUTTON_LENGTH:
            return
        place = to_place(message.chat, community, *_topic(message))
        once = f"press:{query.id}"
        if await self._memory.was_done(place, once):
            return
        presser = await self._presser(query, message.chat, community)
        await self._ears.press(Press(place=place, button=data, member=presser, card=str(message.message_id)))
        await self._memory.note_done(place, once)

    async def _presser(self, query: CallbackQuery, chat: telegram.Chat, community: str) -> Author:
        return member(query.from_user, await self._tier(chat, query.from_user, community))

    async def _effect(self, place: Place, chat: int, message: int) -> str | None:
        return await self._memory.effect_of(place, Sent(str(chat), str(message)))

    async def _answer(self, query: CallbackQuery, text: str = "") -> None:
        """End the spinner on the button. A query that is too old, or answered before, needs no answer."""
        try:
            await self._line.answer_callback_query(query.id, text[:ID_LENGTH] or None)
        except TelegramError as fault:
            log.info("a press could not be answered", fault=type(fault).__name__)


def _topic(message: telegram.MaybeInaccessibleMessage) -> tuple[int | None, str]:
    """The topic that a card stands in, as far as Telegram tells: of an old card it does not."""
    return topic_of(message) if isinstance(message, telegram.Message) else (None, "")
