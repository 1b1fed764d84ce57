"""Commands about one community's knowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import base, open_search
from bot.cli.operators import operator
from bot.cli.screen import Bar
from bot.config import Settings, settings
from bot.knowledge.documents import Document, Fault
from bot.knowledge.index import Index
from bot.knowledge.reading import read_file
from bot.knowledge.shelf import Imported, Shelf
from bot.knowledge.twins import Twins
from moderation.audit import setting
from moderation.errors import XiaoerError

knowledge = typer.Typer(no_args_is_help=True, help="The community's knowledge: what the bot may answer from.")
Result = TypeVar("Result")


def _with_shelf(work: Callable[[Shelf, Settings], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with base(given := settings()) as parts:
            return await work(Shelf(parts.redis, given.community), given)

    return asyncio.run(run())


def _changing(work: Callable[[Shelf], Awaitable[Result]], told: Callable[[Result], str]) -> Result:
    """Change the knowledge, with a line in the audit trail where `told` has words for what was done."""

    async def run() -> Result:
        async with base(given := settings()) as parts:
            done = await work(Shelf(parts.redis, given.community))
            if what := told(done):
                await parts.streams.write(setting(given.community, operator(), what, tier="owner"))
            return done

    return asyncio.run(run())


@knowledge.command()
def add(
    path: Annotated[Path, typer.Argument(help="A file, or a folder whose files replace the imported ones.")],
) -> None:
    """Add a document, or import a folder; every broken file is told and the others are taken.

    Taken are .md .txt .html .pdf .docx and .csv (columns question, answer); NAME.pdf.yaml beside a file sets its title,
    lang, valid_from, valid_until, tags, url.
    """
    screen = Console()
    if path.is_dir():
        done = _changing(lambda shelf: shelf.import_folder(path), _imported)
        _tell(screen, done.faults)
        screen.print(f"{done.new} new, {done.changed} changed, {done.removed} removed, {done.unchanged} as before")
        raise typer.Exit(1 if done.faults else 0)
    read = read_file(path.resolve().parent, path.name)
    if not read.documents:
        raise XiaoerError("; ".join(map(str, read.faults)))
    documents = [_taught(document) for document in read.documents]
    named = ", ".join(one.id for one in documents)
    _changing(lambda shelf: shelf.replace(path.name, documents), lambda _done: f"knowledge taught: {named}")
    _tell(screen, read.faults)
    for one in documents:
        screen.print(f"added {one.id}: {one.title} ({one.lang})", markup=False, soft_wrap=True)
    raise typer.Exit(1 if read.faults else 0)


def _imported(done: Imported) -> str:
    return f"knowledge imported: {done.moved}" if done.moved else ""


def _tell(screen: Console, faults: Sequence[Fault]) -> None:
    for fault in faults:
        screen.print(Text(f"left out: {fault}", "yellow"), soft_wrap=True)


def _taught(document: Document) -> Document:
    """The document as one that a folder import leaves alone."""
    return document.model_copy(update={"source": "teach", "owner": "cli", "taught_at": datetime.now(UTC)})


@knowledge.command("list")
def list_() -> None:
    """List the documents with their dates, and which of two that say the same is shown."""
    documents = _with_shelf(lambda shelf, _given: shelf.list())
    today = datetime.now(UTC).date()
    folded = Twins(documents).folded(today)
    columns = ["id", "title", "lang", "valid", "source"] + ["folded into"] * bool(folded)
    table = Table(*columns, box=None, pad_edge=False)
    for one in documents:
        dates = f"{one.valid_from or ''}–{one.valid_until or ''}" if one.valid_from or one.valid_until else ""
        style = "dim" if one.id in folded else "" if one.valid_on(today) else "dim strike"
        cells = (one.id, one.title, one.lang, dates, one.source, folded.get(one.id, ""))
        table.add_row(*(Text(cell, style) for cell in cells[: len(columns)]))
    screen = Console()
    screen.print(table)
    screen.print(f"{len(documents)} documents")


@knowledge.command()
def search(
    query: Annotated[str, typer.Argument(help="A question, as a member would ask it.")],
    limit: Annotated[int, typer.Option(min=1, help="How many passages.")] = 5,
) -> None:
    """Show the passages that an answer would be made from, with their scores."""
    screen = Console()

    async def find(shelf: Shelf, given: Settings) -> None:
        with Bar(screen) as bar:
            models = await open_search(given, bar)
        index = Index(models)
        await shelf.sync(index)
        for found in index.search(query, limit=limit, today=datetime.now(UTC).date()):
            screen.print(
                Text(f"{found.score:.2f}  ", "green") + Text(f"{found.title}  ", "bold") + Text(found.document)
            )
            screen.print(Text(f"      {found.text}", "dim"))

    _with_shelf(find)


@knowledge.command()
def remove(id: Annotated[str, typer.Argument(help="The document's id, as listed, or a table's name.")]) -> None:
    """Take a document out; it is not quoted from that moment on."""
    if not _changing(lambda shelf: shelf.remove(id), lambda removed: f"knowledge deleted: {id}" if removed else ""):
        raise XiaoerError(f"document {id}: there is none of this id; see `xiaoer knowledge list`")
    Console().print(f"removed {id}", markup=False)


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(knowledge, name="knowledge")
