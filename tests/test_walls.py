"""The walls of the house: who may know whom, where the heavy libraries live, and that no import goes in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("moderation/**/*.py"), *ROOT.glob("bot/**/*.py")])

ROOMS = {
    "torch": ("bot/lm/", "bot/witness/", "moderation/training/train_network.py"),
    "transformers": ("bot/lm/", "bot/witness/"),
    "ctranslate2": ("bot/witness/",),
    "discord": ("bot/adapters/",),
    "telegram": ("bot/adapters/",),
    "redis": (
        "moderation/cases/",
        "moderation/members.py",
        "moderation/policy/book.py",
        "moderation/policy/shadow.py",
        "moderation/audit.py",
        "moderation/seals.py",
        "moderation/policy/proof.py",
        "bot/stream.py",
        "bot/consumer.py",
        "bot/answering/feedback.py",
        "bot/groups/channels.py",
        "bot/groups/personal.py",
        "bot/groups/traces.py",
        "bot/history.py",
        "bot/answering/floor.py",
        "bot/answering/people.py",
        "bot/redis_server.py",
        "bot/app.py",
        "bot/doctor.py",
        "bot/groups/communities.py",
        "bot/groups/arrivals.py",
        "bot/review/codes.py",
        "bot/groups/setup.py",
        "bot/groups/staff.py",
        "bot/groups/trial.py",
        "bot/review/duty.py",
        "bot/review/watch.py",
        "bot/knowledge/proposals.py",
        "bot/knowledge/shelf.py",
        "bot/knowledge/shelves.py",
        "bot/adapters/web_room.py",
        "bot/adapters/memory.py",
        "bot/adapters/leader.py",
        "bot/adapters/refusals.py",
        "bot/adapters/telegram/",
        "bot/adapters/discord/",
        "bot/console/filters.py",
        "bot/console/login.py",
        "bot/console/rooms.py",
        "bot/console/sessions.py",
    ),
}
LONGEST_FILE = 300
LONGEST_FUNCTION = 60
SURVIVORS = {"bot/consumer.py"}
"""Files with a loop that must survive anything: the only ones that may catch Exception. At most three."""


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


MODULES = {name(path) for path in FILES}


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file; names of ours down to the module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (one if one in MODULES else node.module for one in inner)


def test_moderation_never_imports_bot() -> None:
    guilty = [
        name(path)
        for path in FILES
        if name(path).startswith("moderation")
        for to in imported(path)
        if to.startswith("bot")
    ]
    assert guilty == []


def test_adapters_and_router_do_not_know_each_other() -> None:
    router = {to for to in imported(ROOT / "bot/router.py") if to.startswith("bot.adapters")}
    adapters = {
        name(path)
        for path in FILES
        if name(path).startswith("bot.adapters")
        for to in imported(path)
        if to == "bot.router"
    }
    assert (router, adapters) == (set(), set())


def test_no_import_goes_in_a_circle() -> None:
    graph = {name(path): {to for to in imported(path) if to in MODULES and to != name(path)} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        pytest.fail(f"a circle: {' -> '.join(fault.args[1])}")


@pytest.mark.parametrize("library", ROOMS)
def test_heavy_libraries_stay_in_their_rooms(library: str) -> None:
    users = {str(path.relative_to(ROOT)) for path in FILES for to in imported(path) if to.split(".")[0] == library}
    assert {user for user in users if not user.startswith(ROOMS[library])} == set()


def test_the_environment_is_read_in_one_file() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }
    assert readers - {"bot/config.py"} == set()


def test_only_loops_that_must_survive_catch_everything() -> None:
    broad = [
        str(path.relative_to(ROOT))
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert len(broad) <= 3
    assert set(broad) <= SURVIVORS


def test_files_and_functions_fit_in_the_head() -> None:
    long_files = [str(path) for path in FILES if len(path.read_text("utf-8").splitlines()) > LONGEST_FILE]
    long_functions = [
        f"{path.name}:{node.name}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert (long_files, long_functions) == ([], [])
