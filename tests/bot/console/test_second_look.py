"""Second looks in the console: the page is the same whatever was decided, and an answer changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from httpx import AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from starlette.applications import Starlette

from moderation.audit import AuditBook
from moderation.cases import CaseBook, opening, remarking, settling
from moderation.cases.agreement import LOOKED_AT
from moderation.cases.second_looks import sampled
from moderation.keys import key
from moderation.policy import load
from moderation.types import Author, Case, Decision, Message, Place, Remark, Ruling, Signal, Verdict, case_id
from tests.bot.console.test_desk import browser, csrf
from tests.bot.console.test_staff_pages import ORIGIN, entered

AT = datetime.now(UTC) - timedelta(days=2)
HELP = Place(platform="telegram", community="sample", channel="help", profile="help")
WORDS = ("Dismiss", "Warn", "Remove", "Time out", "Mute", "Kick", "Ban")

telltale = st.text("abcdefghij", min_size=4, max_size=12).map("telltale-{}".format)
decisions = st.builds(
    Decision,
    case=st.just("CASE"),
    action=st.sampled_from(LOOKED_AT),
    by=telltale.map("discord:{}".format),
    by_name=telltale,
    reason=st.sampled_from(["", "abuse", "telltale-reason"]),
    text=telltale,
    seconds=st.integers(0, 10**6),
    strikes=st.integers(0, 3),
    at=st.just(AT + timedelta(minutes=3)),
)
"""How a case can end; every word in it would be found again."""


def drawn(clause: str = "spam_ads", text: str = "加微信返利 <b>50 USDT</b>") -> Iterator[Case]:
    """Cases of the packaged policy's sample."""
    share = load().review.second_look
    for number in count():
        subject = Message(id=f"m{number}", place=HELP, author=Author(id="li", name="<i>Li</i>"), text=text, sent_at=AT)
        if sampled(case_id("moderation", subject), share):
            before = Message(id=f"b{number}", place=HELP, author=Author(id="wang", name="Wang"), text="各位好")
            signal = Signal(check="money", clause=clause, score=0.987, evidence="返利", span=(3, 5))
            verdict = Verdict(ruling=Ruling.ACT, clause=clause, score=0.987, signals=(signal,))
            named = {"id": case_id("moderation", subject), "kind": "moderation", "subject": subject}
            yield Case.model_validate({**named, "context": (before,), "verdict": verdict, "opened_at": AT})


async def settle(redis: Redis, case: Case, decision: Decision | None = None) -> Case:
    at = AT + timedelta(minutes=int(case.subject.id[1:]))  # the first one drawn is the oldest
    decision = decision or Decision(case=case.id, action="kick", by="discord:1", by_name="Anna", at=at)
    decision = decision.model_copy(update={"case": case.id})
    for write in settling(case, decision):
        await redis.execute_command(*write)
    return case


@pytest.fixture
async def mei(app: Starlette, redis: Redis) -> AsyncIterator[AsyncClient]:
    """A moderator, known as telegram:7 in the chat too."""
    async with browser(app) as client:
        await entered(client, redis, "moderator")
        yield client


async def answered(client: AsyncClient, case: str, action: str) -> Response:
    form = {"csrf": csrf(await client.get("/second")), "case": case, "action": action}
    return await client.post("/second", data=form, headers={"Origin": ORIGIN})


