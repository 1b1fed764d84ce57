"""Every page of the console as it looks: nothing that shuts anybody out, nothing too wide or too small for a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bot.console.face import Face
from bot.console.pages import all_pages
from moderation.types import Lang
from tests.browser.conftest import IN_THE_BROWSER
from tests.browser.desk import COMMUNITY, DESKTOP, PHONE, Desk, window
from tests.browser.desk_day import SAM, doubt, lay_out
from tests.browser.pages import Camera

pytestmark = IN_THE_BROWSER

GRAVE = ("serious", "critical")
SMALL = """() => [...document.querySelectorAll("button, summary, select, .button, input:not([type=hidden]), nav a")]
  .filter((one) => one.checkVisibility() && one.tabIndex >= 0)
  .map((one) => [(one.closest("label") ?? one).getBoundingClientRect().height, one.outerHTML.slice(0, 120)])
  .filter(([height]) => height < 40)"""
"""What a finger would miss: lower than 40 CSS pixels."""
WIDE = "() => document.documentElement.scrollWidth - innerWidth"
OUTLINE = """() => { const look = getComputedStyle(document.activeElement);
  return look.outlineStyle === "none" ? 0 : parseFloat(look.outlineWidth); }"""
PHOTOGRAPHED = {
    "queue": "/",
    "case": "/case/SCAM1111",
    "together": "/together/SCAM2222",
    "knowledge": "/knowledge",
    "policy": "/policy",
    "people": "/people",
    "audit": "/audit?check=1",
}


@pytest.fixture(params=["zh", "en"])
def lang(request: pytest.FixtureRequest, desk: Desk) -> Lang:
    """A language, with a day of cases in it."""
    chosen: Lang = request.param
    return laid_out(desk, chosen)


def laid_out(desk: Desk, lang: Lang) -> Lang:
    """A day, of which somebody else holds a case."""
    lay_out(desk, lang)
    desk.opened(doubt("TAKEN111", lang, 2, minutes=1))
    desk.do(desk.cases.claim(COMMUNITY, "TAKEN111", SAM))
    return lang


def locale(lang: Lang) -> str:
    return "zh-CN" if lang == "zh" else "en-US"


def paths(desk: Desk) -> list[str]:
    """Every page that is to be seen, and those that show a case in each of its states."""
    menu = [page.path for page in all_pages(desk.rooms, Face(desk.rooms)) if page.methods == ("GET",)]
    plain = [path for path in menu if "{" not in path and path not in ("/live", "/next")]
    asked = ["/?text=nothing", "/?asleep=1", "/together/SCAM1111", "/audit?check=1", "/knowledge/edit?id=teach/duty"]
    waiting = [case.id for case in desk.do(desk.cases.queue(COMMUNITY, 50)) if not re.match(r"SCAM[234]", case.id)]
    return [*plain, *asked, *(f"/case/{id_}" for id_ in (*waiting, "MUTED111")), "/nowhere", "/login?token=x", "/login"]


def visit(page: Page, address: str) -> None:
    """Open a page, and on it what is folded."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def test_no_page_shuts_anybody_out(desk: Desk, chromium: Browser) -> None:
    laid_out(desk, "en")
    axe = Axe()
    with window(chromium) as context:
        page = desk.enter(context, "Mei", "owner").page
        for path in paths(desk):
            visit(page, desk.url + path)
            found = list(axe.run(page).response["violations"])
            page.emulate_media(color_scheme="dark")
            found += axe.run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
            page.emulate_media(color_scheme="light")
            grave = [one for one in found if one["impact"] in GRAVE]
            assert [(one["id"], one["nodes"][0]["html"][:200]) for one in grave] == [], path


def test_every_page_fits_a_phone_and_a_finger(desk: Desk, chromium: Browser, lang: Lang) -> None:
    axe = Axe()
    with window(chromium, PHONE, locale=locale(lang)) as context:
        page = desk.enter(context, "Mei", "owner").page
        for path in paths(desk):
            visit(page, desk.url + path)
            assert page.evaluate(WIDE) <= 0, path
            assert page.evaluate(SMALL) == [], path
            found = axe.run(page, options={"runOnly": ["scrollable-region-focusable"]}).response["violations"]
            assert found == [], path


def test_the_focus_is_seen(desk: Desk, chromium: Browser) -> None:
    laid_out(desk, "en")
    with window(chromium) as context:
        page = desk.enter(context, "Mei", "owner").page
        page.goto(f"{desk.url}/case/SCAM1111")
        for _ in range(30):
            page.keyboard.press("Tab")
            assert page.evaluate(OUTLINE) >= 1, page.evaluate("document.activeElement.outerHTML")


def test_the_pages_are_photographed(desk: Desk, chromium: Browser, lang: Lang, camera: Camera) -> None:
    if not camera.folder:
        pytest.skip("--shots DIR takes the pictures of docs/")
    theme, other = ("light", "dark") if lang == "zh" else ("dark", "light")
    for size, look, names in ((DESKTOP, theme, list(PHOTOGRAPHED)), (PHONE, other, ["queue", "case"])):
        with window(chromium, size, locale=locale(lang), color_scheme=look) as context:
            console = desk.enter(context, "Mei", "owner")
            for name in names:
                console.page.goto(desk.url + PHOTOGRAPHED[name])
                console.live()
                expect(console.page.locator("h1")).to_be_visible()
                camera.take(console.page, f"console-{name}{'-phone' if size == PHONE else ''}-{lang}")
