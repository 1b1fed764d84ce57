from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from httpx import ASGITransport, AsyncClient, Response
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.login import Logins, operator
from bot.web.serving import address, bind, serve
from moderation.cases import CaseBook, opening, settling
from moderation.keys import Write
from moderation.types import Author, Case, Decision, Message, Passage, Place, Reply, Ruling, Signal, Verdict

HELP = Place(platform="web", community="sample", channel="help", profile="help")
MARKUP = "<script>alert(1)</script> send 50 USDT"
SECRET = "a test's secret"
TICKED = re.compile(r'name="teach"[^>]* checked')


def review(id_: str = "REVIEW11", text: str = MARKUP, place: Place = HELP) -> Case:
    subject = Message(id=f"m-{id_}", place=place, author=Author(id="a1", name="<b>Jun</b>"), text=text)
    start = text.find("50 USDT")
    signal = Signal(check="money", clause="scam_fraud", score=0.8, evidence="50 USDT", span=(start, start + 7))
    verdict = Verdict(
        ruling=Ruling.REVIEW, clause="scam_fraud", score=0.8, scores={"scam_fraud": 0.8}, signals=(signal,)
    )
    return Case(id=id_, kind="moderation", subject=subject, verdict=verdict)


def question(id_: str = "QUESTION") -> Case:
    subject = Message(id=f"m-{id_}", place=HELP, author=Author(id="a2", name="Maya"), text="Duty for Singapore?")
    passage = Passage(document="d", title="Shipping", text="Within 48 hours.", lang="en", score=0.3)
    reply = Reply(text="I found <nothing>.", passages=(passage,), confidence=0.2, handoff=True, why="unsure")
    return Case(id=id_, kind="handoff", subject=subject, reply=reply)


class Moderator:
    """A moderator's browser, as far as HTTP goes."""

    def __init__(self, client: AsyncClient, logins: Logins) -> None:
        self.client = client
        self.logins = logins
        self.origin = str(client.base_url).rstrip("/")

    async def log_in(self, name: str = "Sam") -> Response:
        link = await self.logins.issue_link("", operator("sample"))
        page = await self.client.get(link)
        form = {"csrf": csrf(page), "token": link.partition("token=")[2], "name": name}
        return await self.client.post("/login", data=form, headers={"Origin": self.origin})

    async def choose(self, case: str, action: str, page: Response | None = None, **more: str) -> Response:
        page = page or await self.client.get(f"/case/{case}")
        form = {"csrf": csrf(page), "action": action, **more}
        return await self.client.post(f"/case/{case}/decide", data=form, headers={"Origin": self.origin})


def csrf(page: Response) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', page.text)[0])


def browser(app: Starlette) -> AsyncClient:
    headers = {"Accept-Language": "en", "Accept": "text/html"}
    return AsyncClient(transport=ASGITransport(app), base_url="http://console.test", headers=headers)


async def perform(redis: Redis, writes: Sequence[Write]) -> None:
    for write in writes:
        await redis.execute_command(*write)


# ---- pages ------------------------------------------------------------------------------------------------------
async def test_the_queue_shows_open_cases_with_nothing_as_markup(sam: Moderator, redis: Redis) -> None:
    await perform(redis, [*opening(review(), 4), *opening(question())])
    page = (await sam.client.get("/")).text
    assert page.index("REVIEW11") < page.index("QUESTION")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;Jun" in page
    assert "2 open · 1 to answer · 0 settled" in page
    part = (await sam.client.get("/?part=list")).text
    assert part.lstrip().startswith('<div id="list"')


async def test_another_communitys_cases_are_nowhere(sam: Moderator, redis: Redis) -> None:
    other = HELP.model_copy(update={"community": "other"})
    await perform(redis, opening(review(place=other)))
    pages = [await sam.client.get(path) for path in ("/", "/decisions", "/case/REVIEW11")]
    assert [page.status_code for page in pages] == [200, 200, 404]
    assert all("USDT" not in page.text for page in pages)


async def test_to_open_a_case_is_to_claim_it(sam: Moderator, mei: Moderator, redis: Redis) -> None:
    await perform(redis, opening(review()))
    first = (await sam.client.get("/case/REVIEW11")).text
    assert "<mark" in first
    assert ">50 USDT</mark>" in first
    assert 'id="decide"' in first
    second = (await mei.client.get("/case/REVIEW11")).text
    assert "Sam is working on this case" in second
    assert 'id="decide"' not in second
    assert "Sam is on it" in (await mei.client.get("/")).text

    form = {"csrf": csrf(await sam.client.get("/"))}
    await sam.client.post("/case/REVIEW11/release", data=form, headers={"Origin": sam.origin})
    assert 'id="decide"' in (await mei.client.get("/case/REVIEW11")).text


