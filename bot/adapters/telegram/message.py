"""Telegram's objects as the house's nouns. Pure: nothing here asks Telegram or Redis."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

import telegram
from telegram import MessageEntity, ReactionTypeEmoji
from telegram.constants import ChatID, ChatType

from bot.adapters.telegram.files import attachments
from moderation.types import ID_LENGTH, TEXT_LENGTH, Author, Choice, Message, Place, Tier, Vote

PLATFORM: Final = "telegram"
GENERAL = 1
"""The General topic: its messages name no topic, and none may be named to write there."""
STAND_INS: Final = frozenset({ChatID.ANONYMOUS_ADMIN, ChatID.SERVICE_CHAT, ChatID.FAKE_CHANNEL})
"""Accounts of Telegram's own that speak for an anonymous admin, a linked channel or a channel: nobody to punish."""
VOTES: Final[dict[str, Choice]] = {"v:up": "up", "v:down": "down", "v:person": "person"}
"""What the buttons under an answer send; the message tells which answer."""
_THUMBS: Final[dict[str, Choice]] = {"👍": "up", "👎": "down"}
_COMMAND = re.compile(r"/(\w{1,32})(?:@(\w+))?", re.ASCII)


def channel_of(chat: int, topic: int | None) -> str:
    """`Place.channel`: the chat's id, with the topic's behind it unless that is General."""
    return f"{chat}/{topic}" if topic and topic != GENERAL else str(chat)


def chat_of(channel: str) -> tuple[int, int | None]:
    """The chat's and the topic's id of a `Place.channel`. Raises ValueError for what is none of Telegram's."""
    chat, _, topic = channel.partition("/")
    return int(chat), int(topic) if topic else None


def to_place(chat: telegram.Chat, community: str, topic: int | None = None, topic_name: str = "") -> Place:
    """Where a message stands; a topic takes its group's rules."""
    channel = channel_of(chat.id, topic)
    private = chat.type == ChatType.PRIVATE
    title = "" if private else (topic_name or chat.title or "")
    parent = str(chat.id) if channel != str(chat.id) else ""
    return Place(
        platform=PLATFORM,
        community=community,
        channel=channel,
        title=title[:ID_LENGTH],
        parent=parent,
        private=private,
        home="" if private else str(chat.id),
    )


def topic_of(message: telegram.Message) -> tuple[int | None, str]:
    """The forum topic of a message and, where the message tells it, its name.

    Outside of forums Telegram numbers threads of replies too: those are no topics.
    """
    if not message.is_topic_message:
        return None, ""
    head = message.reply_to_message
    opened = head.forum_topic_created if head else None
    return message.message_thread_id, opened.name if opened else ""


def to_author(message: telegram.Message, tier: Tier) -> Author:
    """Who speaks; `tier` is the speaker's by the chat's list of administrators, "owner" for its linked channel.

    An anonymous administrator and a channel speak through an account of Telegram's own: the chat that they speak for
    is the author. The chat's linked channel, and a channel in itself, is the owner's official voice: marked as a bot,
    so that nobody judges or answers it, and with the owner's tier, so that nobody punishes it.
    """
    chat, speaker, user = message.chat, message.sender_chat, message.from_user
    if speaker is None and user is None:
        return Author(id=str(chat.id), name=(chat.title or "")[:ID_LENGTH], bot=True)
    if speaker is None and user is not None:
        return member(user, tier)
    assert speaker is not None  # noqa: S101 - for the type checker: one of both is there
    name = " · ".join(part for part in (speaker.title, message.author_signature) if part)[:ID_LENGTH]
    if message.is_automatic_forward or chat.type == ChatType.CHANNEL or tier == "owner":
        return Author(id=str(speaker.id), name=name, bot=True, tier="owner")
    return Author(id=str(speaker.id), name=name, tier="admin" if speaker.id == chat.id else tier)


def member(user: telegram.User, tier: Tier = "member") -> Author:
    """A person or a bot."""
    return Author(id=str(user.id), name=user.full_name[:ID_LENGTH], bot=user.is_bot, tier=tier)


def to_message(message: telegram.Message, place: Place, author: Author, me: telegram.User) -> Message | None:
    """What was said; None for a service message. `me` is the bot. Files come without what is in them."""
    files = attachments(message)
    text = spoken(message, me)
    if not text and not files:
        return None
    return Message(
        id=str(message.message_id),
        place=place,
        author=author,
        text=text[:TEXT_LENGTH],
        sent_at=message.date,
        reply_to=_reply_to(message),
        addressed=addressed(message, me),
        attachments=files,
        edit=edit_number(message),
    )


