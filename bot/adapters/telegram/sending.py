"""What the bot says on Telegram: in parts, with sources and buttons, each part once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeVar

import telegram
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import BadRequest, TelegramError

from bot.adapters.memory import Memory, Sent
from bot.adapters.telegram.admins import MALFORMED
from bot.adapters.telegram.faults import GONE, MARKUP, UNCHANGED, says
from bot.adapters.telegram.line import Mouth
from bot.adapters.telegram.message import GENERAL, chat_of
from bot.formatting import Part
from bot.formatting import telegram as formatted
from bot.knowledge.documents import guess_lang
from bot.outbox import Priority
from bot.words import Words, words
from moderation.types import Say

T = TypeVar("T")

LIMIT = 4096
"""UTF-16 units of a message."""
IN_A_ROW = 3
MENTIONS = 3
"""Names that one text may call; Telegram has no word for everybody, but every `@name` in a text calls somebody."""
_MENTION = re.compile(r"@(?=\w{4})", re.ASCII)
_STYLES: Final[dict[str, str | None]] = {"plain": None, "good": "success", "bad": "danger"}
_CHOICES: Final = {"up": "👍", "down": "👎", "person": "🙋"}
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class _Text(NamedTuple):
    """Words of one message with their formatting."""

    text: str
    entities: tuple[MessageEntity, ...]


class _Post(NamedTuple):
    """One message of an effect, as it is sent or put in the place of an earlier one."""

    effect: Say
    words: _Text
    first: bool
    keyboard: InlineKeyboardMarkup | None


class Sending:
    """Puts words into chats."""

    def __init__(self, mouth: Mouth, memory: Memory) -> None:
        self._mouth = mouth
        self._memory = memory

    async def say(self, effect: Say) -> None:
        """Say what was not said before of it. Raises Refused, and TelegramError for what nobody foresaw."""
        say = words(guess_lang(effect.text))
        calm = effect.model_copy(update={"text": calmed(effect.text)})
        parts = [_with_entities(part) for part in formatted(calm, say)]
        parts = await self._naming(effect, parts)
        done = await self._memory.sent(effect.place, effect.id)
        before = await self._memory.sent(effect.place, effect.edits) if effect.edits else []
        earlier = before[-len(parts) :]  # the latest: what was said anew stands behind what was gone
        for number in range(len(done), len(parts)):
            last = number == len(parts) - 1
            post = _Post(effect, parts[number], first=number == 0, keyboard=_keyboard(effect, say) if last else None)
            sent = await self._replaced(post, earlier[number]) if number < len(earlier) else None
            await self._memory.note_sent(effect.place, effect.id, sent or await self._anew(post))
        for surplus in before[: -len(parts)]:
            await self._withdraw(effect, surplus)

    async def _anew(self, post: _Post) -> Sent:
        """A new message; a later edit of the words that it takes the place of finds it too."""
        sent = await self._sent(post)
        if edits := post.effect.edits:
            await self._memory.note_sent(post.effect.place, edits, sent)
        return sent

    async def _sent(self, post: _Post) -> Sent:
        """A new message. Text that Telegram cannot read with its formatting goes without."""
        chat, topic = chat_of(post.effect.place.channel)
        reply = post.effect.reply_to if post.first else None
        line = self._mouth.line

        async def send(entities: Sequence[MessageEntity]) -> telegram.Message:
            return await line.send_message(
                chat,
                post.words.text,
                entities=entities,
                message_thread_id=None if topic == GENERAL else topic,
                reply_parameters=_reply(reply),
                reply_markup=post.keyboard,
                link_preview_options=_NO_PREVIEW,
                disable_notification=post.effect.quiet,
            )

        message = await self._mouth.call(chat, _priority(post.effect), lambda: _or_plain(send, post.words.entities))
        return Sent(str(chat), str(message.message_id))

    async def _replaced(self, post: _Post, earlier: Sent) -> Sent | None:
        """The earlier message with the new words; None when it is gone."""
        line = self._mouth.line

        async def edit(entities: Sequence[MessageEntity]) -> Sent:
            await line.edit_message_text(
                post.words.text,
                int(earlier.chat),
                int(earlier.message),
                entities=entities,
                reply_markup=post.keyboard,
                link_preview_options=_NO_PREVIEW,
            )
            return earlier

        async def attempt() -> Sent | None:
            try:
                return await _or_plain(edit, post.words.entities)
            except TelegramError as fault:
                if says(fault, UNCHANGED):
                    return earlier
                if says(fault, GONE):
                    return None
                raise

        return await self._mouth.call(earlier.chat, _priority(post.effect), attempt)

    async def _withdraw(self, effect: Say, surplus: Sent) -> None:
        """Take back a part of the earlier words that the new ones do not need."""

        async def delete() -> bool:
            try:
                return await self._mouth.line.delete_message(int(surplus.chat), int(surplus.message))
            except BadRequest:
                return False  # it is gone, or too old to go

        await self._mouth.call(surplus.chat, _priority(effect), delete)

    async def _naming(self, effect: Say, parts: list[_Text]) -> list[_Text]:
        """In a group, words to one member begin with the member's name; Telegram has no others for one member alone."""
        if not effect.to or effect.place.private or not parts:
            return parts
        user = await self._member(effect)
        first, *rest = parts
        if user is None or not (name := " ".join(user.full_name.split())):
            return parts
        head = f"{name}: " if name.isascii() else f"{name}："
        if _units(head + first.text) > LIMIT:
            return parts
        mention = MessageEntity(MessageEntity.TEXT_MENTION, 0, _units(name), user=user)
        moved = MessageEntity.shift_entities(head, first.entities)
        return [_Text(head + first.text, (mention, *moved)), *rest]

    async def _member(self, effect: Say) -> telegram.User | None:
        """The member to be named; nobody where Telegram does not tell, or a channel is meant."""
        if not effect.to or not effect.to.isdigit():
            return None
        try:
            member = await self._mouth.line.get_chat_member(chat_of(effect.place.channel)[0], int(effect.to))
        except (TelegramError, *MALFORMED):
            return None
        return member.user


