"""Plays every command in both languages and writes what is answered to docs/: `python -m tests.transcripts`.

A second run writes the same bytes. What is typed stands in `transcripts.toml`, how it is played in `scenes.py`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from bot.commands import Command
from bot.commands.table import TABLE
from bot.redis_server import EmbeddedRedis, open_client
from bot.words import LANGS, words
from moderation.types import Lang, Tier
from tests.scenes import BELOW, PLAY, House, Scene, open_house, said

ROOT = Path(__file__).parent.parent
PAGES: Final[dict[Lang, Path]] = {"en": ROOT / "docs/commands.md", "zh": ROOT / "docs/commands.zh.md"}
PARTS: Final[dict[str, Sequence[Tier]]] = {
    "part_member": ("member",),
    "part_moderator": ("helper", "moderator"),
    "part_admin": ("admin",),
}


def lines(command: Command) -> list[dict[str, Any]]:
    """A command's lines, with a refusal of who may not use it behind what is answered to who may."""
    played: list[dict[str, Any]] = PLAY["scenes"][command.name]
    if command.tier not in BELOW:
        return played
    at = max(number for number, line in enumerate(played) if line["kind"] in ("works", "other")) + 1
    first = next(line for line in played if line["kind"] == "works")
    return [*played[:at], {**first, "kind": "refused", "by": BELOW[command.tier]}, *played[at:]]


async def section(house: House, command: Command, lang: Lang) -> str:
    """A command's part of the page."""
    scene, parts = Scene(house, command.name, lang), []
    await scene.begin()
    for kind, group in groupby(lines(command), lambda line: "works" if line["kind"] == "before" else str(line["kind"])):
        played = [await scene.play(line) for line in group]
        parts.append(f"{said(lang, kind)}\n\n```text\n" + "\n\n".join(played) + "\n```")
    head = f"### /{command.name}\n\n{said(lang, 'does', what=command.description(lang))}"
    names = " ".join(f"`/{name}`" for name in (command.name, *command.aliases))
    facts = said(lang, "facts", who=who(command, lang), usage=command.usage(lang), names=names)
    return "\n\n".join([head, facts, *parts])


def who(command: Command, lang: Lang) -> str:
    """Who may use a command."""
    if command.tier == "member":
        return said(lang, "everyone")
    return said(lang, "above", tier=words(lang)(f"tier.{command.tier}"))


async def page(house: House, lang: Lang) -> str:
    """The whole page in one language."""
    rows = [f"| [/{one.name}](#{one.name}) | {one.description(lang)} | {who(one, lang)} |" for one in TABLE]
    parts = [*(said(lang, name) for name in ("title", "other_page", "about"))]
    parts.append("\n".join([said(lang, "columns"), "|---|---|---|", *rows]))
    for part, tiers in PARTS.items():
        parts += [said(lang, part), *[await section(house, one, lang) for one in TABLE if one.tier in tiers]]
    return "\n\n".join(parts) + "\n"


async def pages(url: str) -> dict[Lang, str]:
    """Both pages, played on the Redis at `url`, which is emptied."""
    async with open_client(url) as redis:
        house = open_house(redis)
        return {lang: await page(house, lang) for lang in LANGS}


def main() -> None:
    """Write the pages."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedRedis(Path(folder))
        try:
            written = asyncio.run(pages(server.start()))
        finally:
            server.stop()
    for lang, text in written.items():
        PAGES[lang].write_text(text, "utf-8")


if __name__ == "__main__":
    main()
