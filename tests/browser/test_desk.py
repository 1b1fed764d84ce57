"""The console in a real browser: the day of moderators who share one queue, on a desk and on a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.redis_server import EmbeddedRedis
from moderation.types import Author, Case, Decision
from tests.bot.console.test_desk import question, review
from tests.browser.conftest import IN_THE_BROWSER
from tests.browser.desk import DESKTOP, PHONE, Desk, window
from tests.browser.pages import ConsolePage, see

pytestmark = IN_THE_BROWSER

HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange")); }"""
"""What a browser does with a tab that is put behind others, or looked at again."""
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def of(case: Case, author: str) -> Case:
    """The same case about another member's message."""
    subject = case.subject.model_copy(update={"author": Author(id=author, name=author.title())})
    return case.model_copy(update={"subject": subject})


def varied(number: int) -> Case:
    """The n-th case of a day, the most urgent first; all of different members."""
    at = datetime.now(UTC) - timedelta(hours=40 - number)
    return of(review(f"TRIAGE{number:02}", f"Offer {number}: send 50 USDT"), f"member{number}").model_copy(
        update={"opened_at": at}
    )


# ---- in ---------------------------------------------------------------------------------------------------------
@SIZES
def test_a_link_logs_in_once_and_a_case_arrives_by_itself(desk: Desk, context: BrowserContext, size: object) -> None:
    link = desk.link("Mei")
    console = ConsolePage(context.new_page())
    console.log_in(link, "Mei")
    see(console.page.get_by_text("All clear"))
    desk.opened(question())
    see(console.row("Duty for Singapore?"))
    expect(console.page.locator("#open-count")).to_have_text("1")
    expect(console.page).to_have_title("(1) Queue · Xiaoer console")

    again = context.browser
    assert again
    with window(again) as stranger:
        page = stranger.new_page()
        page.goto(link)
        page.fill("#name", "Mallory")
        page.click("#enter")
        expect(page.get_by_role("alert")).to_contain_text("used already")
        page.goto(desk.url)
        expect(page).to_have_url(f"{desk.url}/login")


# ---- triage -----------------------------------------------------------------------------------------------------
def test_twenty_cases_are_decided_by_keys_alone(desk: Desk, chromium: Browser) -> None:
    keys = {"d": "dismiss", "w": "warn", "r": "remove", "t": "timeout", "b": "ban"}
    desk.opened(*(varied(number) for number in range(20)))
    with window(chromium) as context:
        page = desk.enter(context, "Mei", "owner").page
        page.keyboard.press("?")
        see(page.locator("dialog#keys"))
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        for number in range(20):
            page.wait_for_url(f"**/case/TRIAGE{number:02}")
            press(page, "dwrtb"[number % 5])
            if number % 5 == 4:
                expect(page.locator("#ban button")).to_be_focused()
                page.keyboard.press("Enter")
        see(page.get_by_text("All clear"))
        done = [desk.case(f"TRIAGE{number:02}").decision for number in range(20)]
        assert [one and one.action for one in done] == list(keys.values()) * 4
        assert {one and one.by for one in done} == {"telegram:mei"}


def press(page: Page, key: str) -> None:
    """A key once the page takes it: a case has to be seen before it is decided."""
    page.wait_for_selector("html[data-keys=yes]")
    page.keyboard.press(key)


def test_a_key_held_down_or_pressed_twice_decides_one_case(desk: Desk, chromium: Browser) -> None:
    desk.opened(varied(0), varied(1))
    with window(chromium) as context:
        page = desk.enter(context, "Mei", "owner").page
        page.keyboard.press("n")
        page.wait_for_selector("html[data-keys=yes]")
        for _ in range(2):
            page.keyboard.down("d")
        page.wait_for_url("**/case/TRIAGE01")
        page.keyboard.down("d")  # a repeat: it was never up
        press(page, "?")
        see(page.locator("dialog#keys"))
        page.keyboard.press("Escape")
        assert [desk.case(f"TRIAGE0{number}").state for number in (0, 1)] == ["settled", "open"]
        page.keyboard.up("d")
        press(page, "u")
        see(page.locator("#list"))


def test_moving_in_the_queue_by_keys(desk: Desk, chromium: Browser) -> None:
    desk.opened(*(varied(number) for number in range(3)))
    with window(chromium) as context:
        console = desk.enter(context, "Mei")
        for key in "jjjk":
            console.page.keyboard.press(key)
        expect(console.row("Offer 1")).to_be_focused()
        desk.opened(question())
        see(console.row("Duty"))
        expect(console.row("Offer 1")).to_be_focused()  # what arrives does not take the place away
        console.page.keyboard.press("/")
        expect(console.page.locator("#f-text")).to_be_focused()
        console.page.keyboard.type("offer 2")
        console.page.keyboard.press("Enter")
        expect(console.page.locator("a.row")).to_have_count(1)
        console.live()
        console.page.keyboard.press("j")
        console.page.keyboard.press("o")
        see(console.page.locator("#decide"))


