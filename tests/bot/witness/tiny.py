"""A packed encoder of the published one's layout with few weights, the same ones each time, and lessons for it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from bot.lm.mixture import Ask, Reading
from bot.witness.convert import vocabulary
from bot.witness.network import Network
from bot.witness.packed_file import PackedFile, Sizes
from bot.witness.pieces import Pieces
from bot.witness.teach import Lesson, lesson, loss_of

BLOCK = 32
_WORDS = "▁The ▁fee ▁is ▁5% ▁It ▁paid ▁on ▁Monday ▁When ▁How ▁much ▁1 5% Mon day 佣金 每周一 结算 00 ..."
_CHINESE = "佣金是每周一结算的运费多少何时谁退货由卖家承担全国元满免寄往保证关店后天内无纠纷原路回不计利息下行"
FOREIGN = ("▁цена", "한국", "ไทย", "<mask>")
"""Pieces of the published vocabulary that no text in Chinese or English needs."""
_SIGNS = "".join(map(chr, range(0x21, 0x7F))) + "。、《》"
_SINGLE = [*dict.fromkeys(f"▁{_SIGNS}{_CHINESE}")]
PIECES = ["<s>", "<pad>", "</s>", "<unk>", *FOREIGN, *_WORDS.split(), *_SINGLE]
SCORES = [-9.0 if len(piece) == 1 else -4.0 for piece in PIECES]
SIZES = Sizes(64, 2, 4, 128, len(PIECES), 512, 2)


class Raw(NamedTuple):
    """A tensor as it lies in the file: whether it is packed, how many weights it has, and its bytes."""

    packed: bool
    weights: int
    written: bytes


def _plain(values: np.ndarray) -> Raw:
    return Raw(False, values.size, values.astype("<f4").tobytes())


def _packed(rng: np.random.Generator, count: int, spread: float) -> Raw:
    """Random weights of about this spread: any bytes are a Q4_0 block."""
    scales = (rng.uniform(0.8, 1.2, count // BLOCK) * spread / 4.6).astype("<f2")
    halves = rng.integers(0, 256, (count // BLOCK, BLOCK // 2), dtype=np.uint8)
    blocks = (scale.tobytes() + half.tobytes() for scale, half in zip(scales, halves, strict=True))
    return Raw(True, count, b"".join(blocks))


def tensors(seed: int = 1) -> dict[str, Raw]:
    """All tensors of the tiny encoder by name."""
    rng = np.random.default_rng(seed)
    width, inner = SIZES.width, SIZES.inner
    made = {"emb.word": _packed(rng, SIZES.vocabulary * width, 1.0)}
    for name, rows in (("emb.pos", SIZES.positions), ("emb.type", SIZES.segments)):
        made[name] = _plain(rng.normal(0, 0.3, rows * width))

    def norm(name: str) -> None:
        made[f"{name}.w"], made[f"{name}.b"] = _plain(rng.normal(1, 0.1, width)), _plain(rng.normal(0, 0.1, width))

    norm("emb.ln")
    for block in range(SIZES.blocks):
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            made[f"l{block}.{part}.w"] = _packed(rng, width * (inner if part in ("fi", "fo") else width), 0.15)
            made[f"l{block}.{part}.b"] = _plain(rng.normal(0, 0.1, inner if part == "fi" else width))
        norm(f"l{block}.aln")
        norm(f"l{block}.oln")
    return made


def packed_bytes(parts: dict[str, Raw]) -> bytes:
    """The whole file, with one rule of normalisation that the reader passes over."""
    blob = [piece.encode() for piece in PIECES]
    places = np.cumsum([0, *map(len, blob)]).astype("<u4")
    rule = struct.pack("<IBI", 0xFF21, 1, 0x41)
    head = b"E5S1\x01\x00\x00\x00" + struct.pack("<7ifi", *SIZES, 1e-12, BLOCK)
    head += struct.pack("<5iQ", len(blob), 0, 2, 1, 3, int(places[-1])) + places.tobytes()
    head += np.array(SCORES, "<f4").tobytes() + b"".join(blob)
    head += struct.pack("<iI", 1, len(rule)) + rule + struct.pack("<i", len(parts))
    at = len(head) + sum(len(name) + struct.calcsize("<HBIQQ") for name in parts)
    listed = b""
    for name, raw in parts.items():
        listed += struct.pack("<H", len(name)) + name.encode()
        listed += struct.pack("<BIQQ", raw.packed, raw.weights, at, len(raw.written))
        at += len(raw.written)
    return head + listed + b"".join(raw.written for raw in parts.values())


def tiny_file(folder: Path) -> Path:
    """Writes the tiny encoder and returns its place."""
    file = folder / "tiny.bin"
    file.write_bytes(packed_bytes(tensors()))
    return file


FEES = Reading("set", "en", "Fees", "The fee is 5%. It is paid on Monday.", ())
COMMISSION = Reading("set", "zh", "", "数码佣金是3%，每周一结算。", ())
TAUGHT = [
    (FEES, Ask("How much is the fee?", ("5%",))),
    (FEES, Ask("When is it paid?", ("Monday",))),
    (FEES, Ask("谁承担运费？")),
    (COMMISSION, Ask("佣金多少？", ("3%",))),
    (COMMISSION, Ask("何时结算？", ("每周一",))),
    (COMMISSION, Ask("Who pays postage?")),
]
"""Passages with a question each, and its answer when the passage says it."""


def pieces_of(source: PackedFile) -> Pieces:
    return Pieces(vocabulary(source)[2])


def network_of(source: PackedFile, seed: int = 1) -> Network:
    torch.manual_seed(seed)
    return Network(source, vocabulary(source)[0])


def lessons_of(source: PackedFile) -> list[Lesson]:
    """TAUGHT as lessons, all of them whole."""
    pieces = pieces_of(source)
    made = [lesson(pieces, one, ask) for one, ask in TAUGHT]
    return [one for one in made if one]


def taught_for(network: Network, lessons: list[Lesson], steps: int) -> list[float]:
    """Teaches the same lessons again and again; the loss before each step."""
    optimizer = torch.optim.AdamW(network.learned(), 2e-3)
    losses = []
    for _ in range(steps):
        loss = loss_of(network, lessons)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
