"""Work at the console in a real browser: questions, appeals, decisions taken back, many cases at once, the policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from moderation.policy import DEFAULT
from moderation.types import Case, Decision, case_id
from tests.bot.console.test_desk import question, review
from tests.bot.console.test_queue import AGENT, by
from tests.browser.conftest import IN_THE_BROWSER
from tests.browser.desk import DESKTOP, PHONE, Desk, window
from tests.browser.pages import see

pytestmark = IN_THE_BROWSER

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


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
    desk.opened(*(by(review(name, f"{AGENT}{'！' * at}"), f"member{at}") for at, name in enumerate(names)))
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
