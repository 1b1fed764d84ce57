"""What a text is by its form, in both languages."""

from __future__ import annotations

import pytest

from bot.answering.questions import Speech, bare, leans, speech, whole

QUESTION = Speech.QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "结算周期是多久？",
        "请问怎么退保证金",
        "开店要准备哪些资料",
        "How do I withdraw?",
        "is there a fee for that",
        "哪里看店铺分",
        "子账号员工离职了咋弄",
        "双十二几号截止报名",
        "谢谢，那保证金要交多少？",
        "谢谢，那保证金要交多少",
        "hi, how long does a refund take",
        "你好，请问店铺名称能改吗",
        "thanks! how long does it take?",
        "are you sure that refunds take 7 days?",
        "你是说七天到账吗",
        "who are you shipping with?",
        "what can you do about a lost parcel?",
    ],
)
def test_a_question_is_known_by_its_form(text: str) -> None:
    assert speech(text) is QUESTION
    assert speech(f"@小二 {text}") is QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "ok, clear. thanks",
        "好的，谢谢",
        "谢谢小二",
        "thx!",
        "明白了，多谢🙏",
        "thanks bot, you were helpful today",
        "ok thanks bye",
        "辛苦了",
        "辛苦啦小二",
        "收到，谢谢小助手",
        "谢谢谢谢",
        "great, thank you!",
        "Thank you so much for your help!!",
        "@小二 谢了",
    ],
)
def test_thanks_are_thanks(text: str) -> None:
    assert speech(text) is Speech.THANKS


@pytest.mark.parametrize(
    "text",
    ["你好", "hello!", "早上好", "在吗？", "hi there", "小二你好", "How are you?", "@小二", "hey bot 👋", "大家早上好"],
)
def test_greetings_are_greetings(text: str) -> None:
    assert speech(text) is Speech.GREETING


@pytest.mark.parametrize(
    "text",
    ["请问", "quick question", "求助！", "I have a question", "问个问题", "我想咨询一下", "有个问题想问", "Help!"],
)
def test_what_only_opens_a_question_is_greeted(text: str) -> None:
    assert speech(text) is Speech.GREETING


@pytest.mark.parametrize(
    "text",
    [
        "你是机器人吗?",
        "who are you",
        "Who are you?",
        "你是谁？",
        "are you a bot",
        "Are you human or a bot?",
        "what's your name?",
        "hi, what can you do?",
        "你能做什么",
        "小二你是真人还是机器人",
        "你好，你叫什么名字？",
    ],
)
def test_questions_about_the_bot_are_about_the_bot(text: str) -> None:
    assert speech(text) is Speech.ABOUT


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "好的",
        "perfect",
        "嗯嗯",
        "哈哈哈哈",
        "lol",
        "👍",
        "🙏🙏",
        "bye",
        "晚安",
        "good bot",
        "你真棒！",
        "ok great, bye",
        "",
        " ",
    ],
)
def test_small_talk_needs_no_answer(text: str) -> None:
    assert speech(text) is Speech.CHAT


@pytest.mark.parametrize(
    "text",
    [
        "今天出了三十单",
        "结算周期",
        "转人工",
        "my shop was frozen this morning",
        "谢谢，但是我的店铺还被封着",
        "thanks but it did not work",
        "麻烦看一下我的店铺被封了，谢谢",
        "谢谢，再帮我看一下发票",
        "thanks, I need a person to look at my payout",
        "退款，谢谢",
        "保证金退还",
    ],
)
def test_anything_else_is_a_statement(text: str) -> None:
    assert speech(text) is Speech.STATEMENT


@pytest.mark.parametrize("text", ["@小二 多久？", "@xiaoer：多久？", "@Xiaoer, 多久？", "＠小二 多久？"])
def test_the_bot_s_name_is_taken_off(text: str) -> None:
    assert bare(text) == "多久？"


@pytest.mark.parametrize(
    ("texts", "kind", "words"),
    [
        (
            ["hi", "I have a question", "how long does a refund take", "in days?"],
            QUESTION,
            "how long does a refund take\nin days?",
        ),
        (["请问", "我的申诉", "提交了多久能有结果？", "谢谢"], QUESTION, "我的申诉\n提交了多久能有结果？"),
        (["hi", "ok thanks"], Speech.THANKS, "hi\nok thanks"),
        (["hello", "who are you"], Speech.ABOUT, "hello\nwho are you"),
        (["@小二 你好", "结算周期"], Speech.STATEMENT, "结算周期"),
    ],
)
def test_several_texts_are_one_question_without_the_small_talk_around_it(
    texts: list[str], kind: Speech, words: str
) -> None:
    assert whole(texts) == (kind, words)


@pytest.mark.parametrize(
    "text",
    [
        "那海外店呢？",
        "也要交吗",
        "海外店也一样？",
        "几天？",
        "这要多久",
        "And abroad?",
        "till when can I report that?",
        "earphones",
    ],
)
def test_what_points_back_leans_on_the_question_before(text: str) -> None:
    assert leans(text)
    assert leans(f"@小二 {text}")


@pytest.mark.parametrize(
    "text",
    [
        "生鲜多久之内必须发货？",
        "这个月第五个纠纷了，输了要交多少钱",
        "升级以后我店里的项链佣金也跟着降吗",
        "约了入仓结果车没到也忘了取消，要罚多少",
        "the invoice has a wrong company name, till when can I report it",
        "A competitor sells below my price: can I report that?",
        "How soon must fresh food be shipped?",
    ],
)
def test_what_points_back_to_its_own_words_does_not(text: str) -> None:
    assert not leans(text)
