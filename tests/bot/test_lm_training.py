"""The lessons, the adapter's training on a tiny model of the same kind, and the figures."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import Gemma3ForCausalLM

from bot.lm import adapter
from bot.lm.evaluate import drawn, f1, figures, separation, table
from bot.lm.mixture import Example, cut, lessons, merchant, public, window
from bot.lm.prompt import REFUSAL
from bot.lm.torch_model import configuration
from bot.lm.train import LONGEST, Lesson, LowRank, _Teacher, batches, insert, loss_of, rate_at, save
from bot.lm.types import Completion, ModelError

CUT = "Fees are 2.5% of the price. Payouts come on Monday. Ask support for more."


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
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "qa.jsonl"
    kept = [row("xquad_en", ["on Monday"]), row("xquad_neg_en", [])]
    dropped = [row("subjqa_en", ["on Monday"], "none-stated"), row("other", [], "")]
    file.write_text("\n".join(map(json.dumps, kept + dropped)), "utf-8")
    return file


def tiny() -> Any:
    shape = configuration()
    shape.vocab_size, shape.hidden_size, shape.intermediate_size, shape.head_dim = 64, 16, 32, 8
    shape.num_hidden_layers, shape.layer_types = 2, ["sliding_attention", "full_attention"]
    torch.manual_seed(1)
    model = Gemma3ForCausalLM(shape)
    torch.nn.init.normal_(model.model.embed_tokens.weight)
    return model


def test_only_rows_with_a_stated_licence_are_taught(rows: Path) -> None:
    assert {example.group for example in public(rows)} == {"xquad_en", "xquad_neg_en"}
    taught = lessons(rows, seed=1)
    assert {example.group.split("/")[0] for example in taught} == {"xquad_en", "xquad_neg_en", "merchant"}
    assert taught == lessons(rows, seed=1)


def test_a_file_that_is_no_reading_set_is_told_clearly(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{nonsense", "utf-8")
    for name in ("bad.jsonl", "missing.jsonl"):
        with pytest.raises(ModelError, match=name):
            lessons(tmp_path / name, seed=1)


def test_a_near_miss_loses_the_sentence_that_answers_and_no_other() -> None:
    asked = Example("set", "en", "", CUT, "When?", ("on Monday",))
    missed = cut(asked)
    assert missed is not None
    assert missed.passage == "Fees are 2.5% of the price. Ask support for more."
    assert (missed.target, missed.question) == (REFUSAL, "When?")
    assert cut(missed) is None


@given(
    st.lists(st.sampled_from(["一二三。", "四五！", "The fee is 2.5% now. ", "abc def? "]), min_size=1),
    st.integers(1, 40),
)
def test_a_window_keeps_the_answer_and_is_a_piece_of_the_passage(parts: list[str], width: int) -> None:
    passage = "".join(parts) + "答案在此。" + "".join(parts)
    kept = window(passage, ("答案在此",), width, random.Random(1))
    assert "答案在此" in kept
    assert kept in passage


def test_our_own_examples_answer_in_the_words_of_their_passage_and_hold_a_part_out() -> None:
    train, dev = merchant("train"), merchant("dev")
    assert not {example.title for example in train} & {example.title for example in dev}
    for example in train + dev:
        numbers = {word for answer in example.answers for word in answer.replace(".", " ").split() if word.isdigit()}
        assert all(number in example.passage for number in numbers), example
    assert {example.lang for example in train} == {example.lang for example in dev} == {"zh", "en"}
    assert 0.3 < sum(not example.answers for example in train) / len(train) < 0.45


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


def test_padding_does_not_reach_the_loss() -> None:
    model = tiny()
    short, long = Lesson([2, 5, 7, 9], 2), Lesson([2, 8, 8, 8, 4, 4, 6], 5)
    alone = [loss_of(model, [lesson], "cpu").item() for lesson in (short, long)]
    assert loss_of(model, [short, long], "cpu").item() == pytest.approx(np.mean(alone), rel=1e-4)


def test_teaching_lowers_the_loss_and_leaves_the_frozen_weights() -> None:
    model = tiny()
    lesson = [Lesson([2, 5, 7, 9, 11], 3), Lesson([2, 6, 8, 10, 12], 3)]
    teacher = _Teacher(model, seed=1, device="cpu")
    frozen = {name: weight.clone() for name, weight in model.named_parameters() if not weight.requires_grad}
    before = loss_of(model, lesson, "cpu").item()
    for _ in range(30):
        teacher.teach(lesson, 0.01)
    assert loss_of(model, lesson, "cpu").item() < before / 2
    assert all(torch.equal(frozen[name], weight) for name, weight in model.named_parameters() if name in frozen)
    assert all(isinstance(layer, LowRank) for layer in teacher.changed.values())
    assert len(teacher.changed) == 7 * 2


@given(st.lists(st.integers(3, LONGEST), min_size=1, max_size=60), st.integers())
def test_every_lesson_is_in_one_batch(lengths: list[int], seed: int) -> None:
    taught = [Lesson([index] * length, 1) for index, length in enumerate(lengths)]
    made = batches(taught, random.Random(seed))
    assert sorted(lesson.ids[0] for batch in made for lesson in batch) == list(range(len(lengths)))
    assert all(batch for batch in made)


@given(st.floats(0, 1))
def test_the_learning_rate_rises_and_falls_within_its_bounds(fraction: float) -> None:
    assert 0 <= rate_at(fraction) <= rate_at(0.04) * 1.001


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


def test_the_figures_count_refusals_on_both_sides() -> None:
    asked, none = Example("s", "en", "", "", "", ("five", "5")), Example("s", "en", "", "", "", ())
    pairs = [
        (asked, Completion("5", 0, 1, 0.1)),
        (asked, Completion("NONE", 0, 1, 0.9)),
        (none, Completion("NONE", 0, 1, 0.95)),
        (none, Completion("7", 0, 1, 0.2)),
    ]
    got = figures("s", pairs)
    assert (got.answerable, got.f1, got.exact, got.answerable_refused) == (2, 0.5, 0.5, 0.5)
    assert (got.unanswerable, got.unanswerable_refused, got.separation) == (2, 0.5, 0.75)
    assert "| s | 2 | 0.50 | 0.50 | 0.50 | 2 | 0.50 | 0.75 |" in table([got])


def test_separation_needs_both_sides() -> None:
    assert separation([], [1.0]) is None
    assert separation([0.5], [0.5]) == 0.5


def test_a_sample_is_bounded_and_the_same_each_time(rows: Path) -> None:
    taken = drawn(rows, 1)
    assert taken == drawn(rows, 1)
    assert [example.group for example in taken if example.group != "merchant"] == ["xquad_en", "xquad_neg_en"]
