from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date

import pytest

from bot.knowledge.index import Index
from bot.knowledge.reading import read_folder
from bot.sample import DAY, EXPECTED, KNOWLEDGE
from moderation import policy
from moderation.types import Message
from tests.bot.models import real_models

TODAY = date(2026, 11, 20)
OUTCOMES = {"answered", "silent", "enforced", "escalated"}

QUESTIONS = [
    ("提现手续费怎么收", "zh/payouts.md"),
    ("确认收货后几天能结算货款？", "zh/payouts.md"),
    ("服饰类目佣金是多少", "zh/commission.md"),
    ("新店有免佣吗", "zh/commission.md"),
    ("企业店铺保证金交多少", "zh/opening-a-shop.md"),
    ("关店以后保证金多久退", "zh/opening-a-shop.md"),
    ("预售商品最晚多久发货", "zh/shipping.md"),
    ("周日快递几点来揽收", "zh/shipping.md"),
    ("退货申请多久之内要处理", "zh/returns.md"),
    ("仅退款有什么条件", "zh/returns.md"),
    ("主图像素要求", "zh/listing.md"),
    ("能卖电子烟吗", "zh/listing.md"),
    ("订单导出最多多少行", "zh/accounts-invoices-export.md"),
    ("申诉几天出结果", "zh/score-and-appeals.md"),
    ("双十二报名截止到哪天", "zh/promotions.md"),
    ("报价单最多几行", "zh/community-rules.md"),
    ("小二会不会要验证码", "zh/staff-and-fraud.md"),
    ("What is the smallest amount I can withdraw?", "en/payouts.md"),
    ("When are cross-border shops paid?", "en/payouts.md"),
    ("How much commission do you take on beauty?", "en/commission.md"),
    ("Is there a yearly fee?", "en/commission.md"),
    ("Which documents do I need for a company shop?", "en/opening-a-shop.md"),
    ("How often may I rename my shop?", "en/opening-a-shop.md"),
    ("What is the penalty for late shipping?", "en/shipping.md"),
    ("How long do I have to claim a lost parcel?", "en/shipping.md"),
    ("Who pays the return postage if the item is faulty?", "en/returns.md"),
    ("Are QR codes allowed on pictures?", "en/listing.md"),
    ("How long does the export download link work?", "en/accounts-invoices-export.md"),
    ("Below which shop score do my products drop in search?", "en/score-and-appeals.md"),
    ("When does the spring launch sale run?", "en/promotions.md"),
    ("How many price lists may I post per day?", "en/community-rules.md"),
    ("What should I do if my account is stolen?", "en/staff-and-fraud.md"),
]
UNCOVERED = [
    "明年会上市吗",
    "推荐一下附近好吃的火锅",
    "老板你多大了",
    "谢谢",
    "Who won the match last night?",
    "hahaha nice",
    "Can you lend me your car?",
]


def messages() -> list[Message]:
    return [Message.model_validate_json(line) for line in DAY.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def index() -> Index:
    built = Index(real_models())
    for document in read_folder(KNOWLEDGE).documents:
        built.put(document)
    return built


def test_every_document_is_read_in_both_languages() -> None:
    folder = read_folder(KNOWLEDGE)
    assert folder.faults == ()
    names = defaultdict(set)
    for document in folder.documents:
        lang, name = document.id.split("/")
        assert document.lang == lang
        names[lang].add(name)
    assert names["zh"] == names["en"]
    assert len(folder.documents) >= 20


@pytest.mark.parametrize(("question", "expected"), QUESTIONS)
def test_a_covered_question_finds_its_document_first(index: Index, question: str, expected: str) -> None:
    assert index.search(question, today=TODAY)[0].document == expected


def test_covered_and_uncovered_questions_are_apart(index: Index) -> None:
    covered = [index.search(question, today=TODAY)[0].score for question, _ in QUESTIONS]
    uncovered = [index.search(question, today=TODAY)[0].score for question in UNCOVERED]
    assert max(uncovered) < min(sorted(covered)[2:])


def test_the_expired_documents_are_not_quoted(index: Index) -> None:
    for question in ("2025 冬季佣金优惠", "winter 2025 commission discount", "服饰佣金降到 2%"):
        assert not any("winter" in passage.document for passage in index.search(question, limit=20, today=TODAY))
    then = index.search("服饰佣金降到 2%", today=date(2026, 1, 15))
    assert then[0].document == "zh/winter-2025-commission.md"


def test_the_day_is_a_day_in_the_channels_of_the_policy() -> None:
    day = messages()
    assert 140 <= len(day) <= 170
    assert [message.sent_at for message in day] == sorted(message.sent_at for message in day)
    assert {message.sent_at.date() for message in day} == {TODAY}
    assert len({message.key for message in day}) == len(day)
    assert len({message.author.id for message in day}) >= 25
    assert {message.author.trust for message in day} == {"new", "member", "trusted"}
    channels = policy.load().channels
    assert all(channels[message.place.channel] == message.place.profile for message in day)


def test_replies_and_edits_speak_of_earlier_messages_of_their_channel() -> None:
    seen: dict[str, Message] = {}
    for message in messages():
        if message.reply_to:
            assert seen[message.reply_to].place == message.place
        if message.edit:
            assert seen[message.id].author == message.author
        seen[message.id] = message


def test_every_message_has_an_expected_outcome() -> None:
    expected = [json.loads(line) for line in EXPECTED.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["edit"]) for row in expected] == [(message.id, message.edit) for message in messages()]
    outcomes = [row["expect"] if isinstance(row["expect"], list) else [row["expect"]] for row in expected]
    assert all(outcome and set(outcome) <= OUTCOMES for outcome in outcomes)
    alone = Counter(outcome[0] for outcome in outcomes if len(outcome) == 1)
    assert alone["silent"] > alone["answered"] > alone["enforced"] > alone["escalated"] > 0
