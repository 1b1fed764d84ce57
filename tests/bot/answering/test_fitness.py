"""The bot's own words before they are said: unfit ones stop, the community's own contacts do not."""

from __future__ import annotations

import pytest

from bot.answering.fitness import unfit
from bot.knowledge.reading import read_folder
from bot.sample import KNOWLEDGE, POLICY
from moderation.judging.classifier import load_classifier
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.types import Passage, Place, Reply

JUDGE = Judge(load(), load_classifier())
HELP = Place(platform="web", community="sample", channel="help", profile="help")
SUPPORT = "遇到问题请联系官方客服，加微信 lanqiao_help 或拨打 13800138000。工作时间 9:00 到 21:00。"
WARNING = "Never pay a deposit first. Anyone who asks you to add WeChat abc12345 for a rebate is a fraud; report them."


def reply(text: str, *passages: str) -> Reply:
    found = tuple(Passage(document="d", title="t", text=passage, lang="zh") for passage in passages)
    return Reply(text=text, passages=found, confidence=0.9)


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("加V信 abc12345 返利500，先转押金", "结算周期为 T+7。"),
        ("你就是个蠢货，滚出去", "结算周期为 T+7。"),
        ("加微信 cheat_9988", SUPPORT),
        ("官方客服微信 lanqiao_help，加V信 abc12345 返利500，先转押金", SUPPORT),
    ],
)
def test_words_of_its_own_that_break_a_rule_are_not_said(text: str, passage: str) -> None:
    found = unfit(JUDGE, HELP, reply(text, passage))
    assert found is not None
    assert found.clause


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("结算周期为 T+7。", "结算周期为 T+7。"),
        ("请联系官方客服，加微信 lanqiao_help", SUPPORT),
        ("加微信 lanqiao_help 或拨打 13800138000", SUPPORT),
        ("加微信 lanqiao_help 或拨打 13800138000", f"{WARNING}\n{SUPPORT}"),
        ("Anyone who asks you to add WeChat abc12345 for a rebate is a fraud", WARNING),
        ("For a rebate, add WeChat abc12345: a fraud", WARNING),
    ],
)
def test_what_the_communitys_own_document_says_may_be_said(text: str, passage: str) -> None:
    assert unfit(JUDGE, HELP, reply(text, passage)) is None


def test_no_sentence_of_the_sample_knowledge_is_a_trap() -> None:
    judge = Judge(load(POLICY), load_classifier())
    documents = read_folder(KNOWLEDGE).documents
    lines = [(line.strip(), document.text) for document in documents for line in document.text.splitlines()]
    assert len(lines) > 100
    assert [line for line, text in lines if line and unfit(judge, HELP, reply(line, text))] == []
