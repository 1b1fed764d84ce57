"""Votes under an answer in a real browser: by keyboard, in both languages, live on other pages, and after a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import IN_THE_BROWSER, RunningHouse, start, stop
from tests.browser.pages import CommunityPage, see

pytestmark = IN_THE_BROWSER

ASKED = "How soon must fresh food be shipped?"
THANKS = "@xiaoer thanks a lot!"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], RunningHouse]]:
    """Opens the house in the test's folder, again and again; the test itself closes it."""
    running: list[RunningHouse] = []

    def open_house() -> RunningHouse:
        running.append(start(tmp_path))
        return running[-1]

    yield open_house
    for house in running:
        if house.process.poll() is None:  # a failed test left it open
            stop(house)


@pytest.fixture
def first(opened: Callable[[], RunningHouse]) -> RunningHouse:
    return opened()


@pytest.fixture
def members(chromium: Browser, first: RunningHouse) -> Iterator[list[CommunityPage]]:
    """An English and a Chinese member."""
    contexts = [chromium.new_context(locale=locale) for locale in ("en-US", "zh-CN")]
    members = [CommunityPage(context.new_page(), first.community_url) for context in contexts]
    for member, name in zip(members, ("Maya", "小何"), strict=True):
        member.enter(name)
    yield members
    for context in contexts:
        context.close()


def ballot(member: CommunityPage) -> Locator:
    """The buttons under the answer."""
    return see(member.answer_to(ASKED)).locator(".ballot")


def assert_votes(member: CommunityPage, group: str, *buttons: str) -> None:
    """What a screen reader finds: the group's name, then each button with its count and whether it is pressed."""
    expect(ballot(member)).to_match_aria_snapshot(
        "\n  ".join((f'- group "{group}":', *(f"- button {one}" for one in buttons)))
    )


def test_votes_by_keyboard_live_and_after_a_restart(
    members: list[CommunityPage], first: RunningHouse, opened: Callable[[], RunningHouse]
) -> None:
    maya, he = members
    maya.write(ASKED)
    assert_votes(maya, "Rate this answer", '"Helpful"', '"Not helpful"', '"A person, please"')
    assert_votes(he, "评价这个回答", '"有帮助"', '"没帮助"', '"找人工"')

    ballot(maya).get_by_role("button", name="Helpful", exact=True).press("Enter")
    assert_votes(maya, "Rate this answer", '"Helpful 1" [pressed]', '"Not helpful"', '"A person, please"')
    assert_votes(he, "评价这个回答", '"有帮助 1"', '"没帮助"', '"找人工"')
    he.page.locator(".source summary").focus()
    for name in ("有帮助", "没帮助"):
        he.page.keyboard.press("Tab")
        expect(ballot(he).get_by_role("button", name=name)).to_be_focused()
    he.page.keyboard.press("Space")
    assert_votes(he, "评价这个回答", '"有帮助 1"', '"没帮助 1" [pressed]', '"找人工"')
    he.page.keyboard.press("Tab")
    he.page.keyboard.press("Enter")
    see(he.bubble("handoff", "A person will look"))
    assert_votes(he, "评价这个回答", '"有帮助 1"', '"没帮助"', '"找人工 1" [pressed]')
    assert_votes(maya, "Rate this answer", '"Helpful 1" [pressed]', '"Not helpful"', '"A person, please 1"')

    maya.write(THANKS)
    expect(see(maya.answer_to(THANKS)).locator(".ballot")).to_have_count(0)
    expect(maya.page.locator(".said[data-kind=handoff]")).to_have_count(0)  # who asked is told, and nobody else

    assert stop(first) == 0
    again = opened()
    for member in members:
        member.page.goto(f"{again.community_url}/c/help")
        member.ready()
    assert_votes(he, "评价这个回答", '"有帮助 1"', '"没帮助"', '"找人工 1" [pressed]')
    assert_votes(maya, "Rate this answer", '"Helpful 1" [pressed]', '"Not helpful"', '"A person, please 1"')
    assert stop(again) == 0
