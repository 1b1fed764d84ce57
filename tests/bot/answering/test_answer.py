"""The answer room with a stub model: what is proven is said, everything else goes to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.answering.answer import READ, AnswerRoom
from bot.answering.confidence import MOST, Signs, Weights, confidence, log_odds
from bot.answering.drafts import Draft, drafts, signs
from bot.lm.types import Completion, LmBusy, LmError, LmTimeout
from bot.witness.witness import Line, Mark, Titled
from moderation.types import Passage

TOLD = "订单确认收货后，结算周期为 7 天。"
SETTLEMENT = Passage(document="a", title="结算周期", text=f"{TOLD}节假日顺延。", lang="zh", score=0.9)
OTHER = Passage(document="b", title="Deposit", text="The deposit is 500 yuan.", lang="en", score=0.4)


PLAIN = Weights(-5.5, (0.4, 0.25, 0.0, 1.5, 0.0, 2.0, 0.5, 0.0, -0.1, 0.0, -1.0))
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

    async def complete(self, prompts: Sequence[str], *, max_tokens: int, group: str = "") -> list[Completion]:
        if isinstance(self.answers, LmError):
            raise self.answers
        self.prompts += prompts
        return [next(found for text, found in self.answers.items() if text in prompt) for prompt in prompts]

    def count(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        """Nothing to free."""


class StubWitness:
    """Marks what it is told to in the passages that hold it."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.asked: list[str] = []

    async def read(self, question: str, passages: Sequence[Titled]) -> list[Mark]:
        self.asked.append(question)
        marked = [bool(self.words) and self.words in passage.text for passage in passages]
        return [Mark(self.words, 0.95, 0.9) if found else SILENT for found in marked]

    async def close(self) -> None:
        """Nothing to free."""


SILENT = Mark("", 0.05, 0.0)
WITNESS = StubWitness("7 天")


def room(
    passages: list[Passage], answers: dict[str, Completion] | LmError, witness: StubWitness = WITNESS
) -> AnswerRoom:
    async def search(community: str, question: str) -> list[Passage]:
        return passages

    return AnswerRoom(search, StubLm(answers), witness, confidence=0.5)


NONE = Completion("NONE", -0.1, 2, 0.95)


async def test_no_model_is_asked_below_the_asker_s_own_floor() -> None:
    reply = await room([SETTLEMENT], LmError("must not be asked")).answer("s", "结算？", floor=SETTLEMENT.score + 0.01)
    assert (reply.handoff, reply.why) == (True, "nothing_found")


async def test_the_reading_that_its_passage_proves_is_the_answer_and_alone_is_the_source() -> None:
    reply = await room([SETTLEMENT, OTHER], {"结算": Completion("7 天", -0.05, 3, 0.01), "deposit": NONE}).answer(
        "s", "多久？"
    )
    assert (reply.text, reply.passages, reply.handoff) == (TOLD, (SETTLEMENT,), False)
    assert reply.confidence > 0.8
    assert reply.took_ms > 0


async def test_nothing_found_asks_no_model() -> None:
    reply = await room([], LmError("must not be asked")).answer("s", "火星？")
    assert (reply.handoff, reply.text) == (True, "")
    assert reply.why == "nothing_found"


async def test_when_every_passage_is_silent_a_person_gets_them() -> None:
    reply = await room([SETTLEMENT, OTHER], {"结算": NONE, "deposit": NONE}, StubWitness("")).answer("s", "火星？")
    assert (reply.handoff, reply.passages) == (True, (SETTLEMENT, OTHER))


@pytest.mark.parametrize("invented", ["8 天", "the moon is made of cheese", "7 天内到账两次并免费升级会员"])
async def test_what_the_passage_does_not_say_is_not_said(invented: str) -> None:
    said = {"结算": Completion(invented, -0.01, 3, 0.0)}
    reply = await room([SETTLEMENT], said, StubWitness("")).answer("s", "多久？")
    assert reply.handoff
    assert invented not in reply.text


async def test_an_answer_that_only_repeats_the_question_is_none() -> None:
    said = {"结算": Completion("结算周期", -0.01, 3, 0.0)}
    reply = await room([SETTLEMENT], said, StubWitness("结算周期")).answer("s", "结算周期是多久？")
    assert (reply.handoff, reply.why) == (True, "not_answered")


async def test_an_unsure_reading_is_a_draft_for_a_person() -> None:
    reply = await room([SETTLEMENT], {"结算": Completion("7 天", -2.0, 3, 0.6)}).answer("s", "多久？")
    assert (reply.handoff, reply.text) == (True, TOLD)
    assert reply.confidence < 0.5


