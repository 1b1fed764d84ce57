"""What the documents say is so: the tree, the pictures, the commands, and that nothing of this machine is in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from bot.cli import app

ROOT = Path(__file__).parent.parent
READMES = (ROOT / "README.md", ROOT / "docs/README.zh.md")


def tree() -> list[Path]:
    """The paths that README's file tree names."""
    block = re.search(r"```\n(moderation/ .*?)```", READMES[0].read_text("utf-8"), re.DOTALL)
    assert block
    found, folder = [], Path()
    for line in block[1].splitlines():
        indent, names = re.match(r"( *)((?:[\w.]+/?(?: (?=\w+\.py))?)+)", line).groups()  # type: ignore[union-attr]
        if not indent:
            folder = Path(names)
        found += [Path(names)] if not indent else [folder / name for name in names.split()]
    return found


def test_the_tree_names_what_is_there() -> None:
    named = tree()
    assert len(named) > 20
    assert [str(path) for path in named if not (ROOT / path).exists()] == []


def test_the_tree_leaves_no_room_out() -> None:
    told = READMES[0].read_text("utf-8")
    rooms = [path for package in ("moderation", "bot") for path in (ROOT / package).iterdir()]
    wanted = {path.name for path in rooms if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))}
    left_out = {"__init__.py", "__pycache__", "errors.py", "keys.py", "policy_faults.py", "corpus.py"}
    assert sorted(name for name in wanted - left_out if name.removesuffix(".py") not in told) == []


@pytest.mark.parametrize("readme", READMES, ids=["en", "zh"])
def test_pictures_and_links_lead_somewhere(readme: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", readme.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (readme.parent / link).exists()] == []


@pytest.mark.parametrize("readme", READMES, ids=["en", "zh"])
def test_commands_named_exist(readme: Path) -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"xiaoer ([a-z][a-z-]+)", readme.read_text("utf-8"))) - {"login"}
    assert named
    assert named <= known


def test_nothing_of_a_machine_is_in_the_repository() -> None:
    texts = [path for path in ROOT.glob("**/*") if path.suffix in {".md", ".py", ".toml", ".txt", ".example"}]
    own = [path for path in texts if not {".venv", ".git", "data"} & set(path.relative_to(ROOT).parts)]
    guilty = [str(path) for path in own if re.search(r"/(root|home/\w+)/|/work/" + "main", path.read_text("utf-8"))]
    assert guilty == []
