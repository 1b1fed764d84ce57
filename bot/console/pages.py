"""The moderators' console: all its pages in one app. Each person sees the one community that the login was for."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from bot.console.case import CasePages
from bot.console.case_steps import StepPages
from bot.console.door import Door
from bot.console.duty import DutyPages
from bot.console.face import Face
from bot.console.gate import Gate, Page
from bot.console.health import HealthPages
from bot.console.people import PeoplePages
from bot.console.policies import PolicyPages
from bot.console.quality import QualityPages
from bot.console.queue import QueuePages
from bot.console.rooms import Rooms
from bot.console.second_look import SecondPages
from bot.console.sessions import SESSION_S
from bot.console.shelf import ShelfPages
from bot.console.together import TogetherPages
from bot.console.trail import TrailPages
from bot.stream import OUTAGE
from bot.web.guard import guarded
from bot.web.pages import static

BODY_BYTES = 512 * 1024
"""Bytes of one request: a policy of 50,000 characters, URL-encoded in the worst case."""
STATIC = Path(__file__).parent / "static"


def console(rooms: Rooms, *, secret: str, https: bool = False) -> Starlette:
    """The console's app. `secret` signs the cookies; `https` keeps them off unencrypted connections."""
    face = Face(rooms)
    pages = all_pages(rooms, face)
    face.hang(pages)
    gate = Gate(rooms)
    return Starlette(
        routes=[*map(gate.route, pages), *Door(rooms, face).routes(), *static(STATIC)],
        middleware=guarded("console", secret, SESSION_S, https=https, body_bytes=BODY_BYTES),
        exception_handlers={HTTPException: face.refuse, **dict.fromkeys(OUTAGE, face.hold)},
    )


def all_pages(rooms: Rooms, face: Face) -> list[Page]:
    """Every page behind the gate, in the menu's order."""
    cases = (QueuePages, TogetherPages, CasePages, SecondPages)
    house = (ShelfPages, PolicyPages, PeoplePages, QualityPages, TrailPages, HealthPages)
    faced = [page for one in (*cases, *house) for page in one(rooms, face).pages()]
    return [*faced, *StepPages(rooms).pages(), *DutyPages(rooms).pages()]
