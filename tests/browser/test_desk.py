"""The console in a real browser: the day of moderators who share one queue, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.redis_server import EmbeddedRedis
from moderation.policy import DEFAULT
from moderation.types import Author, Case, Decision, case_id
from tests.bot.console.test_desk import question, review
from tests.browser.conftest import IN_THE_BROWSER
from tests.browser.desk import DESKTOP, PHONE, Desk, window
from tests.browser.pages import ConsolePage, see

pytestmark = IN_THE_BROWSER

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
AGENT = "加微信 abc12345 刷单返现 500 元，先交押金，名额有限，欲报从速"


@pytest.fixture(scope="module")
def desk(server: EmbeddedRedis) -> Iterator[Desk]:
    with Desk(server.url) as one:
        yield one


@pytest.fixture(autouse=True)
def _emptied(desk: Desk) -> None:
    desk.empty()


@pytest.fixture
def context(chromium: Browser, size: tuple[int, int]) -> Iterator[BrowserContext]:
    """A browser of the size that a test asks for."""
    with window(chromium, size) as one:
        faults: list[str] = []
        one.on("weberror", lambda fault: faults.append(str(fault.error)))
        yield one
        assert faults == []


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


# ---- questions, appeals, many at once, the policy ------------------------------------------------------------------
@SIZES
def test_an_answer_is_saved_as_knowledge_when_a_second_person_agrees(
    desk: Desk, context: BrowserContext, chromium: Browser, size: tuple[int, int]
) -> None:
    desk.opened(question())
    page = desk.enter(context, "Mei", "admin").page
    page.locator("a.row").click()
    page.fill("#answer", "We pay the duty.")
    page.check("#teach")
    page.click("button[value=answer]")
    see(page.get_by_text("All clear"))
    desk.carry_out()
    page.goto(f"{desk.url}/knowledge")
    expect(page.locator("#waiting")).to_contain_text("We pay the duty.")
    expect(page.locator("#waiting button")).to_have_count(0)
    with window(chromium, size) as other:
        sam = desk.enter(other, "Sam").page
        sam.goto(f"{desk.url}/knowledge")
        sam.locator("#waiting").get_by_role("button").first.click()
        expect(sam.locator("#waiting")).to_have_count(0)
        see(sam.locator("td", has_text="Duty for Singapore?"))


@SIZES
def test_an_appeal_is_upheld_by_nobody_and_all_is_taken_back(desk: Desk, context: BrowserContext, size: object) -> None:
    first = review()
    ban = Decision(case=first.id, action="ban", by="telegram:sam", by_name="Sam", reason="scam_fraud", strikes=2)
    desk.settled(first, ban)
    subject = first.subject.model_copy(update={"id": "m2", "text": "It was a joke."})
    name = case_id("appeal", first.subject)
    appeal = Case(id=name, kind="appeal", subject=subject, context=(first.subject,), of=first.id)
    desk.opened(appeal)
    page = desk.enter(context, "Mei").page
    page.locator("a.row").click()
    see(page.get_by_role("link", name="REVIEW11").first)
    page.fill("#answer", "Sorry, that was our mistake.")
    page.click("button[value=overturn]")
    see(page.get_by_text("All clear"))
    desk.carry_out()
    page.goto(f"{desk.url}/case/REVIEW11")
    expect(page.locator("#reversed")).to_contain_text("Mei")
    expect(page.locator("#undo")).to_have_count(0)
    expect(page.locator("#member")).to_contain_text("0 strikes")


@SIZES
def test_a_decision_is_taken_back_with_a_reason(desk: Desk, context: BrowserContext, size: object) -> None:
    desk.settled(review(), Decision(case="REVIEW11", action="mute", by="policy", reason="scam_fraud", strikes=2))
    page = desk.enter(context, "Mei").page
    page.goto(f"{desk.url}/decisions")
    page.locator("a.row").click()
    page.fill("#why", "A misunderstanding.")
    page.click("#undo")
    expect(page.locator("#reversed")).to_contain_text("A misunderstanding.")


@SIZES
def test_what_is_alike_is_decided_together(desk: Desk, context: BrowserContext, size: object) -> None:
    names = [f"CLUSTER{number}" for number in range(4)]
    desk.opened(*(of(review(name, f"{AGENT}{'！' * at}"), f"member{at}") for at, name in enumerate(names)))
    page = desk.enter(context, "Mei").page
    page.get_by_role("link", name="Decide together").click()
    expect(page.get_by_role("checkbox")).to_have_count(4)
    page.get_by_role("checkbox").last.uncheck()
    page.click("button[value=remove]")
    see(page.get_by_role("heading", name="3 decided."))
    assert sorted(desk.case(name).state for name in names) == ["open", "settled", "settled", "settled"]


@SIZES
def test_a_faulty_policy_is_told_by_line_and_a_mended_one_is_set(
    desk: Desk, context: BrowserContext, size: object
) -> None:
    page = desk.enter(context, "Mei", "admin").page
    page.goto(f"{desk.url}/policy")
    text = DEFAULT.read_text("utf-8")
    page.fill("textarea#text", text.replace("[review]", "[review]\nrespnd = 3", 1))
    page.click("button[value=set]")
    expect(page.locator("#wrong")).to_contain_text("respnd")
    page.fill("textarea#text", text + "\n# watched by Mei\n")
    page.fill("#note", "A remark")
    page.click("button[value=set]")
    see(page.locator("td", has_text="A remark"))
    expect(page.locator("#wrong")).to_have_count(0)
