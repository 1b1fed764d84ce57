"""Houses asked through the whole answer path with a stub model: what is drawn, what is right, and every figure."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bot.evaluation.asking import ask, judged, right
from bot.evaluation.figures import ALL, Group, figures
from bot.evaluation.houses import House, HouseError, from_folder, from_set, from_shops
from bot.evaluation.plots import draw
from bot.evaluation.report import Report, evaluate_answer
from moderation.evaluation.publish import write
from moderation.types import Passage, Reply
from tests.bot.reading_house import question, stubs, write_house, write_set

TODAY = date(2026, 11, 1)
WHOLE = Group(house="h", lang=ALL, kind=ALL)


def quiet(_step: str, _fraction: float) -> None:
    """No progress to show."""


@pytest.mark.parametrize(
    ("expected", "said", "is_right"),
    [
        ({"answers": ("Monday",)}, "They come every Monday.", True),
        ({"answers": ("Monday",)}, "Mondays", False),
        ({"answers": ("the first day of each calendar month",)}, "first day of the month", True),
        ({"answers": ("17",)}, "1700", False),
        ({"answers": ("5%", "five")}, "", False),
        ({"answers": ("三天",), "lang": "zh"}, "要等三天。", True),
        ({"answers": ("...",)}, "Monday", False),
        ({"expect": ("10%", "0.50美元"), "lang": "zh"}, "收 10 %，至少 0.50 美元", True),
        ({"expect": ("10%", "0.50美元"), "lang": "zh"}, "收 10%", False),
        ({"expect": ("Ads > Offers",)}, "open ads>offers", True),
        ({"answerable": False}, "5%", False),
    ],
)
def test_an_answer_is_right_if_it_holds_what_is_expected(expected: dict[str, Any], said: str, is_right: bool) -> None:
    given_ = {"answers": ()} | expected if "expect" in expected else expected
    assert right(question(**given_), said) == is_right


@pytest.mark.parametrize(
    "wrong",
    [{"answers": ()}, {"answerable": False, "answers": ("5%",)}, {"document": ""}, {"question": ""}, {"lang": "fr"}],
)
def test_a_question_says_what_is_right_and_where(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        question(**wrong)


PASSAGE = Passage(document="fees", title="Fees", text="The fee is 5% of 1,200.", lang="en", score=0.9)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (
            Reply(text="5% of 1,200", passages=(PASSAGE,), confidence=0.9),
            {"answered": True, "right": True, "numbers_stand": True, "stale": False, "lang": "en", "exact": False},
        ),
        (Reply(text="费用 6%", passages=(PASSAGE,), confidence=0.9), {"numbers_stand": False, "lang": "zh"}),
        (
            Reply(text="5%", passages=(PASSAGE,), confidence=0.3, handoff=True, why="unsure"),
            {"answered": False, "right": True, "draft": "5%", "confidence": 0.3, "exact": True, "lang": None},
        ),
        (Reply(handoff=True, why="nothing_found"), {"answered": False, "right": False, "draft": "", "f1": 0.0}),
        (Reply(text="5%", handoff=True, why="unfit"), {"answered": False, "draft": "", "confidence": 0.0}),
        (Reply(text="5%", passages=(PASSAGE.model_copy(update={"document": "old"}),)), {"stale": True}),
    ],
)  # fmt: skip
def test_what_a_reply_is_worth(reply: Reply, found: dict[str, Any]) -> None:
    got = judged("h", question(), reply, [PASSAGE], [PASSAGE], {"fees"})
    assert {name: getattr(got, name) for name in found} == found
    assert got.found == ("fees",)


def test_a_reading_set_becomes_a_house_that_says_where_each_answer_is(tmp_path: Path) -> None:
    house = from_set(write_set(tmp_path), sample=20, seed=1)
    assert house == from_set(tmp_path, sample=20, seed=1)
    assert house != from_set(tmp_path, sample=20, seed=2)
    held = {document.id: document for document in house.documents}
    texts = [document.text for document in house.documents]
    assert len(set(texts)) == len(texts)
    assert not any("Unlicensed" in text for text in texts)
    assert any("Spare" in text for text in texts)
    for lang in ("zh", "en"):
        mine = [one for one in house.questions if one.lang == lang]
        kinds = [one.kind for one in mine]
        assert sum(one.answerable for one in mine) == 20
        assert sum(not one.answerable and one.kind not in ("deleted", "expired") for one in mine) == 10
        assert {"deleted", "expired"} & set(kinds)
    for one in house.questions:
        assert one.document in held
        if one.answerable:
            assert one.answers[0] in held[one.document].text
        assert (one.document in house.deleted) == (one.kind == "deleted")
        assert held[one.document].valid_on(TODAY) == (one.kind != "expired")
    assert {"set_en", "set_zh"} <= {row.reading.group for row in house.rows}
    assert len(house.rows) == 60 + 40


def test_our_own_shops_are_a_house_whose_pages_hold_every_answer() -> None:
    house = from_shops(sample=30)
    assert house == from_shops(sample=30)
    held = {document.id: document for document in house.documents}
    for lang in ("zh", "en"):
        mine = [one for one in house.questions if one.lang == lang]
        assert (sum(one.answerable for one in mine), len(mine)) == (30, 45)
    assert all(answer in held[one.document].text for one in house.questions for answer in one.answers)


def test_a_folder_is_a_house_of_its_own_questions(tmp_path: Path) -> None:
    house = from_folder(write_house(tmp_path / "lanes"), sample=300)
    assert (house.name, len(house.documents), len(house.questions), house.rows) == ("lanes", 3, 5, ())
    assert len(from_folder(tmp_path / "lanes", sample=2).questions) == 4


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{nonsense", "questions.jsonl:1"),
        ('{"lang": "en", "question": "?", "kind": "k", "answerable": true}', "says what is expected"),
        (
            '{"lang": "en", "question": "?", "kind": "k", "answerable": true, "expect": ["5"], "document": "no.md"}',
            "there is no no.md",
        ),
    ],
)
def test_a_faulty_house_is_told_by_its_line(tmp_path: Path, line: str, told: str) -> None:
    folder = write_house(tmp_path)
    (folder / "questions.jsonl").write_text(line, "utf-8")
    with pytest.raises(HouseError, match=told):
        from_folder(folder)


def test_a_house_without_questions_or_with_a_faulty_document_is_told(tmp_path: Path) -> None:
    folder = write_house(tmp_path)
    (folder / "questions.jsonl").unlink()
    with pytest.raises(HouseError, match=r"questions.jsonl cannot be read"):
        from_folder(folder)
    (folder / "knowledge" / "bad.md").write_text("---\nvalid_untill: 2020-01-01\n---\nx", "utf-8")
    with pytest.raises(HouseError, match=r"bad.md"):
        from_folder(folder)


async def test_the_whole_path_answers_from_valid_documents_alone(tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    house = from_folder(write_house(tmp_path / "lanes"))
    done = await ask(
        house, stubs(), confidence=0.1, today=TODAY, progress=lambda step, part: steps.append((step, part))
    )
    by = {one.question.kind: one for one in done}
    assert (by["fees"].answered, by["fees"].right, by["fees"].found[0]) == (True, True, "en/fees.md")
    assert by["fees"].took_ms > 0
    assert by["expired"].sources.count("en/gifts.md") == 0
    assert not any(one.stale for one in done)
    assert not by["absent"].right
    assert steps[-1] == ("lanes: questions", 1.0)


async def test_a_deleted_document_is_not_found_again(tmp_path: Path) -> None:
    whole = from_folder(write_house(tmp_path))
    house = House("h", whole.documents, whole.questions, frozenset({"en/fees.md"}))
    done = await ask(house, stubs(), confidence=0.1, today=TODAY, progress=quiet)
    assert not any("en/fees.md" in (*one.found, *one.sources) for one in done)


async def test_a_model_that_fails_is_counted(tmp_path: Path) -> None:
    house = from_folder(write_house(tmp_path))
    done = await ask(house, stubs(down=True), confidence=0.1, today=TODAY, progress=quiet)
    assert {one.why for one in done} <= {"model_failed", "nothing_found"}
    assert figures(WHOLE, done).failed > 0


def report(folder: Path) -> Report:
    houses = [from_set(write_set(folder / "set"), sample=20), from_folder(write_house(folder / "lanes"))]
    return asyncio.run(
        evaluate_answer(
            houses, stubs(), threshold=0.3, today=TODAY, risk=0.3, sure=0.8, seed=0, progress=quiet
        )
    )  # fmt: skip


def test_the_report_holds_everything_and_is_written_for_people_and_for_programs(tmp_path: Path) -> None:
    found = report(tmp_path)
    paths = write(found, tmp_path / "out", lambda folder: draw(found.confidence, folder))
    assert {path.name for path in paths} == {"report.md", "report.json", "reliability.svg", "risk-coverage.svg"}
    kept = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert Report.model_validate(kept) == found
    words = (tmp_path / "out" / "report.md").read_text("utf-8")
    for title in (
        "Answers",
        "Search and time",
        "Words",
        "Promise",
        "Confidence",
        "The language model alone",
        "The witness alone",
        "Answers by kind",
    ):
        assert f"## {title}\n" in words
    assert "reading set: " in words
    assert "](risk-coverage.svg)" in words
    first = [path.read_bytes() for path in paths]
    again = write(found, tmp_path / "out", lambda folder: draw(found.confidence, folder))
    assert [path.read_bytes() for path in again] == first
    for path in paths[2:]:
        colours = {mark.get("style", "") for mark in ElementTree.parse(path).iter()}  # noqa: S314 - our own file
        assert not any("#000000" in style or "#ffffff" in style for style in colours)


def test_plots_are_left_out_where_nothing_was_drafted(tmp_path: Path) -> None:
    assert draw((), tmp_path) == []