@pytest.mark.parametrize("size", [PHONE], ids=["phone"])
def test_a_case_is_decided_without_script(desk: Desk, chromium: Browser, size: tuple[int, int]) -> None:
    desk.opened(review(), question())
    with window(chromium, size, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(desk.link("Mei", "owner"))
        page.fill("#name", "Mei")
        page.click("#enter")
        page.locator("a.row", has_text="50 USDT").click()
        page.click("#ban summary")
        page.click("#ban button")
        page.wait_for_url("**/case/QUESTION")
        page.fill("#answer", "Paid by us.")
        page.click("button[value=answer]")
        see(page.get_by_text("All clear"))
    actions = [desk.case(id_).decision for id_ in ("REVIEW11", "QUESTION")]
    assert [one and one.action for one in actions] == ["ban", "answer"]


# ---- together with others ----------------------------------------------------------------------------------------
def test_of_two_who_decide_at_once_one_wins_and_both_see_it(desk: Desk, chromium: Browser) -> None:
    desk.opened(review())
    with window(chromium) as one, window(chromium) as other:
        pages = {name: desk.enter(context, name).page for name, context in (("Mei", one), ("Sam", other))}
        for page in pages.values():
            page.goto(f"{desk.url}/case/REVIEW11")
            see(page.locator("#decide"))
            desk.perform(("HDEL", "x:{sample}:case:REVIEW11", "claimed_by", "claimed_until"))  # the hold runs out
        for page, button in zip(pages.values(), ("remove", "dismiss"), strict=True):
            page.evaluate(f"setTimeout(() => document.querySelector('button[value={button}]').click())")
        decision = desk_decision(desk, pages["Mei"])
        loser = pages["Sam" if decision.by_name == "Mei" else "Mei"]
        expect(loser.locator("#problem")).to_contain_text(f"{decision.by_name} was faster")
        for page in pages.values():
            page.goto(f"{desk.url}/case/REVIEW11")
            expect(page.locator("#choice")).to_contain_text(decision.by_name)
            expect(page.locator("#decide")).to_have_count(0)


def desk_decision(desk: Desk, page: Page) -> Decision:
    """The decision on the case, once there is one."""
    for _ in range(100):
        if decision := desk.case("REVIEW11").decision:
            return decision
        page.wait_for_timeout(50)
    raise AssertionError("nobody decided")


def test_who_only_looks_sees_the_case_freed_and_settled(desk: Desk, chromium: Browser) -> None:
    desk.opened(review())
    with window(chromium) as one, window(chromium) as other:
        mei, sam = desk.enter(one, "Mei").page, desk.enter(other, "Sam").page
        mei.goto(f"{desk.url}/case/REVIEW11")
        sam.goto(f"{desk.url}/case/REVIEW11")
        see(sam.locator("#taken"))
        mei.click("#release")
        see(sam.locator("#decide"))
        mei.goto(f"{desk.url}/case/REVIEW11")
        see(mei.locator("#taken"))
        sam.click("button[value=remove]")
        see(mei.get_by_text("Settled"))


def test_many_tabs_leave_the_console_open(desk: Desk, chromium: Browser) -> None:
    desk.opened(*(varied(number) for number in range(8)))
    with window(chromium) as context:
        pages = [desk.enter(context, "Mei").page]
        for number in range(8):  # a browser has six connections, and a page that listens keeps one
            page = context.new_page()
            page.goto(f"{desk.url}/case/TRIAGE0{number}")
            see(page.locator("#decide"))
            page.evaluate(HIDDEN, True)
            pages.append(page)
        desk.perform(("HDEL", "x:{sample}:case:TRIAGE00", "claimed_by", "claimed_until"))
        pages[1].evaluate(HIDDEN, False)
        expect(pages[1].locator("#changed")).to_contain_text("Your hold was lost")


def test_an_open_page_keeps_the_hold_and_tells_when_it_was_lost(server: EmbeddedRedis, chromium: Browser) -> None:
    with Desk(server.url, lease_s=2) as desk, window(chromium) as context:
        desk.opened(review())
        page = desk.enter(context, "Mei").page
        page.goto(f"{desk.url}/case/REVIEW11")
        for _ in range(6):  # longer than a hold lasts by itself
            with page.expect_response("**/beat"):
                pass
        assert desk.case("REVIEW11").claimed_by == "telegram:mei"
        page.fill("#answer", "A draft.")
        desk.perform(("HDEL", "x:{sample}:case:REVIEW11", "claimed_by", "claimed_until"))
        expect(page.locator("#changed")).to_contain_text("Your hold was lost")
        expect(page.locator("#answer")).to_have_value("A draft.")
