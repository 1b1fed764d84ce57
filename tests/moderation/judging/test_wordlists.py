"""The word lists: phrases that speak against a message, softeners that speak for it, and their form."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.judging.characters import FOLDED
from moderation.judging.normalise import normalise
from moderation.policy import CLAUSES
from moderation.rules.patterns import (
    WORDLISTS,
    Pattern,
    PatternSet,
    WordListError,
    expression,
    phrases,
    softeners,
    word_list,
)

ALL_PHRASES = phrases()
PHRASES = PatternSet(ALL_PHRASES)
SOFTENERS = softeners()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("有人让我加微信先转保证金,是骗子吗?", "quote"),
        ("someone sent me this, is it a scam?", "quote"),
        ("刷单会被处罚吗？", "question"),
        ("is brushing against the rules?", "question"),
        ("请不要私下加微信", "negation"),
        ("never pay a deposit first", "negation"),
        ("我们从不出租执照", "negation"),
        ("千万别出租收款码", "negation"),
        ("don't rent your account to strangers", "negation"),
        ("我不加微信，有事群里说", "negation"),
        ("can I rent out my account?", "question"),
        ("出租执照给别人开店有什么风险", "question"),
        ("Are the seller accounts separate?", "question"),
        ("刷单返利是骗局", "quote"),
        ("供应商让我线下打款，我没敢", "quote"),
        ("buyer wrote add me on telegram", "quote"),
        ("你们平台的政策真是垃圾", "criticism"),
    ],
)
def test_softeners(text: str, kind: str):
    assert kind in {signal.check for signal in SOFTENERS.find(normalise(text))}


@pytest.mark.parametrize(
    "text",
    ["你的快递被海关查了，加陈警官微信", "老板让我加你，货款打这张卡", "please scan the code", "这不是骗局，刷单日结"],
)
def test_bad_messages_are_not_softened_as_a_tale_or_a_warning(text: str):
    assert not {signal.check for signal in SOFTENERS.find(normalise(text))} & {"quote", "negation"}


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("出售精准客户名单，十万条", "personal_data"),
        ("selling a list of 50k buyer emails", "personal_data"),
        ("selling untaxed cigarettes by the carton", "counterfeit_illegal"),
        ("never hire women", "hate"),
        ("你是不是有病", "abuse"),
        ("妈的智障", "abuse"),
    ],
)
def test_phrases_are_found(text: str, clause: str):
    assert clause in {signal.clause for signal in PHRASES.find(normalise(text))}


@pytest.mark.parametrize(
    "text",
    [
        "SB广告怎么投",
        "智障人士庇护工场",
        "你不是废物",
        "王八蛋糕模具",
        "这policy can go to hell",
        "cvv field not accepting my amex",
        "the referee ignored the rule",
        "解冻资金要提交发货凭证",
        "去你店里砍价",
        "手机撑不下去了，电量2%",
        "want to die on that hill",
        "bathroom mirror quality is bad",
    ],
)
def test_phrases_leave_plain_talk_alone(text: str):
    assert not list(PHRASES.find(normalise(text))), text


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
