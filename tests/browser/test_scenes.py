"""The four scenes of the house, played in a real browser against the real house, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import IN_THE_BROWSER
from tests.browser.pages import Camera, CommunityPage, ConsolePage, see
from tests.pictures import TELEGRAM, code, file, photo

pytestmark = IN_THE_BROWSER


class House(Protocol):
    """The house that runs; `console_link` logs in once."""

    community_url: str
    console_link: str


class Script(NamedTuple):
    """What is said in one language."""

    lang: str
    locale: str
    member: str
    covered: str
    source: str
    fact: str
    scam: str
    unknown: str
    asked: str
    answer: str
    caption: str


SCRIPTS = {
    "zh": Script(
        lang="zh",
        locale="zh-CN",
        member="小何",
        covered="请问生鲜多久之内必须发货？",
        source="发货",
        fact="24 小时",
        scam="恭喜您中奖！先转 500 元保证金到这个账户，马上返您 5000 元，名额有限",
        unknown="新加坡办公室的无线网密码是多少？",
        asked="请问下个月的线下沙龙在哪个城市办？",
        answer="下个月的线下沙龙在杭州，地址会在公告里通知。",
        caption="这是我们新品的包装，大家看看。",
    ),
    "en": Script(
        lang="en",
        locale="en-US",
        member="Maya",
        covered="How soon must fresh food be shipped?",
        source="Shipping deadlines",
        fact="24 hours",
        scam="Earn $500 a day! Pay a 50 USDT deposit first and get 500 back, message me on Telegram @fastcash88",
        unknown="What is the wifi password of the Singapore office?",
        asked="In which city is the seller meetup next month?",
        answer="The seller meetup next month is in Hangzhou; the address will be announced.",
        caption="This is the new box of our tea, for you to see.",
    ),
}


@pytest.fixture(scope="module")
def moderator(chromium: Browser, house: House) -> Iterator[ConsolePage]:
    """A moderator's browser, logged in with the link that was printed at start."""
    context = chromium.new_context(viewport={"width": 1180, "height": 760})
    console = ConsolePage(context.new_page())
    console.log_in(house.console_link, "Mei")
    yield console
    context.close()


@pytest.fixture(params=list(SCRIPTS.values()), ids=list(SCRIPTS))
def script(request: pytest.FixtureRequest) -> Script:
    return Script(*request.param)


@pytest.fixture
def community(chromium: Browser, house: House, script: Script) -> Iterator[CommunityPage]:
    """A member's browser in #help, in the script's language."""
    context = chromium.new_context(locale=script.locale, viewport={"width": 1180, "height": 760})
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("request", lambda request: faults.append(request.url) if house.community_url not in request.url else None)
    community = CommunityPage(page, house.community_url)
    community.enter(script.member)
    yield community
    context.close()
    assert faults == []  # no error in the page's script, and nothing loaded from elsewhere


def test_a_covered_question_is_answered_with_its_source(
    community: CommunityPage, script: Script, camera: Camera
) -> None:
    community.write(script.covered)
    answer = see(community.answer_to(script.covered))
    expect(answer.locator(".text").last).to_contain_text(script.fact)
    source = answer.locator("details", has_text=script.source)
    source.locator("summary").click()
    see(source.locator("blockquote"))
    camera.take(community.page, f"community-answer-{script.lang}")


def test_a_scam_is_removed_with_the_reason(community: CommunityPage, script: Script, camera: Camera) -> None:
    removal = see(community.removal_of(community.write(script.scam)))
    expect(removal.locator(".why span")).not_to_be_empty()
    see(community.bubble("notice"))
    expect(community.page.locator("#messages")).not_to_contain_text(script.scam[:20])
    camera.take(community.page, f"community-removed-{script.lang}")


def test_what_nobody_knows_is_handed_over(community: CommunityPage, script: Script, camera: Camera) -> None:
    community.write(script.unknown)
    see(community.handoff_of(script.unknown))
    camera.take(community.page, f"community-handoff-{script.lang}")


def test_markup_stays_text(community: CommunityPage) -> None:
    markup = "<img src=/nowhere onerror=alert(1)><b>bold</b> &amp; {{ 7 * 7 }}"
    community.write(markup)
    bubble = see(community.bubble("member", "onerror"))
    expect(bubble.locator(".text").last).to_have_text(markup)
    expect(bubble.locator("img, b, script")).to_have_count(0)


def test_a_picture_is_shown_in_the_chat(
    community: CommunityPage, script: Script, camera: Camera, tmp_path: Path
) -> None:
    poster, wreck = tmp_path / "poster.png", tmp_path / "wreck.png"
    drawn = photo(900, 600)
    drawn.paste(code("SKU 4711-B", 12), (300, 150))
    poster.write_bytes(file(drawn))
    wreck.write_bytes(poster.read_bytes()[:2000])
    page = community.page

    page.focus("#text")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#picture")).to_be_focused()
    community.attach(wreck)
    page.fill("#text", script.caption)
    page.press("#text", "Enter")
    see(page.locator("#problem"))
    expect(page.locator("#text")).to_have_value(script.caption)

    community.attach(poster)
    expect(page.locator("#problem")).to_be_hidden()
    community.write(script.caption)
    picture = see(community.bubble("member", script.caption).get_by_role("link", name=script.member).get_by_role("img"))
    page.wait_for_function("image => image.naturalWidth == 900", arg=picture.element_handle())
    expect(page.locator("#chosen")).to_be_hidden()
    camera.take(page, f"community-picture-{script.lang}")

    page.set_viewport_size({"width": 360, "height": 640})
    community.attach(poster)
    community.write("")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    alone = see(page.locator(".said[data-kind=member]").last.locator(".picture img"))
    assert page.evaluate("image => image.getBoundingClientRect().right <= innerWidth", alone.element_handle())
    with page.context.expect_page() as opened:
        alone.click()
    expect(opened.value.locator("img")).to_be_visible()


def test_a_contact_in_a_picture_is_removed_with_it(
    community: CommunityPage, script: Script, camera: Camera, tmp_path: Path
) -> None:
    leaflet = tmp_path / "leaflet.png"
    leaflet.write_bytes(file(code(TELEGRAM, 12)))
    community.attach(leaflet)
    id_ = community.write(script.caption)
    see(community.removal_of(id_))
    expect(community.page.locator(f"img[src*='{id_}']")).to_have_count(0)
    gone = community.page.request.get(f"{community.address}/c/help/picture/{id_}")
    assert gone.status == 404
    camera.take(community.page, f"community-picture-removed-{script.lang}")


def test_a_moderators_answer_lands_in_the_chat(
    community: CommunityPage, moderator: ConsolePage, script: Script, camera: Camera
) -> None:
    moderator.queue(script.lang)
    expect(moderator.row(script.asked)).to_have_count(0)
    community.write(script.asked)
    row = see(moderator.row(script.asked))
    row.click()
    see(moderator.page.locator("#decide"))
    moderator.answer(script.answer)
    expect(moderator.row(script.asked)).to_have_count(0)

    see(community.bubble("moderator", script.answer))
    camera.take(community.page, f"community-moderator-{script.lang}")
    moderator.page.click("nav a[href='/decisions']")
    see(moderator.row(script.asked))
