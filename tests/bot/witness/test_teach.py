"""The teaching: what a lesson asks for, that it is learned, and that what was learned is kept and taken up again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from bot.lm.folders import sha256
from bot.lm.mixture import Ask, Reading
from bot.lm.types import ModelError
from bot.witness.network import HALVED, RANK, is_matrix, low_rank, save
from bot.witness.packed_file import PackedFile
from bot.witness.pieces import Pieces
from bot.witness.taught import HEADS, Taught
from bot.witness.teach import lesson, loss_of, padded, train_witness
from tests.bot.witness.conftest import Learned
from tests.bot.witness.tiny import FEES, lessons_of, network_of, pieces_of, tensors


@pytest.fixture(scope="session")
def pieces(source: PackedFile) -> Pieces:
    return pieces_of(source)


def passage(text: str) -> Reading:
    return Reading("set", "zh", "运费", text, ())


def test_every_place_of_an_answer_is_marked(pieces: Pieces) -> None:
    one = passage("5% 佣金。The fee is 5%, 运费 5%")
    made = lesson(pieces, one, Ask("How much?", ("5%",)))
    assert made
    framed = pieces.frame("How much?", one.passage, one.title)
    assert made.ids == framed.ids
    (places,) = made.parts
    marked = [(framed.places[first - framed.first], framed.places[last - framed.first]) for first, last in places]
    assert [one.passage[begin[0] : end[1]].strip() for begin, end in marked] == ["5%"] * 3


def test_a_question_that_is_not_answered_marks_nothing_and_one_whose_answer_is_cut_off_is_none(pieces: Pieces) -> None:
    long = "佣金 " * 400 + "Monday"
    silent = lesson(pieces, passage(long), Ask("When?"))
    assert silent
    assert silent.parts == []
    monday = Ask("When?", ("Monday",))
    assert lesson(pieces, passage(long), monday) is None
    assert lesson(pieces, passage("佣金"), monday) is None
    both = lesson(pieces, passage(f"Monday {long}"), monday)
    assert both
    assert len(both.parts[0]) == 1


def test_an_answer_in_two_parts_marks_both_and_none_when_one_is_cut_off(pieces: Pieces) -> None:
    two = Ask("How much, and when?", ("5%\nMonday",))
    made = lesson(pieces, passage("The fee is 5%. It is paid on Monday."), two)
    assert made
    assert [len(part) for part in made.parts] == [1, 1]
    assert made.parts[0] < made.parts[1]
    assert lesson(pieces, passage("The fee is 5%."), two) is None


def test_the_loss_is_that_of_the_places_of_the_answer_and_of_saying(source: PackedFile) -> None:
    network, lessons = network_of(source), lessons_of(source)
    two = lesson(pieces_of(source), FEES, Ask("How much, and when?", ("5%\nMonday",)))
    assert two
    lessons.append(two)
    ids, mask = padded(lessons)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=HALVED):
        got = loss_of(network, lessons).item()
        ends, says = (one.double() for one in network(ids, mask))
    wanted = 0.0
    for row, one in enumerate(lessons):
        likely = ends[row, : len(one.ids)].softmax(0)
        for places in one.parts:
            found = torch.stack([likely[first, 0] * likely[last, 1] for first, last in places]).sum().log().item()
            wanted -= found / len(one.parts)
        sign = 1 if one.parts else -1
        wanted -= torch.sigmoid(sign * says[row]).log().item()
    assert got == pytest.approx(wanted / len(lessons), rel=1e-4)


def test_the_loss_falls_and_the_token_embeddings_stay(source: PackedFile, learned: Learned) -> None:
    assert learned.losses[30] < learned.losses[0] / 3
    rows = learned.network.encoder.embeddings.word_embeddings.weight
    assert torch.equal(rows, network_of(source).encoder.embeddings.word_embeddings.weight)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, RANK), st.integers(0, 1 << 30))
def test_a_change_of_no_higher_rank_is_kept_whole(rank: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    change = (rng.normal(size=(90, rank)) @ rng.normal(size=(rank, 110))).astype(np.float32)
    up, down = low_rank(change)
    assert (up.shape, down.shape) == ((90, RANK), (RANK, 110))
    assert np.allclose(up @ down, change, atol=1e-3)


def test_of_a_change_of_higher_rank_the_smallest_part_is_lost() -> None:
    change = np.diag(np.arange(1, RANK + 3, dtype=np.float32))
    up, down = low_rank(change)
    change[0, 0] = change[1, 1] = 0
    assert np.allclose(up @ down, change, atol=1e-3)


def test_what_is_saved_is_what_was_taught(source: PackedFile, learned: Learned) -> None:
    taught, state = Taught.read(learned.file), learned.network.encoder.state_dict()
    assert sorted(learned.network.published.values()) == sorted(set(tensors()) - {"emb.word"})
    for theirs, ours in learned.network.published.items():
        now, before = state[theirs].numpy(), source.tensor(ours)
        got = taught.matrix(ours, source.matrix(ours)) if is_matrix(ours) else taught.vector(ours, before)
        assert np.allclose(got.ravel(), now.ravel(), atol=1e-3), ours
        assert not np.allclose(before, now.ravel(), atol=1e-3), ours
    assert {name: taught.heads[name].shape for name in HEADS} == {
        "ends.w": (2, 64),
        "ends.b": (2,),
        "says.w": (64,),
        "says.b": (1,),
    }


def test_a_network_goes_on_where_the_earlier_one_stopped(source: PackedFile, learned: Learned) -> None:
    fresh = network_of(source, seed=2)
    ids, mask = padded(lessons_of(source))
    with torch.no_grad():
        wanted = torch.cat([one.flatten() for one in learned.network(ids, mask)])
        before = torch.cat([one.flatten() for one in fresh(ids, mask)])
        fresh.take_up(source, Taught.read(learned.file))
        after = torch.cat([one.flatten() for one in fresh(ids, mask)])
    assert (before - wanted).abs().max() > 1
    assert torch.allclose(after, wanted, atol=0.05)


def test_a_file_of_another_kind_is_one_line_with_the_mend(learned: Learned, tmp_path: Path) -> None:
    file = tmp_path / "witness.safetensors"
    save_file({"ends.w": np.zeros((2, 64), np.float16)}, file)
    headless = file.read_bytes()
    for written in (b"nothing", learned.file.read_bytes()[:-9], headless):
        file.write_bytes(written)
        with pytest.raises(ModelError, match=r"witness\.safetensors cannot be read .*git checkout") as told:
            Taught.read(file)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("frozen", [0, 1])
def test_training_goes_on_from_an_earlier_file_and_teaches_at_least_one_batch(
    source: PackedFile, tmp_path: Path, frozen: int
) -> None:
    data, begin, out = (tmp_path / name for name in ("rows.jsonl", "earlier.safetensors", "new.safetensors"))
    row = {"id": "set:1", "lang": "en", "context": FEES.passage, "question": "When?", "answers": ["Monday"]}
    data.write_text(json.dumps({**row, "licence": "CC0-1.0"}) + "\n", "utf-8")
    save(network_of(source, seed=5), source, begin, {})
    steps: list[float] = []
    said = train_witness(
        data,
        out,
        minutes=1e-6,
        begin=begin,
        frozen=frozen,
        source=source,
        progress=lambda _step, fraction: steps.append(fraction),
    )
    assert (said, steps) == (sha256(out), [1.0])
    with safe_open(out, framework="numpy") as opened:
        assert opened.metadata() == {"seed": "7", "batches": "1"}
    earlier, later = Taught.read(begin), Taught.read(out)
    for name, stays in (("l0.fo.w", bool(frozen)), ("l1.fo.w", False)):
        published = source.matrix(name)
        assert np.array_equal(earlier.matrix(name, published), published)
        assert np.array_equal(later.matrix(name, published), published) == stays
    places = source.tensor("emb.pos")
    assert np.array_equal(later.vector("emb.pos", places), places) == bool(frozen)
    assert all(np.allclose(later.heads[name], earlier.heads[name], atol=1e-3) for name in HEADS)


def test_rows_that_cannot_be_read_are_one_line(source: PackedFile, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.jsonl cannot be read as JSON lines"):
        train_witness(tmp_path / "nothing.jsonl", tmp_path / "out.safetensors", minutes=0.01, source=source)
