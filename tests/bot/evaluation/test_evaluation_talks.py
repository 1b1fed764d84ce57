"""Houses asked once more in a talk: what stands before a question, and what the report tells of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.evaluation.asking import Asked, ask
from bot.evaluation.houses import House, from_folder
from bot.evaluation.report import evaluate_answer
from bot.evaluation.talks import in_a_talk
from tests.bot.reading_house import question, stubs, write_house

TODAY = date(2026, 11, 1)


def quiet(_step: str, _fraction: float) -> None:
    """No progress to show."""


async def asked_of(house: House) -> list[Asked]:
    return await ask(house, stubs(), confidence=0.1, today=TODAY, progress=quiet)


async def test_in_a_talk_each_question_comes_after_one_of_its_language_that_was_answered(tmp_path: Path) -> None:
    house = from_folder(write_house(tmp_path))
    first = await asked_of(house)
    answered = {one.question.question: one for one in first if one.answered}
    talk = in_a_talk(house, first)
    assert talk == in_a_talk(house, first)
    assert talk.questions
    assert (talk.name, talk.documents, talk.rows) == (f"{house.name}, in a talk", house.documents, ())
    for one in talk.questions:
        before, said = one.earlier.split("\n", 1)
        other = answered[before]
        assert said == other.draft
        assert other.question.lang == one.lang
        assert other.question.context != one.context
        assert one.model_copy(update={"earlier": ""}) in house.questions


async def test_what_follows_on_its_own_exchange_stays_out_and_so_does_all_where_nothing_was_answered() -> None:
    alone, following = question(question="How soon?"), question(question="And later?", earlier="How soon?")
    house = House("h", (), (alone, following))
    assert in_a_talk(house, ()).questions == ()
    first = (await asked_of(house))[0]
    elsewhere = first.question.model_copy(update={"document": "en/other.md"})
    other = first.model_copy(update={"question": elsewhere, "answered": True, "draft": "5%"})
    assert [one.question for one in in_a_talk(house, [other]).questions] == ["How soon?"]


async def test_the_report_tells_of_the_house_in_a_talk_when_it_is_asked_to(tmp_path: Path) -> None:
    houses = [from_folder(write_house(tmp_path / "lanes"))]
    found = await evaluate_answer(
        houses, stubs(), threshold=0.1, today=TODAY, risk=0.3, sure=0.8, seed=0, progress=quiet, talks=True
    )
    assert {one.group.house for one in found.figures} == {"lanes", "lanes, in a talk"}
    assert "lanes, in a talk" in found.markdown()
