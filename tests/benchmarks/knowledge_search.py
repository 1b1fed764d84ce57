"""How long the knowledge takes: 1,000 and 10,000 documents indexed, kept, found again after a restart, and searched.

    python -m tests.benchmarks.knowledge_search [--documents 1000 10000]

The documents are made of the sample community's sentences with figures and names of their own, half of them Chinese.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median, quantiles

from bot.knowledge.documents import Document
from bot.knowledge.index import Index
from bot.knowledge.meaning import Models
from bot.knowledge.passages import blocks
from bot.knowledge.reading import read_folder
from bot.knowledge.shelf import Shelf
from bot.knowledge.terms import warm
from bot.lm.cache import prepare
from bot.lm.vectors import TokenVectors
from bot.redis_server import EmbeddedRedis, open_client
from bot.witness.convert import PLAIN
from bot.witness.encoder import TextEncoder
from tests.bot.models import CACHE

SAMPLE = Path(__file__).parent.parent.parent / "bot/sample/knowledge"
QUESTIONS = (
    "How fast do I have to ship?",
    "保证金什么时候退",
    "what does a withdrawal cost",
    "生鲜多久之内必须发货？",
    "Who won the football match?",
    "可以用别人的身份证开店吗",
)
ROUNDS = 10


def made(count: int) -> list[Document]:
    """Documents of about 150 words, no two alike."""
    chance = random.Random(7)
    sample = read_folder(SAMPLE).documents
    lines = {lang: [b.text for d in sample if d.lang == lang for b in blocks(d.text)] for lang in ("zh", "en")}
    found = []
    for number in range(count):
        lang = ("zh", "en")[number % 2]
        parts = chance.sample(lines[lang], 8)
        text = "\n\n".join(f"{part} ({chance.randrange(10**6)})" for part in parts)
        found.append(Document(id=f"{number:05}.md", title=f"{parts[0][:40]} {number}", lang=lang, text=text))
    return found


async def measure(count: int, models: Models, folder: Path) -> None:
    """Prints the figures of one size."""
    documents = made(count)
    server = EmbeddedRedis(folder)
    await asyncio.to_thread(server.start)
    try:
        async with open_client(server.url) as redis:
            shelf = Shelf(redis, "bench")
            await shelf.put_many(documents)
            kept = folder / "knowledge" / "bench.sqlite"
            took = await _timed(shelf, Index(models, kept))
            say(count, f"indexed in {took}")
            size = sum(path.stat().st_size for path in kept.parent.iterdir())
            index = Index(models, kept)
            took = await _timed(shelf, index)
            say(count, f"found again after a restart in {took}; {size / 1e6:.0f} MB on the disk")
            await shelf.put(documents[0].model_copy(update={"text": "A new text."}))
            took = await _timed(shelf, index)
            say(count, f"one changed, followed in {took}")
    finally:
        await asyncio.to_thread(server.stop)
    began = time.process_time()
    times = sorted(_searches(index))
    used = 1000 * (time.process_time() - began) / len(times)
    late = quantiles(times, n=20)[-1]
    say(count, f"search {median(times):.1f} ms median, {late:.1f} ms 95th percentile, {used:.1f} ms of CPU")


def say(count: int, what: str) -> None:
    print(f"{count} documents: {what}", flush=True)  # noqa: T201


async def _timed(shelf: Shelf, index: Index) -> str:
    began, used = time.perf_counter(), time.process_time()
    await shelf.sync(index)
    return f"{time.perf_counter() - began:.2f} s, {time.process_time() - used:.2f} s of CPU"


def _searches(index: Index) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            began = time.perf_counter()
            index.search(question, today=date(2026, 11, 20))
            found.append(1000 * (time.perf_counter() - began))
    return found


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[1000, 10_000])
    given = parser.parse_args(arguments)
    warm()
    models = Models(TokenVectors(prepare(CACHE)), TextEncoder.load(PLAIN.prepare(CACHE)))
    for count in given.documents:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(count, models, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