async def test_who_asks_may_name_another_confidence_than_the_room_s() -> None:
    one = room([SETTLEMENT], {"结算": Completion("7 天", -2.0, 3, 0.6)})
    unsure = await one.answer("s", "多久？")
    sure = await one.answer("s", "多久？", confidence=unsure.confidence)
    assert (unsure.handoff, sure.handoff, sure.text) == (True, False, unsure.text)
    given = room([SETTLEMENT, OTHER], {"结算": Completion("7 天", -0.05, 3, 0.01), "deposit": NONE})
    assert (await given.answer("s", "多久？", confidence=1.0)).handoff


@pytest.mark.parametrize("fault", [LmBusy("full"), LmTimeout("slow"), LmError("down")])
async def test_a_model_that_is_slow_or_down_leads_to_a_person(fault: LmError) -> None:
    reply = await room([SETTLEMENT], fault).answer("s", "多久？")
    assert reply.handoff
    assert reply.why == "model_failed"


async def test_a_model_that_failed_is_not_asked_again_with_the_talk_before() -> None:
    witness = StubWitness("7 天")
    one = room([SETTLEMENT], LmTimeout("slow"), witness)
    reply = await one.answer("s", "订单的结算周期要多久？", ("你们支持火星发货吗？",))
    assert (reply.why, len(witness.asked)) == ("model_failed", 1)


async def test_the_bot_s_name_is_no_part_of_the_question() -> None:
    lm = StubLm({"结算": NONE})

    async def search(community: str, question: str) -> list[Passage]:
        assert question in ("结算周期？", "earlier turn\n结算周期？")
        return [SETTLEMENT]

    await AnswerRoom(search, lm, WITNESS, confidence=0.5).answer("s", "@小二 结算周期？", ("earlier turn",))
    assert "earlier turn" in lm.prompts[0]
    assert "@小二" not in lm.prompts[0]


READY = Completion("7 天", -0.05, 3, 0.01)
DOUBTED = Completion("7 天", -0.5, 3, 0.9)


@pytest.mark.parametrize(
    ("alone", "leaning", "handoff", "read"),
    [(READY, NONE, False, 1), (NONE, READY, False, 2), (DOUBTED, NONE, True, 2), (NONE, NONE, True, 2)],
)
async def test_a_question_leans_on_what_was_said_only_when_nothing_sure_comes_of_it_alone(
    alone: Completion, leaning: Completion, handoff: bool, read: int
) -> None:
    lm = StubLm({"火星": leaning, "结算": alone})

    async def search(community: str, question: str) -> list[Passage]:
        return [SETTLEMENT]

    one = AnswerRoom(search, lm, WITNESS, confidence=0.5)
    reply = await one.answer("s", "订单的结算周期要多久？", ("你们支持火星发货吗？",))
    assert (reply.handoff, ["火星" in prompt for prompt in lm.prompts]) == (handoff, [False, True][:read])
    likeliest = await room([SETTLEMENT], {"结算": min(alone, leaning, key=lambda one: one.refusal or 0)}).answer(
        "s", "怎么结算"
    )
    assert (reply.text, reply.confidence) == (TOLD, likeliest.confidence)


async def test_a_follow_up_is_searched_together_with_what_it_leans_on() -> None:
    asked: list[str] = []

    async def search(community: str, question: str) -> list[Passage]:
        asked.append(question)
        return [OTHER] if len(asked) == 1 else [SETTLEMENT, OTHER]

    lm = StubLm({"结算": Completion("7 天", -0.05, 3, 0.01), "deposit": NONE})
    reply = await AnswerRoom(search, lm, WITNESS, confidence=0.5).answer("s", "那要几天？", ("怎么结算？", "自动结算"))
    assert asked == ["那要几天？", "怎么结算？\n自动结算\n那要几天？"]
    assert (reply.text, reply.passages) == (TOLD, (SETTLEMENT,))


async def test_a_quotation_from_a_document_in_the_other_language_says_so_in_the_asker_s() -> None:
    english = Passage(document="e", title="Payout", text="Payouts arrive on Monday.", lang="en", score=0.9)
    lm = {"Payouts": Completion("Payouts arrive on Monday", -0.01, 4, 0.0)}
    foreign = await room([english], lm).answer("s", "什么时候打款？")
    own = await room([english], lm).answer("s", "When is payday?")
    assert foreign.text.endswith(english.text)
    assert foreign.text != own.text == english.text


async def test_the_model_reads_what_the_witness_finds_likeliest() -> None:
    many = [OTHER.model_copy(update={"document": f"b{number}"}) for number in range(READ)]
    lm = StubLm({"结算": Completion("7 天", -0.05, 3, 0.01), "deposit": NONE})

    async def search(community: str, question: str) -> list[Passage]:
        return [*many, SETTLEMENT]

    reply = await AnswerRoom(search, lm, WITNESS, confidence=0.5).answer("s", "多久？")
    assert len(lm.prompts) == READ
    assert SETTLEMENT.text in lm.prompts[0]
    assert reply.text == TOLD


