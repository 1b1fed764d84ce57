"""The pages of all commands with their replies are whole, and are what the bot answers today."""

from __future__ import annotations

import pytest

from bot.commands.table import TABLE
from bot.words import LANGS
from moderation.types import Lang
from tests.transcripts import PAGES, pages

FENCE = "```text\n"


@pytest.mark.parametrize("lang", LANGS)
def test_every_command_is_on_the_page(lang: Lang) -> None:
    head, *sections = PAGES[lang].read_text("utf-8").split("\n### /")
    assert [section.partition("\n")[0] for section in sections] == [command.name for command in TABLE]
    for command, section in zip(TABLE, sections, strict=True):
        assert f"[/{command.name}](#{command.name})" in head
        assert all(f"`/{name}`" in section for name in (command.name, *command.aliases))
        assert command.usage(lang) in section
        assert FENCE in section


async def test_a_fresh_run_gives_the_pages_as_they_are(redis_url: str) -> None:
    kept = {lang: path.read_text("utf-8") for lang, path in PAGES.items()}
    assert await pages(redis_url) == kept, "the replies have changed: run `python -m tests.transcripts`"