def calmed(text: str) -> str:
    """A text that calls more than MENTIONS names calls nobody; it reads the same."""
    return _MENTION.sub("@\u2060", text) if len(_MENTION.findall(text)) > MENTIONS else text


async def _or_plain(send: Callable[[Sequence[MessageEntity]], Awaitable[T]], entities: Sequence[MessageEntity]) -> T:
    """Send with formatting; without, where Telegram does not take it."""
    try:
        return await send(entities)
    except BadRequest as fault:
        if not entities or not says(fault, MARKUP):
            raise
        return await send(())


def _with_entities(part: Part) -> _Text:
    """The house's part with the entities of python-telegram-bot."""
    entities = (MessageEntity(one.type, one.offset, one.length, language=one.language or None) for one in part.entities)
    return _Text(part.text, tuple(entities))


def _priority(effect: Say) -> Priority:
    return Priority.ANSWER if effect.kind == "answer" else Priority.PERSON


def _reply(message: str | None) -> ReplyParameters | None:
    """The message to reply to; where it is gone, the words are said all the same."""
    if not message or not message.isdigit():
        return None
    return ReplyParameters(int(message), allow_sending_without_reply=True)


def _keyboard(effect: Say, say: Words) -> InlineKeyboardMarkup | None:
    """The effect's buttons, or those of a vote under an answer."""
    buttons = [
        InlineKeyboardButton(one.label, callback_data=one.id, style=_STYLES[one.style]) for one in effect.buttons
    ]
    if effect.votable and not buttons:
        votes = ((f"{emoji} {say(f'bubble.vote_{choice}')}", f"v:{choice}") for choice, emoji in _CHOICES.items())
        buttons = [InlineKeyboardButton(label, callback_data=pressed) for label, pressed in votes]
    rows = [buttons[at : at + IN_A_ROW] for at in range(0, len(buttons), IN_A_ROW)]
    return InlineKeyboardMarkup(rows) if rows else None


def _units(text: str) -> int:
    """Telegram's length of a text: its UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
