"""The two faces as a person sees them: what can be done on each page, and what can be seen."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 60_000
"""How long an answer of the real model may take on a slow machine."""


class CommunityPage:
    """The community page in one channel."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def enter(self, name: str, channel: str = "help") -> None:
        """Open the channel and choose a display name."""
        self.page.goto(f"{self.address}/c/{channel}")
        self.page.fill("#name", name)
        self.page.click("#join button")
        self.ready()

    def ready(self) -> None:
        """Everything said before is shown, and what comes will be."""
        self.page.wait_for_selector("html[data-ready=yes]")

    def write(self, text: str) -> str:
        """Post a message; returns its id, once the page shows it."""
        self.page.fill("#text", text)
        with self.page.expect_response("**/post") as answer:
            self.page.press("#text", "Enter")
        return str(answer.value.json()["id"])

    def attach(self, file: Path) -> None:
        """Choose a picture for the next message."""
        self.page.set_input_files("#picture", file)
        self.page.wait_for_selector("#chosen:not([hidden])")

    def bubble(self, kind: str, text: str = "") -> Locator:
        """The latest bubble of a kind (member, answer, notice, handoff, moderator), perhaps with this text."""
        return self.page.locator(f".said[data-kind={kind}]", has_text=text).last

    def answer_to(self, text: str) -> Locator:
        """The bot's answer that quotes this question."""
        return self.page.locator(".said[data-kind=answer]", has=self.page.locator(".quoted", has_text=text)).last

    def handoff_of(self, text: str) -> Locator:
        """The bot's notice that it handed this question over."""
        return self.page.locator(".said[data-kind=handoff]", has=self.page.locator(".quoted", has_text=text)).last

    def removal_of(self, id_: str) -> Locator:
        """What stands where a message was removed."""
        return self.page.locator(f".removed[data-id='{id_}']")


class ConsolePage:
    """The moderators' console."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def log_in(self, link: str, name: str) -> None:
        """Use the one-time link."""
        self.page.goto(link)
        self.page.fill("#name", name)
        self.page.click("#enter")
        self.live()

    def queue(self, lang: str) -> None:
        """Show the queue in a language."""
        self.page.goto(urljoin(self.page.url, f"/?lang={lang}"))
        self.live()

    def live(self) -> None:
        """The page hears of changes."""
        self.page.wait_for_selector("html[data-ready=yes]")

    def row(self, text: str) -> Locator:
        """The case of a message in the list."""
        return self.page.locator("a.row", has_text=text)

    def answer(self, text: str) -> None:
        """Answer the question that is open, and return to the queue from the case that comes next."""
        self.page.fill("#answer", text)
        with self.page.expect_navigation():
            self.page.click("button[value=answer]")
        self.page.goto(urljoin(self.page.url, "/"))
        self.live()


class Camera:
    """Takes the screenshots that `--shots DIR` asks for; without it none."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def take(self, page: Page, name: str) -> None:
        """Keep what the page shows as `NAME.png`, in 256 colours: a third of the bytes, and no difference to see."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            taken = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
            taken.quantize(256, dither=Image.Dither.NONE).save(self.folder / f"{name}.png", optimize=True)


def see(what: Locator) -> Locator:
    """Wait until it is there to see."""
    expect(what).to_be_visible(timeout=PATIENCE_MS)
    return what
