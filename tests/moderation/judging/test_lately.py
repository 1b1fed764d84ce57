"""The versions of a message, and what the judge sees around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from moderation.judging.lately import LASTS, Lately, moderation_case, same_message, surroundings, unchanged
from moderation.types import Attachment, Author, Message, Place, case_id

PLACE = Place(platform="web", community="sample", channel="help", profile="help")
SIGNED_THEN, SIGNED_NOW, ANOTHER = (
    Attachment(name="a.png", url=f"https://cdn.example/{path}") for path in ("1/a.png?hm=1", "1/a.png?hm=2", "2/a.png")
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def message(id_: str = "m", edit: int = 0, text: str = "hello", **more: object) -> Message:
    fields = {"id": id_, "place": PLACE, "author": Author(id="li"), "text": text, "edit": edit, "sent_at": NOON}
    return Message.model_validate({**fields, **more})


@pytest.mark.parametrize(
    ("known", "edited", "same"),
    [
        ([message()], message(edit=1), True),
        ([message()], message(edit=1, text="hello!"), False),
        ([message()], message(edit=1, attachments=(Attachment(name="a.png"),)), False),
        ([message(attachments=(SIGNED_THEN,))], message(edit=1, attachments=(SIGNED_NOW,)), True),
        ([message(attachments=(SIGNED_THEN,))], message(edit=1, attachments=(ANOTHER,)), False),
        ([message(), message(edit=1, text="other")], message(edit=2), False),
        ([message("another")], message(edit=1), False),
        ([message(place=PLACE.model_copy(update={"channel": "deals"}))], message(edit=1), False),
        ([message()], message(), False),
    ],
)
def test_an_edit_is_held_against_the_latest_known_version(known: list[Message], edited: Message, same: bool) -> None:
    assert unchanged(edited, known) is same


def test_the_surroundings_hold_each_other_message_once_and_as_it_stands() -> None:
    said = [message("a"), message("b", text="first"), message("m"), message("b", 1, "second")]
    around = surroundings(message("m", 1, "new"), said)
    assert [(one.id, one.text) for one in around] == [("a", "hello"), ("b", "second")]


def test_all_versions_of_a_message_share_the_name_of_their_cases() -> None:
    first, edited = moderation_case(message()), moderation_case(message(edit=3))
    assert first == case_id("moderation", message())
    assert (same_message(first), same_message(edited)) == (first, first)
    assert len({first, edited, moderation_case(message("other"))}) == 3


def test_a_replay_forgets_what_the_live_history_forgets() -> None:
    lately = Lately(kept=2)
    for id_ in "abc":
        lately.note(message(id_))
    soon, late = message(sent_at=NOON + timedelta(hours=1)), message(sent_at=NOON + LASTS + timedelta(seconds=1))
    assert [one.id for one in lately.before(soon)] == ["b", "c"]
    assert list(lately.before(late)) == []
