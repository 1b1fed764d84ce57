"""What a message wants of the bot, in both languages."""

from __future__ import annotations

import pytest

from bot.questions import Speech, bare, speech
from moderation.types import Author, Message, Place, Profile


def wants(text: str, profile: Profile = "help", *, addressed: bool = False, reply_to: str | None = None) -> Speech:
    place = Place(platform="web", community="s", channel=profile, profile=profile)
    said = {"id": "1", "place": place, "author": Author(id="a"), "text": text}
    return speech(Message.model_validate({**said, "addressed": addressed, "reply_to": reply_to}))


@pytest.mark.parametrize(
    "text",
    [
        "结算周期是多久？",
        "请问怎么退保证金",
        "开店要准备哪些资料",
        "How do I withdraw?",
        "is there a fee for that",
        "哪里看店铺分",
    ],
)
def test_a_question_in_the_help_channel_is_for_the_bot(text: str) -> None:
    assert wants(text) is Speech.QUESTION
    assert wants(text, "general") is Speech.NOTHING
    assert wants(text, reply_to="m0") is Speech.NOTHING
    assert wants(text, "general", addressed=True) is Speech.QUESTION


@pytest.mark.parametrize(
    "text",
    ["ok, clear. thanks", "好的，谢谢", "谢谢小二", "thx!", "明白了，多谢🙏", "thanks bot, you were helpful today"],
)
def test_thanks_are_thanks_and_never_a_question(text: str) -> None:
    assert wants(text) is Speech.NOTHING
    assert wants(text, addressed=True) is Speech.THANKS


@pytest.mark.parametrize("text", ["你好", "hello!", "早上好", "在吗？"])
def test_greetings_are_greeted_only_when_the_bot_is_meant(text: str) -> None:
    assert wants(text) is Speech.NOTHING
    assert wants(text, addressed=True) is Speech.GREETING


@pytest.mark.parametrize("text", ["请问", "quick question", "求助！", "今天出了三十单", "好的", "", "@小二"])
def test_a_preamble_and_small_talk_are_left_alone(text: str) -> None:
    assert wants(text) is Speech.NOTHING


def test_thanks_that_ask_are_a_question() -> None:
    assert wants("谢谢，那保证金要交多少？") is Speech.QUESTION


@pytest.mark.parametrize("text", ["@小二 多久？", "@xiaoer：多久？", "@Xiaoer, 多久？"])
def test_the_bot_s_name_is_taken_off(text: str) -> None:
    assert bare(text) == "多久？"
