"""The rules, each on what it must find and what it must leave alone."""

from datetime import UTC, datetime, timedelta

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.characters import FOLDED
from moderation.normalise import normalise
from moderation.policy import CLAUSES, LinkRules, load
from moderation.rules import Rules
from moderation.rules.campaigns import shingles, similarity
from moderation.rules.links import Links
from moderation.rules.numbers import identity, luhn
from moderation.rules.offers import offers
from moderation.rules.patterns import WORDLISTS, Pattern, PatternSet, WordListError, expression, phrases, word_list
from moderation.types import Author, Message, Place, Signal, Trust

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = Rules(load())
ALL_PHRASES = phrases()
PHRASES = PatternSet(ALL_PHRASES)


def message(text: str, *, id: str = "m", author: str = "a", trust: Trust = "member", seconds: float = 0) -> Message:
    place = Place(platform="test", community="c", channel="general")
    sent_at = NOON + timedelta(seconds=seconds)
    return Message(id=id, place=place, author=Author(id=author, trust=trust), text=text, sent_at=sent_at)


def find(text: str, trust: Trust = "member") -> list[Signal]:
    return RULES.find(message(text, trust=trust), normalise(text), ())


def checks(text: str, trust: Trust = "member") -> set[str]:
    return {signal.check for signal in find(text, trust)}


@pytest.mark.parametrize(
    "text",
    [
        "加V信 abc12345",
        "微信号：zhang8866",
        "薇❤：lala0099",
        "联系QQ 3344556677",
        "电话微信同号13800138000",
        "加.微.信.abc12345",
        "WhatsApp +1 415 555 0132",
        "add me on telegram: @cheap_supply",
        "WeChat id: seller2024",
        "call me 13800138000",
    ],
)
def test_contacts_are_found(text: str):
    assert "contact" in checks(text), find(text)


@pytest.mark.parametrize(
    "text",
    [
        "微信支付怎么开通？",
        "Is WeChat Pay supported?",
        "订单号 20240101123456",
        "plan b is online",
        "我加了购物车",
        "qq",
    ],
)
def test_channel_names_alone_are_no_contact(text: str):
    assert not checks(text) & {"contact", "solicitation", "phone"}, find(text)


@pytest.mark.parametrize("text", ["t.me/+abcdef", "https://discord.gg/abc", "chat.whatsapp.com/Xyz12", "wa.me/4477009"])
def test_invites_are_found(text: str):
    assert "invite" in checks(text)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("see http://bit.ly/x", "shortener"),
        ("login at http://arnazon.com", "lookalike_link"),
        ("amaz0n.com/deal", "lookalike_link"),
        ("https://amazon.verify-now.xyz/a", "lookalike_link"),
        ("http://аmazon.com/x", "hidden_letters_link"),
        ("http://xn--mazon-3ve.com", "hidden_letters_link"),
    ],
)
def test_bad_links_are_found(text: str, check: str):
    assert check in checks(text), find(text)


@pytest.mark.parametrize(
    "text", ["https://www.amazon.com/dp/1", "淘宝 item.taobao.com/1", "mail bob@amaz0n.com", "v1.2.3"]
)
def test_known_links_and_mails_are_left_alone(text: str):
    assert not {check for check in checks(text) if "link" in check or check == "shortener"}


def test_unknown_links_are_a_signal_only_where_not_welcome():
    links = Links(LinkRules(allowed=("example.com",)))
    plain = normalise("see my-shop.net/sale")
    assert [signal.check for signal in links.find(plain, welcome=False)] == ["unknown_link"]
    assert not list(links.find(plain, welcome=True))


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("card 4111 1111 1111 1111", "card_number"),
        ("身份证 11010519491231002X", "identity_number"),
        ("send to 0x52908400098527886E0F7030069857D2E4169EE7", "wallet"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "wallet"),
    ],
)
def test_numbers_are_found_by_their_check_digits(text: str, check: str):
    assert check in checks(text)


def test_check_digits():
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert not luhn("0000000000000000")
    assert identity("11010519491231002x")
    assert not identity("110105194912310021")


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("手机壳 ¥12.5 数据线 ¥6.8 耳机 ¥45", "price_list"),
        ("In stock: case $3.20, cable $1.80, ships today", "price_list"),
        ("T恤批发 15元", "offer"),
    ],
)
def test_offers_are_found(text: str, check: str):
    assert [signal.check for signal in offers(normalise(text))] == [check]


@pytest.mark.parametrize(
    "text", ["运费是12元吗？", "I paid $20 for ads", "How much is shipping, $5 or $10?", "退款50元到账了"]
)
def test_talk_of_money_is_no_offer(text: str):
    assert not list(offers(normalise(text)))


