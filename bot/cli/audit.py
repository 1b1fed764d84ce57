"""`judge` and `answer`: a file of JSON lines in, a file of JSON lines out. Auditors and benchmarks use these forms."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from bot.answering.answer import AnswerRoom
from bot.app import open_judge, open_readers
from bot.batch import AnswerLine, JudgeLine, answer_lines, judge_lines, read_lines, to_json
from bot.cli.screen import Bar
from bot.config import settings
from bot.knowledge.index import Index
from bot.knowledge.meaning import Models
from bot.knowledge.reading import read_folder
from moderation.errors import XiaoerError
from moderation.types import Passage

File = Annotated[Path, typer.Argument(help="JSON lines to read.", show_default=False)]
Out = Annotated[Path, typer.Option(help="File to write, one JSON line for each line read.", show_default=False)]


def judge(file: File, out: Out) -> None:
    """Judge texts: {"id", "text", optional "channel", "author": {"id", "trust"}} -> {"id", "ruling", "clause", ...}."""
    lines, out = read_lines(file, JudgeLine), _writing(out)
    room = open_judge(settings())
    with Bar(Console(stderr=True)) as bar, out.open("w", encoding="utf-8") as file_out:
        for number, row in enumerate(judge_lines(room, lines), 1):
            file_out.write(to_json(row) + "\n")
            bar("judging", number / len(lines))


def answer(
    file: File,
    out: Out,
    knowledge: Annotated[Path, typer.Option(help="Folder of documents to answer from.", show_default=False)],
) -> None:
    """Answer questions: {"id", "question", optional "history"} -> {"id", "answer", "sources", "confidence", ...}."""
    asyncio.run(_answer(read_lines(file, AnswerLine), knowledge, _writing(out)))


async def _answer(lines: list[AnswerLine], knowledge: Path, out: Path) -> None:
    screen = Console(stderr=True)
    given = settings()
    with Bar(screen) as bar:
        readers = await open_readers(given, bar)
        try:
            index = await asyncio.to_thread(_index, knowledge, readers.models, screen, bar)

            async def search(_community: str, question: str) -> list[Passage]:
                return await asyncio.to_thread(index.search, question, today=datetime.now(UTC).date())

            room = AnswerRoom(search, readers.lm, readers.witness, confidence=given.answer_confidence)
            with out.open("w", encoding="utf-8") as file_out:
                number = 0
                async for row in answer_lines(room, lines):
                    number += 1
                    file_out.write(to_json(row) + "\n")
                    bar("answering", number / len(lines))
        finally:
            await readers.close()


def _index(knowledge: Path, models: Models | None, screen: Console, bar: Bar) -> Index:
    folder = read_folder(knowledge)
    for fault in folder.faults:
        screen.print(Text(f"left out: {fault}", "yellow"), soft_wrap=True)
    index = Index(models)
    index.follow(folder.documents, progress=partial(bar, "indexing"))
    return index


def _writing(out: Path) -> Path:
    """The path itself when a file can be written there; raises XiaoerError before any work is done."""
    if not out.parent.is_dir():
        raise XiaoerError(f"{out}: the folder {out.parent} is not there; make it, or name another file")
    return out


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(judge)
    app.command()(answer)
