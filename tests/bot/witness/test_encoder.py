"""The encoder as it was published: a text's vector is its own, whatever is read beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from bot.lm.types import ModelError
from bot.witness.convert import HEADS, convert
from bot.witness.encoder import BATCH, LIMIT, TextEncoder
from bot.witness.packed_file import PackedFile
from bot.witness.taught import Taught
from tests.bot.witness.tiny import network_of, pieces_of

TEXTS = ["The fee is 5%.", "佣金", "Who pays postage? " * 40, ""]


@pytest.fixture(scope="module")
def folder(source: PackedFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plain")
    convert(source, Taught.nothing(), made)
    return made


@pytest.fixture
def encoder(folder: Path) -> TextEncoder:
    return TextEncoder.load(folder, threads=1)


def test_a_vector_is_the_mean_of_the_published_states_and_has_length_one(
    encoder: TextEncoder, folder: Path, source: PackedFile
) -> None:
    (got,) = encoder.vectors(["The fee is 5%."], asked=True)
    ids = pieces_of(source).alone("query: The fee is 5%.", LIMIT)
    with torch.no_grad():
        mean = network_of(source).encoder(torch.tensor([ids])).last_hidden_state[0].mean(0).numpy()
    likeness = float(got @ mean) / float(np.linalg.norm(mean))
    assert likeness > 0.95  # int8, in a network that was taught nothing
    assert np.linalg.norm(got) == pytest.approx(1, abs=1e-5)
    assert not (folder / HEADS).exists()


def test_texts_beside_each_other_in_many_batches_have_the_vectors_they_have_alone(encoder: TextEncoder) -> None:
    many = [f"{TEXTS[at % 4]}{at}" for at in range(BATCH + 3)]
    for text, beside in zip(many, encoder.vectors(many), strict=True):
        (alone,) = encoder.vectors([text])
        assert alone @ beside > 0.999
    assert encoder.vectors([]).size == 0


def test_a_question_is_read_otherwise_than_a_passage(encoder: TextEncoder) -> None:
    (asked,), (told,) = (encoder.vectors(["The fee is 5%."], asked=asked) for asked in (True, False))
    assert not np.allclose(asked, told)


def test_a_folder_that_cannot_be_run_is_one_line_with_the_mend(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "model.bin").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"delete .* and run `xiaoer run` again"):
        TextEncoder.load(broken)
