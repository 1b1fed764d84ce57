"""Telegram's objects as the house's nouns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, TelegramError, TimedOut

from bot.adapters.telegram.enforcing import LONGEST_S, SHORTEST_S, until
from bot.adapters.telegram.faults import TooMany, meaning
from bot.adapters.telegram.home import deep_link
from bot.adapters.telegram.message import addressed, channel_of, chat_of, edit_number, merged, spoken, to_choice
from bot.outbox import Later, Refused
from moderation.errors import XiaoerError
from moderation.types import Author, Message, Place
from tests.peers.telegram.text import found

ME = telegram.User(7, "Xiaoer", True, username="Xiaoer_bot")
SENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def said(text: str, **more: Any) -> telegram.Message:
    """A message in a supergroup, with the entities that Telegram finds in it."""
    told = {
        "message_id": 5,
        "date": int(SENT.timestamp()),
        "chat": {"id": -1001, "type": "supergroup", "title": "Shop"},
        "from": {"id": 9, "is_bot": False, "first_name": "Mei"},
        "text": text,
        "entities": found(text),
    }
    message = telegram.Message.de_json(told | more, None)
    assert message is not None
    return message


@pytest.mark.parametrize(
    ("text", "words", "ours"),
    [
        ("/ask@xiaoer_BOT what?", "/ask what?", True),
        ("/ask what?", "/ask what?", True),
        ("/ask@another_bot what?", "ask@another_bot what?", False),
        ("see /ask", "see /ask", False),
        ("🎉🎉 @Xiaoer_bot 你好", "🎉🎉  你好", True),
        ("@xiaoer_bot", "", True),
        ("@xiaoer_bottle hello", "@xiaoer_bottle hello", False),
        ("mail me at a@xiaoer_bot.example", "mail me at a@xiaoer_bot.example", False),
    ],
)
def test_what_is_said_to_the_bot(text: str, words: str, ours: bool) -> None:
    message = said(text)
    assert (spoken(message, ME), addressed(message, ME)) == (words, ours)


def test_a_mention_of_somebody_without_a_name_is_heard() -> None:
    mention = {"type": "text_mention", "offset": 0, "length": 6, "user": ME.to_dict()}
    message = said("Xiaoer, hello", entities=[mention])
    assert (spoken(message, ME), addressed(message, ME)) == (", hello", True)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_words_are_lost_around_the_bots_name(before: str, after: str) -> None:
    name = "@Xiaoer_bot"
    text = f"{before} {name} {after}"
    offset = len(f"{before} ".encode("utf-16-le", "surrogatepass")) // 2
    entity = {"type": "mention", "offset": offset, "length": len(name)}
    assert spoken(said(text, entities=[entity]), ME) == f"{before}  {after}".strip()


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=2, unique=True).map(sorted), st.text(max_size=50))
def test_a_later_edit_has_a_higher_number(seconds: list[int], text: str) -> None:
    sent = int(SENT.timestamp())
    earlier, later = (edit_number(said(text, edit_date=sent + after)) for after in seconds)
    assert 0 < earlier < later


def test_a_new_message_is_no_edit_and_the_same_edit_the_same() -> None:
    edit = {"edit_date": int(SENT.timestamp()) + 60}
    assert edit_number(said("a")) == 0
    assert edit_number(said("a", **edit)) == edit_number(said("a", **edit)) != edit_number(said("b", **edit))


@given(st.integers(-(2**52), 2**52), st.none() | st.integers(2, 2**31))
def test_a_channels_name_tells_chat_and_topic(chat: int, topic: int | None) -> None:
    assert chat_of(channel_of(chat, topic)) == (chat, topic)


def test_the_general_topic_is_the_chat() -> None:
    assert channel_of(-1001, 1) == "-1001"


@given(st.integers(0, 10**9))
def test_a_timeout_always_ends(seconds: int) -> None:
    length = (until(seconds, SENT) - SENT).total_seconds()
    assert 30 < SHORTEST_S <= length <= LONGEST_S < timedelta(days=366).total_seconds()
    assert length == seconds or seconds < SHORTEST_S or seconds > LONGEST_S


@given(st.permutations(range(10, 14)))
def test_an_album_is_the_same_in_whatever_order_its_parts_come(ids: list[int]) -> None:
    place = Place(platform="telegram", community="shop", channel="-1001")
    parts = [Message(id=str(one), place=place, author=Author(id="9"), text=f"part {one}", sent_at=SENT) for one in ids]
    whole = merged(parts)
    assert (whole.id, whole.text) == ("10", "part 10\npart 11\npart 12\npart 13")


@pytest.mark.parametrize(
    ("old", "new", "choice"),
    [("", "👍", "up"), ("👍", "👎", "down"), ("👍", "👍🔥", None), ("", "🔥", None), ("👍", "", None)],
)
def test_a_new_thumb_is_a_vote(old: str, new: str, choice: str | None) -> None:
    kinds = [[telegram.ReactionTypeEmoji(one) for one in each] for each in (old, new)]
    chat = telegram.Chat(-1001, "supergroup")
    reaction = telegram.MessageReactionUpdated(chat, 5, SENT, kinds[0], kinds[1], user=ME)
    assert to_choice(reaction) == choice


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), "blocked"),
        (Forbidden("Forbidden: bot can't initiate conversation with a user"), "blocked"),
        (Forbidden("Forbidden: bot was kicked from the supergroup chat"), "gone"),
        (Forbidden("Forbidden: something new"), "rights"),
        (BadRequest("Bad Request: chat not found"), "gone"),
        (BadRequest("Bad Request: not enough rights to restrict/unrestrict chat member"), "rights"),
        (BadRequest("Bad Request: message can't be deleted for everyone"), "too_old"),
        (BadRequest("Bad Request: TOPIC_CLOSED"), "rights"),
        (ChatMigrated(-1002), "moved"),
    ],
)
def test_what_telegram_refuses_has_a_meaning(fault: TelegramError, why: str) -> None:
    refused = meaning(fault)
    assert isinstance(refused, Refused)
    assert (refused.why, refused.moved_to) == (why, "-1002" if why == "moved" else "")


@pytest.mark.parametrize(
    ("fault", "everywhere"), [(TooMany(7), False), (TimedOut(), True), (TelegramError("Invalid server response"), True)]
)
def test_what_passes_is_waited_for(fault: TelegramError, everywhere: bool) -> None:
    later = meaning(fault)
    assert isinstance(later, Later)
    assert (later.everywhere, later.after_s > 0) == (everywhere, True)


def test_a_refused_token_is_told_without_the_token() -> None:
    fault = meaning(InvalidToken("The token `7:secret` was rejected by the server."))
    assert isinstance(fault, XiaoerError)
    assert "@BotFather" in str(fault)
    assert "secret" not in str(fault)


def test_what_nobody_foresaw_stays_a_fault() -> None:
    unknown, conflict = BadRequest("Bad Request: BUTTON_DATA_INVALID"), Conflict("Conflict")
    assert (meaning(unknown), meaning(conflict)) == (unknown, conflict)


@pytest.mark.parametrize(("community", "start"), [("telegram-1001", "telegram-1001"), ("north.shop", "hello")])
def test_a_deep_link_names_the_community_where_it_can(community: str, start: str) -> None:
    assert deep_link("Xiaoer_bot", community) == f"https://t.me/Xiaoer_bot?start={start}"
