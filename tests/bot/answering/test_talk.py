"""Who talks with whom, and which messages are one question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.manners import Manners
from bot.answering.talk import between_people, gathered, own_earlier
from moderation.types import Author, Message, Place

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BURST_S = 3.0


def said(id_: str, text: str, by: str = "li", at: float = 0, channel: str = "help", **more: object) -> Message:
    place = Place(platform="web", community="sample", channel=channel)
    fields = {"id": id_, "place": place, "author": Author(id=by, name=f"{by} shop"), "text": text}
    return Message.model_validate({**fields, "sent_at": NOON + timedelta(seconds=at), **more})


QUESTION = said("q", "结算周期是多久？", at=100)


@pytest.mark.parametrize(
    ("message", "recent"),
    [
        (said("q", "多久？", reply_to="m0"), [said("m0", "七天", "wang")]),
        (said("q", "多久？", reply_to="forgotten"), []),
        (said("q", "@wang 多久？"), []),
        (said("q", "多久？ @ Wang"), []),
        (said("q", "Wang shop, how long?"), [said("m0", "hello", "wang")]),
        (said("q", "how long, Wang shop?"), [said("m0", "hello", "wang")]),
        (QUESTION, [said("1", "发了三十单", at=10), said("2", "我才十单", "wang", 40)]),
        (QUESTION, [said("1", "怎么退款？", at=10), said("2", "七天内申请就行", "wang", 40)]),
        (QUESTION, [said("1", "怎么退款？", at=10), said("2", "哪种退款？", "wang", 40, reply_to="1")]),
    ],
)
def test_talk_between_people_is_theirs(message: Message, recent: list[Message]) -> None:
    assert between_people(message, recent)


@pytest.mark.parametrize(
    ("message", "recent"),
    [
        (QUESTION, []),
        (QUESTION, [said("1", "早", "wang", 10)]),
        (QUESTION, [said("1", "怎么退款？", at=10), said("2", "怎么开发票？", "wang", 40)]),
        (QUESTION, [said("1", "发了三十单", at=-200), said("2", "我才十单", "wang", -150)]),
        (QUESTION, [said("1", "早", at=10), said("2", "早", "wang", 20), said("3", "早", "zhao", 30)]),
        (QUESTION, [said("1", "早", at=10, channel="general"), said("2", "早", "wang", 20, channel="general")]),
        (said("q", "多久？", at=9, reply_to="m0"), [said("m0", "我的申诉")]),
        (said("q", "@小二 多久？"), []),
        (said("q", "me@shop.com 收不到邮件怎么办？"), []),
        (said("q", "how long is the Wang shop closed?"), [said("m0", "hello", "wang")]),
    ],
)
def test_a_question_to_everybody_is_no_talk_between_two(message: Message, recent: list[Message]) -> None:
    assert not between_people(message, recent)


def test_only_one_s_own_words_are_what_a_reply_leans_on() -> None:
    recent = [said("m0", "我的申诉"), said("m1", "他的申诉", "wang"), said("m0", "elsewhere", channel="general")]
    assert own_earlier(said("q", "多久？", reply_to="m0"), recent) == "我的申诉"
    assert own_earlier(said("q", "多久？", reply_to="m1"), recent) == ""
    assert own_earlier(said("q", "多久？"), recent) == ""


def parts(message: Message, heard: list[tuple[Message, bool]]) -> list[str] | None:
    burst = gathered(message, heard, BURST_S)
    return [part.text for part in burst.parts] if burst else None


def test_one_breath_is_one_question_and_its_last_part_speaks() -> None:
    hi, one, how, days = (
        said("1", "hi"),
        said("2", "I have a question", at=2),
        said("3", "how long is a refund", at=8),
        said("4", "in days?", at=10),
    )
    heard = [(hi, False), (one, False), (how, True), (days, True)]
    assert parts(how, heard) is None
    assert parts(days, heard) == ["hi", "I have a question", "how long is a refund", "in days?"]
    assert parts(how, heard[:3]) == ["hi", "I have a question", "how long is a refund"]
    assert parts(days, heard[3:]) == ["in days?"]
    assert parts(days, []) == ["in days?"]


def test_what_follows_after_a_pause_is_another_question() -> None:
    first, late = said("1", "how long is a refund"), said("2", "and an exchange?", at=7)
    assert parts(first, [(first, True), (late, True)]) == ["how long is a refund"]


def test_an_edit_amends_what_waits_and_another_s_words_are_never_taken() -> None:
    first, mended = said("1", "how long is a refnud"), said("1", "how long is a refund", at=2, edit=1)
    other, elsewhere = said("2", "mine too", "wang", 1), said("3", "mine too", at=1, channel="general")
    old = said("0", "an old question, mended", at=1, edit=2)
    assert parts(first, [(first, True), (other, True), (elsewhere, True), (old, False), (mended, False)]) == [
        "how long is a refund"
    ]
    assert parts(first, [(first, True), (mended, True)]) is None
    assert parts(mended, [(first, True), (mended, True)]) == ["how long is a refund"]


messages = st.lists(
    st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=14
)


@given(messages)
def test_every_question_is_answered_once_whole_and_by_its_author_s_words_alone(
    plan: list[tuple[str, bool, int, int]],
) -> None:
    """Members a and b write; each part may go to the answer room, whose entries are worked off at any later time.

    A part that is answered leaves what waits, as `Floor` sees to in one transaction.
    """
    heard: list[tuple[Message, bool]] = []
    waiting: list[Message] = []
    answered: list[str] = []
    at = 0

    def answer() -> None:
        message = waiting.pop(0)
        burst = gathered(message, heard, BURST_S)
        if burst is None:
            return
        assert {part.author.id for part in burst.parts} == {message.author.id}
        assert [part.sent_at for part in burst.parts] == sorted(part.sent_at for part in burst.parts)
        taken = [part.id for part in burst.parts]
        assert message.id in taken
        answered.extend(taken)
        heard[:] = [one for one in heard if one[0].id not in taken]

    asked = set()
    for number, (by, asks, gap, worked) in enumerate(plan):
        at += gap
        message = said(str(number), f"text {number}", by, at)
        heard.append((message, asks))
        if asks:
            waiting.append(message)
            asked.add(message.id)
        for _ in range(min(worked, len(waiting))):
            answer()
    while waiting:
        answer()
    assert len(answered) == len(set(answered))
    assert asked <= set(answered)


def test_where_the_bot_may_speak_unasked() -> None:
    place = Place(platform="web", community="tea", channel="c1", profile="general")
    may = {
        where: Manners(where).may_speak_in(place) for where in ("help", "general", "c1", "none", "tea/c1", "silk/c1")
    }
    assert may == {"help": False, "general": True, "c1": True, "none": False, "tea/c1": True, "silk/c1": False}
    assert not Manners("general, tea/help").may_speak_in(place)
