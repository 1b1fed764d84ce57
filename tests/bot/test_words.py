from __future__ import annotations

import re
import string
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import bot
from bot.words import LANGS, preferred, words

BOT = Path(bot.__file__).parent
TABLE = {
    f"{room}.{name}": text
    for room, names in tomllib.loads((files("bot") / "words.toml").read_text("utf-8")).items()
    for name, text in names.items()
}
PAGES = [path for path in BOT.rglob("*") if path.suffix in {".html", ".js"}]


def blanks(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("name", TABLE)
def test_both_languages_say_it_with_the_same_blanks(name: str) -> None:
    assert set(TABLE[name]) == set(LANGS)
    assert all(TABLE[name].values())
    assert blanks(TABLE[name]["zh"]) == blanks(TABLE[name]["en"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_table_has_every_name_that_a_page_uses(page: Path) -> None:
    text = page.read_text("utf-8")
    prefix = "bubble." if page.suffix == ".js" else ""
    call = r'\bsay\("(\w+)"' if page.suffix == ".js" else r"\bt\('([\w.]+)'[,)]"
    assert [name for name in re.findall(call, text) if prefix + name not in TABLE] == []


def test_every_page_is_found() -> None:
    assert {"chat.html", "chat.js", "case.html", "_queue.html"} <= {page.name for page in PAGES}


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh-TW;q=0.5, en;q=0.2", "zh"),
        ("de", "en"),
        ("", "en"),
        ("zh;q=zero, en;q=0.1", "en"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("zhuang", "en"),
    ],
)
def test_the_browsers_wish_is_followed(header: str, lang: str) -> None:
    assert preferred(header) == lang


def test_blanks_are_filled_in_the_language() -> None:
    assert words("en")("case.title", id="7KQF2M9D") == "Case 7KQF2M9D"
    assert words("zh")("case.title", id="7KQF2M9D") == "案件 7KQF2M9D"
    with pytest.raises(KeyError):
        words("en")("case.nonsense")
