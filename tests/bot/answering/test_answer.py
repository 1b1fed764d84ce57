"""The answer room with a stub model: what is proven is said, everything else goes to a person."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.answering.answer import AnswerRoom, draft, signs
from bot.answering.confidence import MOST, Signs, Weights, confidence, log_odds
from bot.lm.types import Completion, LmBusy, LmError, LmTimeout
from moderation.types import Passage

SETTLEMENT = Passage(document="a", title="结算周期", text="订单确认收货后，结算周期为 7 天。", lang="zh", score=0.9)
OTHER = Passage(document="b", title="Deposit", text="The deposit is 500 yuan.", lang="en", score=0.4)


PLAIN = Weights(-3.0, (0.4, 1.0, 0.25, 1.5, 2.0, -0.1, 0.3, -1.0, -0.5, 0.5, 0.0, 0.0))
"""The room's rules hold whatever the shipped weights are."""


@pytest.fixture(autouse=True)
def plain_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.answering.confidence.weights", lambda: PLAIN)


class StubLm:
    """Continues each prompt by the passage that it holds."""

    name = "stub"

    def __init__(self, answers: dict[str, Completion] | LmError) -> None:
        self.answers = answers
        self.prompts: list[str] = []

    async def complete(
        self, prompts: Sequence[str], *, max_tokens: int, group: str = "", begun: bool = False
    ) -> list[Completion]:
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
        assert question in ("结算周期？", "earlier turn\n结算周期？")
        return [SETTLEMENT]

    await AnswerRoom(search, lm, confidence=0.5).answer("s", "@小二 结算周期？", ("earlier turn",))
    assert "earlier turn" in lm.prompts[0]
    assert "@小二" not in lm.prompts[0]


async def test_a_follow_up_is_searched_together_with_what_it_leans_on() -> None:
    asked: list[str] = []

    async def search(community: str, question: str) -> list[Passage]:
        asked.append(question)
        return [OTHER] if len(asked) == 1 else [SETTLEMENT, OTHER]

    lm = StubLm({"结算": Completion("7 天", -0.05, 3, 0.01), "deposit": NONE})
    reply = await AnswerRoom(search, lm, confidence=0.5).answer("s", "那要几天？", ("怎么结算？", "自动结算"))
    assert asked == ["那要几天？", "怎么结算？\n自动结算\n那要几天？"]
    assert (reply.text, reply.passages) == ("7 天", (SETTLEMENT,))


async def test_a_quotation_from_a_document_in_the_other_language_says_so_in_the_asker_s() -> None:
    english = Passage(document="e", title="Payout", text="Payouts arrive on Monday.", lang="en", score=0.9)
    lm = {"Payouts": Completion("Payouts arrive on Monday", -0.01, 4, 0.0)}
    foreign = await room([english], lm).answer("s", "什么时候打款？")
    own = await room([english], lm).answer("s", "When is payday?")
    assert foreign.text.endswith("Payouts arrive on Monday")
    assert foreign.text != own.text == "Payouts arrive on Monday"


def made(text: str, refusal: float = 0.01) -> Completion:
    return Completion(text, -0.1, 3, refusal)


def test_the_signs_of_a_reading_tell_doubt_rivals_and_what_is_wanting() -> None:
    best = draft("多久结算？", SETTLEMENT, made("7 天"))
    rival = draft("多久结算？", OTHER, made("500 yuan", 0.3))
    assert best is not None
    assert rival is not None
    alone = signs("多久结算？", best, made("7 天", 0.5), [])
    contested = signs("多久结算？", best, NONE, [rival])
    assert (alone.alone, alone.agreed, alone.rival, alone.wanting) == (0.0, 1.0, -MOST, 0.0)
    assert contested.agreed == 0.0
    assert contested.rival == pytest.approx(log_odds(0.7))
    later = signs("2025 年 Lantern 的结算要几天？", best, NONE, [])
    assert (later.unmet, later.wanting, later.foreign) == (2.0, 0.0, 0.0)
    assert signs("结算周期？", best, NONE, []).near == 1.0
    wordy = draft("结算多少钱？", SETTLEMENT, made("订单确认收货后"))
    assert wordy is not None
    assert signs("结算多少钱？", wordy, made("x"), []).wanting == 1.0


def test_confidence_falls_with_doubt_and_lies_between_nothing_and_certainty() -> None:
    sure = Signs(MOST, 0.0, MOST, 1.0, 1.0, -MOST, 1.0, 0.0, 0.0, 1.0, 0.0, 2.0)
    values = [confidence(sure._replace(willing=value)) for value in (-MOST, -2.0, 0.0, 2.0, MOST)]
    assert values == sorted(values)
    assert confidence(sure) > 0.9
    assert 0 <= confidence(Signs(-MOST, -9.0, -MOST, 0.0, 0.0, MOST, 0.0, 1.0, 3.0, 0.0, 0.0, 6.0)) < 0.1
