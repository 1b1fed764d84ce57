"""The answer room with a stub model: what is proven is said, everything else goes to a person."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.answer import AnswerRoom, counts, proven, unjudged
from bot.lm.types import Completion, LmBusy, LmError, LmTimeout
from moderation.types import Passage

SETTLEMENT = Passage(document="a", title="结算周期", text="订单确认收货后，结算周期为 7 天。", lang="zh", score=0.9)
OTHER = Passage(document="b", title="Deposit", text="The deposit is 500 yuan.", lang="en", score=0.4)


class StubLm:
    """Continues each prompt by the passage that it holds."""

    name = "stub"

    def __init__(self, answers: dict[str, Completion] | LmError) -> None:
        self.answers = answers
        self.prompts: list[str] = []

    async def complete(self, prompts: Sequence[str], *, max_tokens: int) -> list[Completion]:
        if isinstance(self.answers, LmError):
            raise self.answers
        self.prompts += prompts
        return [next(found for text, found in self.answers.items() if text in prompt) for prompt in prompts]

    def count(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        """Nothing to free."""


def room(passages: list[Passage], answers: dict[str, Completion] | LmError) -> AnswerRoom:
    async def search(community: str, question: str) -> list[Passage]:
        return passages

    return AnswerRoom(search, StubLm(answers), confidence=0.5)


NONE = Completion("NONE", -0.1, 2, 0.95)


async def test_no_model_is_asked_below_the_asker_s_own_floor() -> None:
    reply = await room([SETTLEMENT], LmError("must not be asked")).answer("s", "结算？", floor=SETTLEMENT.score + 0.01)
    assert (reply.handoff, reply.why) == (True, "nothing_found")


async def test_the_reading_that_its_passage_proves_is_the_answer_and_alone_is_the_source() -> None:
    reply = await room([SETTLEMENT, OTHER], {"结算": Completion("7 天", -0.05, 3, 0.01), "deposit": NONE}).answer(
        "s", "多久？"
    )
    assert (reply.text, reply.passages, reply.handoff) == ("7 天", (SETTLEMENT,), False)
    assert reply.confidence > 0.8
    assert reply.took_ms > 0


async def test_nothing_found_asks_no_model() -> None:
    reply = await room([], LmError("must not be asked")).answer("s", "火星？")
    assert (reply.handoff, reply.text) == (True, "")
    assert reply.why == "nothing_found"


async def test_when_every_passage_is_silent_a_person_gets_them() -> None:
    reply = await room([SETTLEMENT, OTHER], {"结算": NONE, "deposit": NONE}).answer("s", "火星？")
    assert (reply.handoff, reply.passages) == (True, (SETTLEMENT, OTHER))


@pytest.mark.parametrize("invented", ["8 天", "the moon is made of cheese", "7 天内到账两次并免费升级会员"])
async def test_what_the_passage_does_not_say_is_not_said(invented: str) -> None:
    reply = await room([SETTLEMENT], {"结算": Completion(invented, -0.01, 3, 0.0)}).answer("s", "多久？")
    assert reply.handoff
    assert invented not in reply.text


async def test_an_answer_that_only_repeats_the_question_is_none() -> None:
    reply = await room([SETTLEMENT], {"结算": Completion("结算周期", -0.01, 3, 0.0)}).answer("s", "结算周期是多久？")
    assert (reply.handoff, reply.why) == (True, "not_answered")


async def test_an_unsure_reading_is_a_draft_for_a_person() -> None:
    reply = await room([SETTLEMENT], {"结算": Completion("7 天", -2.0, 3, 0.6)}).answer("s", "多久？")
    assert (reply.handoff, reply.text) == (True, "7 天")
    assert reply.confidence < 0.5


@pytest.mark.parametrize("fault", [LmBusy("full"), LmTimeout("slow"), LmError("down")])
async def test_a_model_that_is_slow_or_down_leads_to_a_person(fault: LmError) -> None:
    reply = await room([SETTLEMENT], fault).answer("s", "多久？")
    assert reply.handoff
    assert reply.why == "model_failed"


async def test_the_bot_s_name_is_no_part_of_the_question() -> None:
    lm = StubLm({"结算": NONE})

    async def search(community: str, question: str) -> list[Passage]:
        assert question == "结算周期？"
        return [SETTLEMENT]

    await AnswerRoom(search, lm, confidence=0.5).answer("s", "@小二 结算周期？", ("earlier turn",))
    assert "earlier turn" in lm.prompts[0]
    assert "@小二" not in lm.prompts[0]


@pytest.mark.parametrize(
    ("answer", "passage", "part"),
    [
        ("7 天", "结算周期为 7 天", 1.0),
        ("8 天", "结算周期为 7 天", 0.0),
        ("", "x", 1.0),
        ("1,000 yuan", "1,000 yuan a day", 1.0),
    ],
)
def test_proof_counts_words_and_insists_on_numbers(answer: str, passage: str, part: float) -> None:
    assert proven(answer, passage) == part


@pytest.mark.parametrize(
    ("answer", "passage", "said"),
    [
        ("No, the fee is 0.3%.", "The fee is 0.3%.", "The fee is 0.3%."),
        ("不，运费由商家出。", "运费由商家出。", "运费由商家出。"),
        ("No, it is not allowed.", "May I? No, it is not allowed.", "No, it is not allowed."),
        ("Nothing is charged", "Nothing is charged", "Nothing is charged"),
        ("不能退", "不能退", "不能退"),
        ("Yes.", "It is so.", ""),
    ],
)
def test_a_yes_or_no_that_the_passage_does_not_say_is_dropped(answer: str, passage: str, said: str) -> None:
    assert unjudged(answer, passage) == said


@pytest.mark.parametrize(
    ("question", "answer", "fits"),
    [
        ("违规扣到几分会关店？", "7 天内", False),
        ("违规扣到几分会关店？", "扣满 48 分", True),
        ("几号截止报名", "12 月 5 日", True),
        ("小二几点下班", "21:00", True),
        ("How long?", "7 days", True),
    ],
)
def test_how_many_of_what_is_answered_by_that(question: str, answer: str, fits: bool) -> None:
    assert counts(question, answer) == fits