async def test_a_draft_is_there_to_edit_and_the_answer_is_decided(
    sam: Moderator, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, opening(question()))
    page = await sam.client.get("/case/QUESTION")
    assert "I found &lt;nothing&gt;.</textarea>" in page.text
    assert "Shipping" in page.text
    assert "the model is not sure" in page.text
    assert (await sam.choose("QUESTION", "answer", page, text="Paid by us.")).headers["location"] == "/next"

    case = await cases.get("sample", "QUESTION")
    assert case is not None
    assert case.decision is not None
    assert (case.decision.action, case.decision.text, case.decision.by_name) == ("answer", "Paid by us.", "Sam")
    (entry,) = await redis.xrange("x:{sample}:decisions:0") or []
    assert "Paid by us." in str(entry)


async def test_an_answer_is_saved_as_knowledge_when_that_is_ticked(
    sam: Moderator, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, [*opening(question()), *opening(question("UNTICKED")), *opening(review())])
    page = await sam.client.get("/case/QUESTION")
    assert "Save as knowledge" in page.text
    assert not TICKED.search(page.text)
    assert 'name="teach"' not in (await sam.client.get("/case/REVIEW11")).text
    assert TICKED.search((await sam.choose("QUESTION", "answer", page, text=" ", teach="yes")).text)  # refused

    await sam.choose("QUESTION", "answer", page, text="Paid by us.", teach="yes")
    await sam.choose("UNTICKED", "answer", text="Paid by us.")
    settled = [await cases.get("sample", id_) for id_ in ("QUESTION", "UNTICKED")]
    assert [case.decision.teach for case in settled if case and case.decision] == [True, False]
    shown = [(await sam.client.get(f"/case/{id_}")).text for id_ in ("QUESTION", "UNTICKED")]
    assert ["Proposed as knowledge" in text for text in shown] == [True, False]


async def test_what_was_typed_survives_a_refusal(sam: Moderator, redis: Redis) -> None:
    await perform(redis, opening(review()))
    answer = await sam.choose("REVIEW11", "remove", reason="no_such_clause", text="Typed at length.")
    assert answer.status_code == 422
    assert "Choose a reason." in answer.text
    assert "Typed at length.</textarea>" in answer.text


async def test_a_late_decision_is_told_who_was_faster(
    sam: Moderator, mei: Moderator, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, opening(review()))
    page = await mei.client.get("/case/REVIEW11")
    await redis.hdel("x:{sample}:case:REVIEW11", "claimed_by", "claimed_until")  # Mei's claim has run out
    taken = await sam.client.get("/case/REVIEW11")
    late = await mei.choose("REVIEW11", "dismiss", page)
    assert (late.status_code, "Sam has taken this case meanwhile" in late.text) == (409, True)

    assert (await sam.choose("REVIEW11", "remove", taken, reason="scam_fraud")).status_code == 303
    later = await mei.choose("REVIEW11", "dismiss", page)
    assert (later.status_code, "Sam was faster" in later.text) == (409, True)
    case = await cases.get("sample", "REVIEW11")
    assert case is not None
    assert case.decision is not None
    assert (case.decision.action, case.decision.by_name) == ("remove", "Sam")


async def test_decisions_show_the_policys_and_peoples(sam: Moderator, redis: Redis) -> None:
    decision = Decision(case="REVIEW22", action="remove", by="policy", by_name="policy", reason="scam_fraud")
    await perform(redis, [*settling(review("REVIEW22"), decision), *opening(question())])
    await sam.choose("QUESTION", "answer", text="Paid by us.")
    page = (await sam.client.get("/decisions")).text
    assert page.index("QUESTION") < page.index("REVIEW22")
    assert "The policy" in page
    assert "Scams and fraud" in page
    assert "Paid by us." in page
    zh = (await sam.client.get("/decisions?lang=zh")).text
    assert "规则自动处理" in zh


async def test_a_claim_that_is_not_held_shows_when_it_was_settled(sam: Moderator, redis: Redis) -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    decision = Decision(case="REVIEW11", action="ban", by="console-9", by_name="Mei", reason="scam_fraud", at=at)
    await perform(redis, settling(review(), decision))
    page = (await sam.client.get("/case/REVIEW11")).text
    assert 'data-state="settled"' in page
    assert "2026-01-02T03:04:00+00:00" in page
    assert 'id="decide"' not in page


async def test_an_open_page_is_told_of_changes_and_closes_with_the_house(app: Starlette, redis: Redis) -> None:
    listener = bind("127.0.0.1", 0, "CONSOLE_PORT")
    where = address(listener)
    serving = asyncio.create_task(serve(app, listener))
    async with AsyncClient(base_url=where, headers={"Accept": "text/html"}) as client:
        await Moderator(client, Logins(redis)).log_in()
        async with client.stream("GET", "/live") as answer:
            lines = answer.aiter_lines()
            while not (await redis.pubsub_numsub("x:{sample}:changed"))[0][1]:
                await asyncio.sleep(0.01)
            await perform(redis, opening(question()))
            told = [await anext(lines), await anext(lines)]
            assert told[0] == "event: case"
            assert json.loads(told[1].removeprefix("data: ")) == {"id": "QUESTION", "state": "open", "holder": ""}
            serving.cancel()
            assert [line async for line in lines if line] == []
    with pytest.raises(asyncio.CancelledError):
        await serving
