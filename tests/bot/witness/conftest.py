"""The tiny encoder, and what it was taught as the product keeps it: made once, for none of the tests changes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from bot.witness.convert import convert
from bot.witness.network import Network, save
from bot.witness.packed_file import PackedFile, published
from bot.witness.taught import Taught
from tests.bot.witness.tiny import lessons_of, network_of, taught_for, tiny_file


class Learned(NamedTuple):
    """A network that knows its lessons, the loss on the way, its file, and the folder made of it."""

    network: Network
    losses: list[float]
    file: Path
    folder: Path


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """A network this small is slower on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> PackedFile:
    return PackedFile(tiny_file(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="session")
def real() -> PackedFile:
    """The published encoder."""
    return published()


@pytest.fixture(scope="session")
def learned(source: PackedFile, tmp_path_factory: pytest.TempPathFactory) -> Learned:
    network, folder = network_of(source), tmp_path_factory.mktemp("learned")
    losses = taught_for(network, lessons_of(source), 45)
    file = folder.parent / f"{folder.name}.safetensors"
    save(network, source, file, {})
    convert(source, Taught.read(file), folder)
    return Learned(network, losses, file, folder)