@given(decision=decisions, back=st.booleans(), remarked=st.booleans(), advised=st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_page_is_the_same_to_the_letter_whatever_was_decided(
    mei: AsyncClient, redis: Redis, decision: Decision, back: bool, remarked: bool, advised: bool
) -> None:
    case, kept = next(drawn()), set(await redis.keys())
    await settle(redis, case)
    plain = (await mei.get("/second")).text
    await redis.delete(*set(await redis.keys()) - kept)

    await settle(redis, case, decision)
    name, body = key("sample", "case", case.id), decision.model_dump_json()
    changed = {"severity": "5", "first_claimed_at": "1", "late": "2"}
    changed |= {"reversal": body} if back else {}
    changed |= {f"opinion:{decision.by}": body} if advised else {}
    for field, value in changed.items():
        await redis.hset(name, field, value)
    for write in remarking("sample", case.id, Remark(by=decision.by, text="telltale")) if remarked else ():
        await redis.execute_command(*write)
    await redis.hset(key("sample", "moderators"), decision.by, decision.by_name)
    told = (await mei.get("/second")).text
    await redis.delete(*set(await redis.keys()) - kept)
    assert told == plain
    assert case.id in told
    assert "telltale" not in told
    assert "0.98" not in told
    assert "98" not in told.partition('id="verdict"')[2].partition("</section>")[0]
    assert [told.count(f'value="{action}"') for action in LOOKED_AT] == [1] * len(LOOKED_AT)
    assert [told.count(f">{word}</button>") for word in WORDS] == [1] * len(WORDS)


async def test_an_answer_is_kept_changes_nothing_and_leads_to_the_next(mei: AsyncClient, redis: Redis) -> None:
    supply = drawn()
    first, last = await settle(redis, next(supply)), await settle(redis, next(supply))
    before, strikes = await CaseBook(redis).get("sample", first.id), await redis.keys("*strikes*")
    shown = (await mei.get("/second")).text
    assert first.id in shown
    assert "&lt;b&gt;50 USDT" in shown
    assert "<b>50" not in shown
    assert "&lt;i&gt;Li" in shown
    assert "各位好" in shown
    answer = await answered(mei, first.id, "dismiss")
    assert (answer.status_code, answer.headers["location"]) == (303, "/second?kept=1")
    following = (await mei.get(answer.headers["location"])).text
    assert "Noted, thank you" in following
    assert last.id in following
    assert first.id not in following

    after = await CaseBook(redis).get("sample", first.id)
    assert before is not None
    assert after is not None
    assert [(look.action, look.by, look.by_name) for look in after.after] == [("dismiss", "telegram:7", "Mei")]
    assert after.model_copy(update={"after": ()}) == before
    assert await redis.keys("*strikes*") == strikes
    assert await redis.exists(key("sample", "decisions", "0")) == 0
    [line] = await AuditBook(redis).read("sample", kind="step")
    assert (line.by, line.what, line.case) == ("telegram:7", "[second look]", first.id)


async def test_there_may_be_nothing_to_look_at(mei: AsyncClient, redis: Redis) -> None:
    supply = drawn()
    mine = Decision(case="-", action="ban", by="telegram:7", by_name="Mei", at=AT)
    await settle(redis, next(supply), mine)
    forgotten = next(supply)
    gone = Message(id=forgotten.subject.id, place=HELP, author=Author(id="forgotten"), forgotten=True, sent_at=AT)
    await settle(redis, forgotten.model_copy(update={"subject": gone}))
    for write in opening(next(supply)):
        await redis.execute_command(*write)
    page = (await mei.get("/second")).text
    assert 'id="nothing"' in page
    assert "5 % of the decided cases" in page
    assert 'id="look"' not in page


async def test_a_case_in_ones_hands_stays_until_it_is_answered_and_others_get_another(
    app: Starlette, mei: AsyncClient, redis: Redis
) -> None:
    supply = drawn()
    first, last = await settle(redis, next(supply)), await settle(redis, next(supply))
    assert [first.id in (await mei.get("/second")).text for _ in range(2)] == [True, True]
    async with browser(app) as kim:
        await entered(kim, redis, "moderator", "discord:8")
        assert last.id in (await kim.get("/second")).text
        refused = await answered(kim, first.id, "ban")
        assert (refused.status_code, "no longer yours" in refused.text) == (409, True)
        assert 'id="look"' in refused.text
    assert (await answered(mei, first.id, "ban")).status_code == 303
    again = await answered(mei, first.id, "dismiss")
    assert (again.status_code, "first answer stands" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("case", "action", "status"),
    [("mine", "ban", 409), ("NOSUCH11", "ban", 404), ("open", "ban", 404), ("mine", "uphold", 422), ("", "ban", 422)],
)
async def test_what_is_no_second_look_is_refused(
    mei: AsyncClient, redis: Redis, case: str, action: str, status: int
) -> None:
    supply = drawn()
    mine = Decision(case="-", action="ban", by="telegram:7", by_name="Mei", at=AT)
    named = {"mine": (await settle(redis, next(supply), mine)).id, "open": next(supply).id}
    await settle(redis, next(supply))
    for write in opening(next(drawn(text="else")).model_copy(update={"id": named["open"]})):
        await redis.execute_command(*write)
    assert (await answered(mei, named.get(case, case), action)).status_code == status
    assert await redis.exists(key("sample", "audit")) == 1  # the login's line
    assert await AuditBook(redis).read("sample", kind="step") == []


async def test_abuse_is_veiled_and_a_long_text_is_cut(mei: AsyncClient, redis: Redis) -> None:
    await settle(redis, next(drawn("abuse", "贱" * 16_384)))
    page = (await mei.get("/second")).text
    assert '<details class="veil">' in page
    assert page.count("贱") < 7000
    assert "16384" in page.replace(",", "")


async def test_a_helper_and_a_form_from_elsewhere_are_refused(app: Starlette, redis: Redis) -> None:
    case = await settle(redis, next(drawn()))
    async with browser(app) as hana:
        await entered(hana, redis, "helper", "telegram:9")
        word = csrf(await hana.get("/"))
        form = {"csrf": word, "case": case.id, "action": "ban"}
        assert (await hana.get("/second")).status_code == 403
        assert (await hana.post("/second", data=form, headers={"Origin": ORIGIN})).status_code == 403
    async with browser(app) as kim:
        await entered(kim, redis, "moderator", "discord:8")
        form["csrf"] = csrf(await kim.get("/second"))
        assert (await kim.post("/second", data=form, headers={"Origin": "http://evil.test"})).status_code == 403
        assert (await kim.post("/second", data=form | {"csrf": "x"}, headers={"Origin": ORIGIN})).status_code == 403
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    assert found.after == ()