def edit_number(message: telegram.Message) -> int:
    """0 for a message as first sent; else a number that grows with the time of the edit.

    Telegram tells the second of an edit only: the text's checksum tells apart two edits in one second.
    """
    if message.edit_date is None:
        return 0
    seconds = max(0, int((message.edit_date - message.date).total_seconds()))
    files = "".join(file.url for file in attachments(message))
    return (seconds + 1) * 1000 + zlib.crc32(f"{_text(message)}{files}".encode()) % 1000


def spoken(message: telegram.Message, me: telegram.User) -> str:
    """The words, a caption too, without the bot's own name, and with the addresses that hide behind links and buttons.

    A command for this bot loses its `@name`; one for another bot loses its slash, and is a text like any other.
    """
    text = _text(message)
    ours = f"@{me.username}".lower()
    cuts = []
    for entity, piece in _entities(message).items():
        start = _index(text, entity.offset)
        if entity.type == MessageEntity.BOT_COMMAND and start == 0:
            cuts += [_command_cut(piece, ours)]
        elif _names(entity, piece, ours, me):
            cuts.append((start, start + len(piece)))
    for start, end in sorted(cuts, reverse=True):
        text = text[:start] + text[end:]
    hidden = [url for url in _hidden(message) if url not in text]
    return "\n".join([text.strip(), *hidden]).strip()


def addressed(message: telegram.Message, me: telegram.User) -> bool:
    """Whether it speaks to the bot: in private, by a reply, by its name, or by a command that is not another bot's."""
    ours = f"@{me.username}".lower()
    if message.chat.type == ChatType.PRIVATE:
        return True
    head = message.reply_to_message
    if head and _reply_to(message) and head.from_user and head.from_user.id == me.id:
        return True
    for entity, piece in _entities(message).items():
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            return "@" not in piece or piece.lower().endswith(ours)
        if _names(entity, piece, ours, me):
            return True
    return False


def to_choice(reaction: telegram.MessageReactionUpdated) -> Choice | None:
    """The vote that a changed reaction is; None when no thumb is new."""
    old = {each.emoji for each in reaction.old_reaction if isinstance(each, ReactionTypeEmoji)}
    new = [each.emoji for each in reaction.new_reaction if isinstance(each, ReactionTypeEmoji)]
    return next((_THUMBS[emoji] for emoji in new if emoji in _THUMBS and emoji not in old), None)


def to_vote(community: str, answer: str, by: telegram.User, choice: Choice) -> Vote:
    return Vote(community=community, answer=answer, member=str(by.id), name=by.full_name[:ID_LENGTH], choice=choice)


def merged(parts: Sequence[Message]) -> Message:
    """The messages of an album as one: the first one's id, every file, and all captions."""
    first, *_ = parts = sorted(parts, key=lambda part: int(part.id))
    captions = dict.fromkeys(part.text for part in parts if part.text)
    files = tuple(file for part in parts for file in part.attachments)
    told = {"text": "\n".join(captions)[:TEXT_LENGTH], "attachments": files}
    return first.model_copy(update={**told, "addressed": any(part.addressed for part in parts)})


def _text(message: telegram.Message) -> str:
    return message.text or message.caption or ""


def _entities(message: telegram.Message) -> dict[MessageEntity, str]:
    return message.parse_entities() if message.text else message.parse_caption_entities()


def _index(text: str, units: int) -> int:
    """Where an offset in UTF-16 units lies, in characters."""
    return len(text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore"))


def _command_cut(piece: str, ours: str) -> tuple[int, int]:
    found = _COMMAND.fullmatch(piece)
    if not found or not found[2]:
        return (0, 0)
    if f"@{found[2]}".lower() == ours:
        return (len(found[1]) + 1, len(piece))
    return (0, 1)


def _names(entity: MessageEntity, piece: str, ours: str, me: telegram.User) -> bool:
    if entity.type == MessageEntity.MENTION:
        return piece.lower() == ours
    return entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id


def _hidden(message: telegram.Message) -> list[str]:
    """Addresses that a reader does not see until a tap."""
    urls = [entity.url for entity in (*message.entities, *message.caption_entities) if entity.url]
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    urls += [button.url for row in rows for button in row if button.url]
    return list(dict.fromkeys(urls))


def _reply_to(message: telegram.Message) -> str | None:
    """The message replied to. What is said in a topic hangs below the topic's head without being a reply."""
    head = message.reply_to_message
    if head is None or head.forum_topic_created:
        return None
    if message.is_topic_message and head.message_id == message.message_thread_id:
        return None
    return str(head.message_id)
