"""What the Bot API's refusals mean: one table, from its words to what the house does."""

from __future__ import annotations

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, TelegramError

from bot.outbox import Later, Refused, Why
from moderation.errors import XiaoerError

TOKEN_MEND = "TELEGRAM_TOKEN is refused: ask @BotFather for the current one"  # noqa: S105 - words about a token
NETWORK_S = 3.0
"""Seconds to hold everything while the network or Telegram is away."""
REFUSED_TOKEN_S = 30.0

PROTECTED = "refusal.telegram_protected"
SUPERGROUP = "refusal.telegram_supergroup"

_MEANINGS: tuple[tuple[str, Why] | tuple[str, Why, str], ...] = (
    ("blocked by the user", "blocked"),
    ("user_is_blocked", "blocked"),
    ("can't initiate conversation", "blocked"),
    ("can't send messages to bots", "blocked"),
    ("user is deactivated", "gone"),
    ("input_user_deactivated", "gone"),
    ("was kicked", "gone"),
    ("is not a member", "gone"),
    ("chat was deleted", "gone"),
    ("chat not found", "gone"),
    ("peer_id_invalid", "gone"),
    ("message thread not found", "gone"),
    ("topic_deleted", "gone"),
    ("topic_id_invalid", "gone"),
    ("user not found", "gone"),
    ("member not found", "gone"),
    ("participant_id_invalid", "gone"),
    ("user_not_participant", "gone"),
    ("user_id_invalid", "gone"),
    ("invalid user_id", "gone"),
    ("message can't be deleted", "too_old"),
    ("upgraded to a supergroup", "moved"),
    ("not enough rights", "rights"),
    ("have no rights", "rights"),
    ("need administrator rights", "rights"),
    ("chat_admin_required", "rights"),
    ("right_forbidden", "rights"),
    ("chat_write_forbidden", "rights"),
    ("chat_restricted", "rights"),
    ("topic_closed", "rights"),
    ("is an administrator of the chat", "rights", PROTECTED),
    ("user_admin_invalid", "rights", PROTECTED),
    ("can't remove chat owner", "rights", PROTECTED),
    ("can't restrict self", "rights", PROTECTED),
    ("method is available", "rights", SUPERGROUP),
    ("in private chats", "rights"),
)
"""A piece of Telegram's words in lower case, why it refuses, and where it is a special one the mend's name in the words
table. The first that fits holds."""

GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
"""An edit that finds nothing to edit: the words are sent anew."""
DELETED = ("message to delete not found", "message_id_invalid")
UNCHANGED = ("message is not modified",)
MARKUP = ("can't parse", "entity_", "entities", "entity")
"""Formatting that Telegram does not take: the words go as plain text."""
TOO_LATE = ("query is too old", "query id is invalid")


class Unable(Refused):
    """Refused, with the name of the words that tell how to mend it; empty for the usual mend of the deed."""

    def __init__(self, why: Why, told: str, mend: str = "") -> None:
        super().__init__(why, told)
        self.mend = mend


class TooMany(TelegramError):  # noqa: N818 - reads as what it tells
    """Telegram's 429: wait `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"too many requests, retry after {after_s:g} s")
        self.after_s = after_s


def says(fault: TelegramError, words: tuple[str, ...]) -> bool:
    """Whether a refused request was refused with one of these words."""
    return isinstance(fault, BadRequest) and any(word in fault.message.lower() for word in words)


def meaning(fault: TelegramError) -> Exception:
    """What to raise for it: Refused, Later, XiaoerError, or the fault itself where the table does not know it.

    The network or Telegram being away is no fault of the request: everything waits, and the call is made again.
    """
    match fault:
        case TooMany():
            return Later(fault.after_s)
        case ChatMigrated():
            return Refused("moved", "the group has become a supergroup", moved_to=str(fault.new_chat_id))
        case InvalidToken():
            return XiaoerError(TOKEN_MEND)
        case BadRequest() | Forbidden():
            return _refused(fault) or fault
        case NetworkError():
            return Later(NETWORK_S, everywhere=True)
    return Later(NETWORK_S, everywhere=True) if type(fault) is TelegramError else fault  # no answer of Telegram's own


def _refused(fault: TelegramError) -> Refused | None:
    words = fault.message.lower()
    for piece, why, *mend in _MEANINGS:
        if piece in words:
            return Unable(why, f"Telegram refuses: {piece}", *mend)
    return Unable("rights", "Telegram refuses: forbidden") if isinstance(fault, Forbidden) else None
