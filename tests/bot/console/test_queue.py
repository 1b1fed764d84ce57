"""The queue: what a view shows, the views that a person keeps, and many cases decided together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.console.filters import KEPT, address, asked, view
from moderation.cases import CaseBook, opening
from moderation.cases.steps import Steps
from moderation.types import Case, Decision
from tests.bot.console.rig import open_console
from tests.bot.console.test_desk import SECRET, browser, csrf, question, review
from tests.bot.console.test_staff_pages import ORIGIN, entered

ME = "telegram:7"
AGENT = "加微信 abc12345 刷单返现 500 元，先交押金，名额有限，欲报从速"


@pytest.fixture
async def client(redis: Redis) -> AsyncIterator[AsyncClient]:
    async with browser(open_console(redis, SECRET)) as one:
        await entered(one, redis, "moderator")
        yield one


async def opened(redis: Redis, *cases: Case) -> None:
    for case in cases:
        for write in opening(case):
            await redis.execute_command(*write)


def by(case: Case, author: str) -> Case:
    subject = case.subject.model_copy(update={"author": case.subject.author.model_copy(update={"id": author})})
    return case.model_copy(update={"subject": subject})


async def shown(client: AsyncClient, path: str) -> set[str]:
    page = (await client.get(path)).text
    return {id_ for id_ in ("REVIEW11", "REVIEW22", "QUESTION") if f'href="/case/{id_}"' in page}


async def posted(client: AsyncClient, path: str, **form: str | Sequence[str]) -> Response:
    word = csrf(await client.get("/"))
    return await client.post(path, data={"csrf": word, **form}, headers={"Origin": ORIGIN})


async def test_a_view_shows_what_it_asks_for(client: AsyncClient, redis: Redis) -> None:
    late = {"due_at": datetime.now(UTC) - timedelta(minutes=5), "severity": 5}
    await opened(redis, review().model_copy(update=late), by(review("REVIEW22", AGENT), "a9"), question())
    book, steps = CaseBook(redis), Steps(redis)
    assert await shown(client, "/") == {"REVIEW11", "REVIEW22", "QUESTION"}
    assert await shown(client, "/?kind=handoff") == {"QUESTION"}
    assert await shown(client, "/?clause=scam_fraud&text=押金") == {"REVIEW22"}
    assert await shown(client, "/?late=1") == {"REVIEW11"}
    assert await shown(client, "/?severity=4") == {"REVIEW11"}
    assert await shown(client, "/?platform=discord") == set()
    await book.claim("sample", "REVIEW22", ME)
    assert await shown(client, "/?holder=me") == {"REVIEW22"}
    await steps.assign("sample", "QUESTION", ME, by="telegram:8")
    assert await shown(client, "/?assigned=me") == {"QUESTION"}
    await steps.hold("sample", "REVIEW11", datetime.now(UTC) + timedelta(hours=1), by=ME)
    assert await shown(client, "/?asleep=1") == {"REVIEW11"}
    assert "REVIEW11" not in await shown(client, "/")
    assert "5 min late" not in (await client.get("/?asleep=1")).text


async def test_a_person_keeps_views_of_the_own(client: AsyncClient, redis: Redis) -> None:
    kept = await posted(client, "/views/keep", kind="handoff", name=" Questions <b> ")
    assert (kept.status_code, kept.headers["location"]) == (303, "/?kind=handoff")
    assert "Questions &lt;b&gt;" in (await client.get("/")).text
    async with browser(open_console(redis, SECRET)) as other:
        await entered(other, redis, "moderator", "telegram:8")
        assert "Questions" not in (await other.get("/")).text.replace("Questions of", "")
    await posted(client, "/views/drop", name="Questions <b>")
    assert "Questions &lt;b&gt;" not in (await client.get("/")).text
    assert (await posted(client, "/views/keep", kind="handoff", name="  ")).status_code == 422
    for number in range(KEPT):
        await posted(client, "/views/keep", kind="handoff", name=f"v{number}")
    assert (await posted(client, "/views/keep", kind="handoff", name="one too many")).status_code == 422


async def test_alike_cases_are_decided_together_but_for_those_of_others(client: AsyncClient, redis: Redis) -> None:
    names = ["CLUSTER1", "CLUSTER2", "CLUSTER3", "CLUSTER4"]
    await opened(redis, *(by(review(name, f"{AGENT}{'！' * at}"), f"a{at}") for at, name in enumerate(names)))
    assert "4 cases that are alike, by 4" in (await client.get("/")).text
    page = await client.get("/together/CLUSTER1")
    assert page.text.count('type="checkbox"') == 4
    book = CaseBook(redis)
    await book.claim("sample", "CLUSTER3", "telegram:8")
    await book.decide("sample", Decision(case="CLUSTER2", action="dismiss", by="telegram:8"))
    form = {"action": "remove", "reason": "scam_fraud", "text": ""}
    done = await posted(client, "/together/CLUSTER1", case=names[:3], **form)
    assert "1 decided." in done.text
    assert 'Decided by somebody else before: <a href="/case/CLUSTER2">' in done.text
    assert 'Held by somebody else: <a href="/case/CLUSTER3">' in done.text
    states = [(await book.get("sample", name)) for name in names]
    assert [case and case.state for case in states] == ["settled", "settled", "open", "open"]
    decided = states[0]
    assert decided
    assert decided.decision
    assert (decided.decision.by, decided.decision.action, decided.decision.strikes) == (ME, "remove", 2)


async def test_nothing_is_decided_together_without_a_tick_a_reason_or_the_rights(
    client: AsyncClient, redis: Redis
) -> None:
    await opened(redis, review("CLUSTER1", AGENT), review("CLUSTER2", AGENT + "！"))
    book = CaseBook(redis)
    assert (await posted(client, "/together/CLUSTER1", action="remove", reason="scam_fraud")).status_code == 422
    assert (await posted(client, "/together/CLUSTER1", case="CLUSTER1", action="remove")).status_code == 422
    async with browser(open_console(redis, SECRET)) as helper:
        await entered(helper, redis, "helper", "telegram:9")
        assert (await posted(helper, "/together/CLUSTER1", case="CLUSTER1", action="dismiss")).status_code == 403
    assert (await book.counts("sample")).open == 2


@given(
    st.dictionaries(
        st.sampled_from(["kind", "clause", "severity", "holder", "text", "late", "page"]), st.text(max_size=20)
    )
)
def test_any_address_asks_something_and_asks_it_again_when_kept(query: dict[str, str]) -> None:
    wanted = asked(query)
    assert asked(wanted) == wanted
    assert view(wanted, ME).severity in range(1, 6)
    assert address(wanted).startswith("/")
