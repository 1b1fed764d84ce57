"""The lessons, the adapter's training on a tiny model of the same kind, and the figures of a reader."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lm import adapter
from bot.lm.evaluate import Row, evaluate, f1, figures, model, separation
from bot.lm.mixture import Ask, Reading, lessons, narrowed, ours, pages, public, window
from bot.lm.packing import batch, rows, units
from bot.lm.prompt import REFUSAL
from bot.lm.train import LowRank, _Teacher, insert, loss_of, rate_at, resume, save
from bot.lm.types import Completion, ModelError
from tests.bot.tiny_model import Letters, tiny

CUT = "Fees are 2.5% of the price. Payouts come on Monday. Ask support for more."
PRICES = {"North": 17, "South": 23, "East": 31, "West": 47, "Inner": 59, "Outer": 61, "Upper": 73, "Lower": 89}


def row(name: str, answers: list[str], licence: str = "CC-BY-SA-4.0") -> dict[str, Any]:
    context = f"{CUT} Marker {name}."
    return {
        "id": f"{name}:1",
        "lang": "en",
        "context": context,
        "question": "When?",
        "answers": answers,
        "licence": licence,
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "qa.jsonl"
    kept = [row("xquad_en", ["on Monday"]), row("xquad_neg_en", [])]
    dropped = [row("subjqa_en", ["on Monday"], "none-stated"), row("other", [], "")]
    file.write_text("\n".join(map(json.dumps, kept + dropped)), "utf-8")
    return file


def test_only_rows_with_a_stated_licence_are_taught(data: Path) -> None:
    assert {one.group for one in public(data)} == {"xquad_en"}
    taught = lessons(data, seed=1)
    assert {one.group.partition("/")[0] for one in taught} == {"xquad_en", "ours"}
    assert taught == lessons(data, seed=1)


def test_how_often_a_group_is_taught_is_told_by_the_longest_beginning_of_its_name(data: Path) -> None:
    told = lessons(data, seed=1, repeats={"": 0.0, "ours/merchant_zh": 1.0, "ours/merchant_zh_b": 0.0})
    assert {one.group for one in told} == {f"ours/merchant_zh{part}" for part in ("", "_c", "_d")}


def test_a_page_holds_what_its_sections_answer_but_not_what_stands_in_two_of_them() -> None:
    days = Ask("How long do payouts take?", ("7 days",))
    fees = Reading("ours/merchant_en", "en", "Fees", "Storage costs $2. It is due in 7 days.", (Ask("What?", ("$2",)),))
    money = Reading("ours/merchant_en_b", "en", "Payouts", "Payouts take 7 days.", (days, Ask("Who pays?")))
    chinese = Reading("ours/merchant_zh", "zh", "佣金", "佣金 5%。", (Ask("多少？", ("5%",)),))
    whole, alone = sorted(pages([fees, chinese, money], random.Random(1)), key=lambda one: one.lang)
    assert {line.strip() for line in whole.passage.split("\n")} >= {"Payouts take 7 days."}
    assert "Storage costs $2." in whole.passage
    assert {ask.question for ask in whole.asks} == {"What?", "Who pays?"}
    assert "佣金 5%。" in alone.passage
    assert alone.asks == chinese.asks


def test_all_questions_over_a_passage_are_one_reading(tmp_path: Path) -> None:
    file = tmp_path / "qa.jsonl"
    asked = [row("set_en", ["on Monday"]), row("set_en", []) | {"question": "Why?"}, row("set_en", ["on Monday"])]
    file.write_text("\n".join(map(json.dumps, asked)), "utf-8")
    (one,) = public(file)
    assert one.asks == (Ask("When?", ("on Monday",)), Ask("Why?"))
    assert [ask.target for ask in one.asks] == ["on Monday", REFUSAL]


def test_a_file_that_is_no_reading_set_is_told_clearly(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{nonsense", "utf-8")
    for name in ("bad.jsonl", "missing.jsonl"):
        with pytest.raises(ModelError, match=name):
            lessons(tmp_path / name, seed=1)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["一二三。", "四五！", "The fee is 2.5% now. ", "abc def? "]), min_size=1),
    st.integers(1, 40),
)
def test_a_window_keeps_the_answer_and_is_a_piece_of_the_passage(parts: list[str], width: int) -> None:
    passage = "".join(parts) + "答案在此。" + "".join(parts)
    kept = window(passage, "答案在此", width, random.Random(1))
    assert "答案在此" in kept
    assert kept in passage


@settings(deadline=None)
@given(st.integers())
def test_a_narrowed_passage_answers_what_it_still_says_and_refuses_what_was_cut_off(seed: int) -> None:
    facts = [f"Tariff {name} costs {number} coins a month, without any further fee." for name, number in PRICES.items()]
    asks = [Ask(f"What is {name}?", (f"{number} coins",)) for name, number in PRICES.items()]
    whole = Reading("set", "en", "", " ".join(facts), (*asks, Ask("Who?")))
    seen = narrowed(whole, random.Random(seed))
    assert seen.passage in whole.passage
    assert any(ask.answers for ask in seen.asks)
    for ask in seen.asks:
        told = PRICES.get(ask.question.removeprefix("What is ").removesuffix("?"))
        assert bool(ask.answers) == (told is not None and f"{told} coins" in seen.passage)
    assert narrowed(whole, random.Random(seed)) == seen


def test_our_own_examples_answer_in_the_words_of_their_passage_and_hold_a_part_out() -> None:
    train, dev = ours("train"), ours("dev")
    assert not {one.passage for one in train} & {one.passage for one in dev}
    for one in train + dev:
        words = {word for ask in one.asks for answer in ask.answers for word in answer.replace(".", " ").split()}
        assert all(word in one.passage for word in words if word.isdigit()), one
    assert {one.lang for one in train} == {one.lang for one in dev} == {"zh", "en"}
    asks = [ask for one in train for ask in one.asks]
    assert 0.3 < sum(not ask.answers for ask in asks) / len(asks) < 0.45


def test_a_new_adapter_changes_nothing_and_a_saved_one_merges_to_what_was_trained(tmp_path: Path) -> None:
    model = tiny()
    ids = torch.tensor([[2, 5, 7, 9]])
    before = model(ids).logits
    changed = insert(model, seed=3)
    assert torch.equal(model(ids).logits, before)
    for layer in changed.values():
        torch.nn.init.normal_(layer.up, std=0.1)
    after = model(ids).logits
    assert not torch.allclose(after, before, atol=1e-3)
    save(changed, tmp_path / "adapter.safetensors", {"seed": "3"})
    merged, shipped = tiny(), adapter.Adapter(tmp_path / "adapter.safetensors")
    for name, weight in merged.model.named_parameters():
        change = shipped.change(name)
        if change is not None:
            weight.data += torch.from_numpy(change)
    assert torch.allclose(merged(ids).logits, after, atol=0.05)  # float16 on the disk


def test_an_adapter_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "adapter.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        adapter.Adapter(tmp_path / "adapter.safetensors")


def test_an_adapter_that_does_not_fit_is_not_taken_up(tmp_path: Path) -> None:
    save(insert(tiny(), seed=3), tmp_path / "whole.safetensors", {})
    changed = insert(tiny(), seed=4)
    resume(changed, tmp_path / "whole.safetensors")
    first = insert(tiny(), seed=3)
    assert all(torch.allclose(changed[name].down, first[name].down, atol=1e-2) for name in changed)
    (tmp_path / "none.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="--resume"):
        resume(changed, tmp_path / "none.safetensors")


def test_teaching_lowers_the_loss_and_leaves_the_frozen_weights() -> None:
    model = tiny()
    one = Reading("set", "en", "", "It is 5%.", (Ask("What?", ("5%",)), Ask("Who?")))
    lesson = batch(rows(units([one], Letters(), 256), random.Random(1), 256), "cpu", 256)
    teacher = _Teacher(model, seed=1)
    frozen = {name: weight.clone() for name, weight in model.named_parameters() if not weight.requires_grad}
    before = loss_of(model, lesson).item()
    for _ in range(30):
        teacher.teach(lesson, 0.01)
    assert loss_of(model, lesson).item() < before / 2
    assert all(torch.equal(frozen[name], weight) for name, weight in model.named_parameters() if name in frozen)
    assert all(isinstance(layer, LowRank) for layer in teacher.changed.values())
    assert len(teacher.changed) == 7 * 2


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(1e-5, 1))
def test_the_learning_rate_rises_and_falls_within_its_bounds(fraction: float, highest: float) -> None:
    assert 0 <= rate_at(fraction, highest) <= highest
    assert rate_at(0.04, highest) == pytest.approx(highest)


@pytest.mark.parametrize(
    ("said", "answer", "lang", "value"),
    [
        ("5%", "5 %", "en", 1.0),
        ("The Monday.", "monday", "en", 1.0),
        ("on Monday", "on Monday and Friday", "en", 2 / 3),
        ("Tuesday", "Monday", "en", 0.0),
        ("周二", "每周二", "zh", 0.8),
        ("48小时", "48 小时内", "zh", 6 / 7),
        ("", "x", "en", 0.0),
    ],
)
def test_f1_is_over_words_in_english_and_characters_in_chinese(said: str, answer: str, lang: str, value: float) -> None:
    assert f1(said, answer, lang) == pytest.approx(value)


def asked(*answers: str) -> Row:
    ask = Ask("?", answers)
    return Row(Reading("s", "en", "", "", (ask,)), ask)


def test_the_figures_count_refusals_on_both_sides() -> None:
    pairs = [
        (asked("five", "5"), Completion("5", 0, 1, 0.1)),
        (asked("five", "5"), Completion("NONE", 0, 1, 0.9)),
        (asked(), Completion("NONE", 0, 1, 0.95)),
        (asked(), Completion("7", 0, 1, 0.2)),
    ]
    got = figures("s", pairs)
    assert (got.answerable, got.f1, got.exact, got.answerable_refused) == (2, 0.5, 0.5, 0.5)
    assert (got.unanswerable, got.unanswerable_refused, got.separation) == (2, 0.5, 0.75)


def test_separation_needs_both_sides() -> None:
    assert separation([], [1.0]) is None
    assert separation([0.5], [0.5]) == 0.5


class Says:
    """Answers every prompt alike."""

    name = "stub"

    async def complete(self, prompts: Sequence[str], *, max_tokens: int, group: str = "") -> list[Completion]:
        return [Completion("5", -0.1, 2, 0.2) for _ in prompts]

    async def close(self) -> None:
        """Nothing to free."""


async def test_a_model_reads_every_row_alone_by_set_and_by_language() -> None:
    steps: list[float] = []
    got = await evaluate(
        model(Says()), [asked("5"), asked("6"), asked()], progress=lambda _step, part: steps.append(part)
    )
    assert [(one.group, one.answerable, one.f1, one.unanswerable) for one in got] == [
        ("s", 2, 0.5, 1),
        ("all en", 2, 0.5, 1),
    ]
    assert steps == [1 / 3, 2 / 3, 1]