def test_offers_are_welcome_by_profile_and_trust():
    text = "现货批发 手机壳 ¥12 数据线 ¥6 耳机 ¥45"
    deals = Place(platform="test", community="c", channel="deals", profile="deals")
    for trust, found in (("new", True), ("member", False), ("trusted", False)):
        said = Message(id="1", place=deals, author=Author(id="a", trust=trust), text=text)
        assert ("price_list" in {signal.check for signal in RULES.find(said, normalise(text), ())}) is found


def flood_score(count: int) -> float:
    recent = [message("hi", id=str(index), seconds=index) for index in range(count - 1)]
    now = message("hi", id="now", seconds=count)
    return max(
        (signal.score for signal in RULES.find(now, normalise("hi"), recent) if signal.check == "flood"), default=0
    )


def test_flood_grows_with_messages_and_forgets():
    assert flood_score(6) == 0
    assert 0 < flood_score(7) < 0.9
    assert flood_score(12) > 0.9
    late = [message("hi", id=str(index)) for index in range(20)]
    assert not RULES.find(message("hi", id="now", seconds=60), normalise("hi"), late)
    others = [message("hi", id=str(index), author=f"b{index}") for index in range(20)]
    assert not RULES.find(message("hi", id="now"), normalise("hi"), others)


def test_near_duplicates_across_members_weigh_more():
    text = "大家来看看这个项目真的很不错机会难得 {}"
    same = [message(text.format(index), id=str(index)) for index in range(3)]
    many = [message(text.format(index), id=str(index), author=f"b{index}") for index in range(3)]
    now = message(text.format(9), id="now", seconds=1)
    scores = [
        max(signal.score for signal in RULES.find(now, normalise(now.text), recent) if signal.check == "duplicate")
        for recent in (same, many)
    ]
    assert scores[1] > scores[0] > 0.5
    edited = [message(text.format(9), id="now") for _ in range(3)]
    assert not RULES.find(now, normalise(now.text), edited)


def test_similarity_is_one_for_equals_and_symmetric():
    left, right = shingles("hello my friends 12"), shingles("hello, my friend 34")
    assert similarity(left, left) == 1
    assert similarity(left, right) == similarity(right, left) > 0.6
    assert similarity(left, frozenset()) == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("有人让我加微信先转保证金,是骗子吗?", "quote"),
        ("someone sent me this, is it a scam?", "quote"),
        ("刷单会被处罚吗？", "question"),
        ("is brushing against the rules?", "question"),
        ("请不要私下加微信", "negation"),
        ("never pay a deposit first", "negation"),
        ("你们平台的政策真是垃圾", "criticism"),
    ],
)
def test_softeners(text: str, kind: str):
    assert kind in {signal.check for signal in RULES.soften(normalise(text))}


def test_word_lists_hold_normalised_text_and_known_clauses():
    for path in sorted(WORDLISTS.rglob("*.*.txt")):
        if path.parent == WORDLISTS:
            assert path.name.split(".")[0] in CLAUSES
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "[0")):
                folded = "".join(FOLDED[ord(char)] if char.isalpha() and char != "…" else char for char in line)
                assert folded == line, f"{path}: {line}"


def test_broken_word_lists_are_told(tmp_path):
    path = tmp_path / "abuse.zh.txt"
    path.write_text("没有分数\n", encoding="utf-8")
    with pytest.raises(WordListError, match=r"abuse.zh.txt:1: .*score"):
        word_list(path, "abuse", "phrase")
    with pytest.raises(WordListError, match="RE2 refuses"):
        PatternSet([Pattern("phrase", "abuse", 0.5, "(")])


def test_latin_phrases_keep_whole_words():
    patterns = PatternSet([Pattern("phrase", "hate", 0.5, expression("(spics?|gooks?)"))])
    assert not list(patterns.find(normalise("not too spicy")))
    assert list(patterns.find(normalise("you spic")))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"加微信返利 刷单好评", "telegram: ", "you are ", "idiot", "稳赚", "whatsapp ", "abc12345"]),
        max_size=12,
    )
)
def test_the_filter_misses_no_pattern(pieces: list[str]):
    plain = normalise("".join(pieces))
    alone = [pattern for pattern in ALL_PHRASES if re2.search(pattern.expression, plain.text)]
    assert [(found.clause, found.score) for found in PHRASES.find(plain)] == [(one.clause, one.score) for one in alone]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="加微信vx qq:abc123hтp/.-comt返利先转￥$8kill you刷单", max_size=60))
def test_evidence_is_a_piece_of_the_original(text: str):
    for signal in [*find(text, "new"), *RULES.soften(normalise(text))]:
        if signal.span:
            start, end = signal.span
            assert 0 <= start < end <= len(text)
            assert signal.evidence in text[start:end]