async def test_a_person_gets_the_likeliest_passage_first() -> None:
    reply = await room([OTHER, SETTLEMENT], {"结算": NONE, "deposit": NONE}).answer("s", "多久？")
    assert (reply.handoff, reply.passages) == (True, (SETTLEMENT, OTHER))


async def test_what_the_witness_alone_marks_is_a_draft() -> None:
    reply = await room([SETTLEMENT], {"结算": NONE}).answer("s", "多久？")
    assert (reply.text, reply.handoff, reply.why) == (TOLD, True, "unsure")


async def test_a_follow_up_is_asked_of_the_witness_with_what_it_leans_on() -> None:
    witness = StubWitness("7 天")
    await room([SETTLEMENT], {"结算": NONE}, witness).answer("s", "那要几天？", ("怎么结算？",))
    assert witness.asked == ["怎么结算？ 那要几天？"]


def test_both_readers_have_a_draft_where_they_differ_and_one_where_they_tell_the_same() -> None:
    said = Completion("7 天", -0.1, 3, 0.01)
    alike = drafts("多久？", SETTLEMENT, said, Mark("订单确认收货后", 0.9, 0.8))
    other = drafts("多久？", SETTLEMENT, said, Mark("顺延", 0.9, 0.8))
    doubtful = drafts("多久？", SETTLEMENT, said, Mark("顺延", 0.4, 0.8))
    assert [(one.told, one.by_witness) for one in alike] == [(TOLD, False)]
    assert [(one.told, one.by_witness) for one in other] == [(TOLD, False), ("节假日顺延。", True)]
    assert [one.told for one in doubtful] == [TOLD]
    assert signs("多久？", other[1], []).own == 1.0


def test_whoever_asks_for_two_things_is_told_both_lines() -> None:
    rows = Passage(document="c", title="", text="- 数码：3%\n- 服饰：5%\n- 图书：1%", lang="zh", score=0.9)
    both = Mark("3%", 0.9, 0.4, (Line("- 数码：3%", 0.5), Line("- 服饰：5%", 0.4), Line("- 图书：1%", 0.1)))
    model, witness = drafts("数码和服饰各多少？", rows, Completion("3%", -0.1, 3, 0.01), both)
    assert (model.told, witness.told) == ("数码：3%", "- 数码：3%\n- 服饰：5%")
    assert (model.held, witness.held) == (0.5, 0.9)


def made(text: str, mark: Mark = SILENT, passage: Passage = SETTLEMENT, refusal: float = 0.01) -> Draft:
    return drafts("多久结算？", passage, Completion(text, -0.1, 3, refusal), mark)[0]


def test_the_signs_of_a_draft_tell_doubt_rivals_and_what_is_wanting() -> None:
    mark = Mark("7 天", 0.9, 0.8, (Line(TOLD, 0.7), Line("节假日顺延。", 0.2)))
    best, rival = made("7 天", mark), made("500 yuan", Mark("500", 0.7, 0.6), OTHER, 0.3)
    alone = signs("多久结算？", best, [])
    assert (alone.says, alone.held, alone.agreed) == (log_odds(0.9), 0.7, 1.0)
    assert (alone.rival, alone.wanting, alone.foreign, alone.first) == (-MOST, 0.0, 0.0, 0.0)
    contested = signs("多久结算？", best, [rival])
    assert contested.rival == pytest.approx(log_odds(0.7))
    assert (
        signs("多久结算？", best, [replace(best, passage=best.passage.model_copy(update={"document": "c"}))]).rival
        == -MOST
    )
    assert signs("How long?", replace(best, first=True), [])[-5:] == (1.0, 0.0, -MOST, 1.0, 0.0)
    assert signs("多久结算？", made("7 天", Mark("顺延", 0.9, 0.8)), []).agreed < 0.5
    assert signs("结算多少钱？", made("节假日顺延"), []).wanting == 1.0


def test_confidence_falls_with_doubt_and_lies_between_nothing_and_certainty() -> None:
    sure = Signs(MOST, MOST, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, -MOST, 0.0, 0.0)
    values = [confidence(sure._replace(willing=value)) for value in (-MOST, -2.0, 0.0, 2.0, MOST)]
    assert values == sorted(values)
    assert confidence(sure) > 0.9
    unsure = Signs(-MOST, -MOST, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, MOST, 1.0, 1.0)
    assert 0 <= confidence(unsure) < 0.1
