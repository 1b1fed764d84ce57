"""A case's page: what it shows, what may be decided there and by how many, and the way back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.evidence import SHOWN, VEILED
from bot.history import noting
from bot.stream import ENFORCEMENTS
from moderation.audit import AuditBook
from moderation.cases import CaseBook, opening, settling
from moderation.cases.writes import copying, reporting
from moderation.keys import key
from moderation.policy import LONGEST_TIMEOUT, SHORTEST_TIMEOUT
from moderation.types import TEXT_LENGTH, Author, Case, Decision, Message
from tests.bot.console.staff import ANN, BEN, Person, found, working
from tests.bot.console.test_desk import csrf, perform, question, review

OWNER = "telegram:9"
MARK = re.compile(r"<mark[^>]*>(.*?)</mark>", re.S)


def about(case: Case, **changes: object) -> Case:
    """The case with another subject."""
    return case.model_copy(update={"subject": case.subject.model_copy(update=changes)})


def under(case: Case, clause: str) -> Case:
    """The case with another clause found."""
    assert case.verdict
    return case.model_copy(update={"verdict": case.verdict.model_copy(update={"clause": clause, "signals": ()})})


# ---- what is decided, and by how many -----------------------------------------------------------------------------
async def test_two_moderators_are_needed_for_a_ban(ann: Person, ben: Person, cases: CaseBook, redis: Redis) -> None:
    await perform(redis, opening(review()))
    first = await ann.choose("REVIEW11", "ban", reason="scam_fraud")
    assert first.status_code == 202
    for _ in range(2):  # the same person once more is still one person
        assert (await ann.choose("REVIEW11", "ban", reason="scam_fraud")).status_code == 202
    case = await found(cases)
    assert (case.state, [one.by for one in case.opinions]) == ("open", [ANN])
    assert (await ann.client.get("/next")).headers["location"] == "/"
    await ann.step("REVIEW11", "release")
    assert "banner opinion" in await ben.see("/case/REVIEW11")
    assert (await ben.choose("REVIEW11", "ban", reason="scam_fraud")).status_code == 303
    settled = await found(cases)
    assert settled.decision is not None
    assert (settled.decision.action, settled.decision.by) == ("ban", BEN)


async def test_the_second_may_decide_otherwise_and_an_owner_decides_alone(
    app: Starlette, ann: Person, ben: Person, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, [*opening(review()), *opening(review("REVIEW22"))])
    await ann.choose("REVIEW11", "ban", reason="scam_fraud")
    assert (await ben.choose("REVIEW11", "dismiss")).status_code == 303
    async with working(app, redis, OWNER, "owner") as owner:
        assert (await owner.choose("REVIEW22", "ban", reason="scam_fraud")).status_code == 303
    actions = [(await found(cases, id_)).decision for id_ in ("REVIEW11", "REVIEW22")]
    assert [one and one.action for one in actions] == ["dismiss", "ban"]


async def test_the_same_decision_sent_twice_is_one(ann: Person, cases: CaseBook, redis: Redis) -> None:
    await perform(redis, opening(review()))
    page = await ann.client.get("/case/REVIEW11")
    for _ in range(2):
        assert (await ann.choose("REVIEW11", "warn", page, reason="scam_fraud")).headers["location"] == "/next"
    assert (await ann.choose("REVIEW11", "dismiss", page)).status_code == 409
    assert await redis.xlen(key("sample", "decisions", "0")) == 1


async def test_a_helper_answers_questions_and_decides_on_no_member(
    app: Starlette, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, [*opening(review()), *opening(question())])
    async with working(app, redis, "telegram:5", "helper") as helper:
        assert 'id="not-for-you"' in await helper.see("/case/REVIEW11")
        form = {"action": "dismiss"}
        assert (await helper.step("REVIEW11", "decide", **form)).status_code == 403
        assert (await helper.step("REVIEW11", "undo")).status_code == 403
        assert (await helper.client.get("/next")).headers["location"] == "/case/QUESTION"
        assert (await helper.choose("QUESTION", "answer", text="By us.")).status_code == 303
    assert (await found(cases)).state == "open"


async def test_a_timeouts_length_is_held_within_what_chats_allow(ann: Person, cases: CaseBook, redis: Redis) -> None:
    lengths = {"9999999": LONGEST_TIMEOUT, "1": SHORTEST_TIMEOUT, "7200": 7200}
    lengths |= dict.fromkeys(("999999999", "-1", "abc", ""), 3600)
    for at, (typed, seconds) in enumerate(lengths.items()):
        id_ = f"LENGTH{at:02}"
        await perform(redis, opening(review(id_)))
        assert (await ann.choose(id_, "timeout", reason="scam_fraud", seconds=typed)).status_code == 303
        decision = (await found(cases, id_)).decision
        assert decision is not None
        assert decision.seconds == seconds, typed


# ---- the way back -------------------------------------------------------------------------------------------------
async def test_an_enforcement_is_taken_back_once(ann: Person, cases: CaseBook, redis: Redis) -> None:
    mute = Decision(case="REVIEW11", action="mute", by="policy", reason="scam_fraud", strikes=2)
    await perform(redis, settling(review().model_copy(update={"state": "settled", "decision": mute}), mute))
    page = await ann.client.get("/case/REVIEW11")
    assert 'id="undo"' in page.text
    assert "2 strikes" in await ann.see("/case/REVIEW11")
    for words in ("A <b>joke</b>.", "Once more."):
        assert (await ann.step("REVIEW11", "undo", text=words)).status_code == 303
    told = [str(entry) for entry in await redis.xrange(key("sample", ENFORCEMENTS, "web")) or []]
    assert ["unmute" in one for one in told] == [True]
    case = await found(cases)
    assert case.reversal is not None
    assert (case.reversal.by, case.reversal.text) == (ANN, "A <b>joke</b>.")
    shown = await ann.see("/case/REVIEW11")
    assert "A &lt;b&gt;joke&lt;/b&gt;." in shown
    assert 'id="undo"' not in shown
    assert "0 strikes" in shown
    lines = await AuditBook(redis).read("sample", kind="undo")
    assert [(line.by, line.case) for line in lines] == [(ANN, "REVIEW11")]


async def test_what_was_dismissed_or_is_open_cannot_be_taken_back(ann: Person, cases: CaseBook, redis: Redis) -> None:
    await perform(redis, [*opening(review()), *opening(review("REVIEW22"))])
    await ann.choose("REVIEW11", "dismiss")
    for id_ in ("REVIEW11", "REVIEW22"):
        assert 'id="undo"' not in await ann.see(f"/case/{id_}")
        assert (await ann.step(id_, "undo", text="x")).status_code == 303
        assert (await found(cases, id_)).reversal is None


# ---- what the page shows --------------------------------------------------------------------------------------------
async def test_the_policys_step_is_proposed_and_previewed_and_never_taken(
    ann: Person, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, opening(review()))
    page = await ann.see("/case/REVIEW11")
    assert 'id="proposed"' in page
    assert len(re.findall(r'class="button[^"]* proposed"', page)) == 1
    preview = page.partition("What the member reads")[2].partition("</details>")[0]
    assert preview.count("<dd") >= 4
    case = await found(cases)
    assert (case.state, case.decision, case.opinions) == ("open", None, ())
    assert await redis.xlen(key("sample", "decisions", "0")) == 0


@pytest.mark.parametrize("clause", sorted(VEILED))
async def test_nobody_reads_an_insult_unprepared(ann: Person, redis: Redis, clause: str) -> None:
    await perform(redis, opening(under(review(text="You are trash"), clause)))
    assert "You are trash" not in await ann.see("/")
    page = await ann.see("/case/REVIEW11")
    assert page.index("Show the text; it may be disturbing") < page.index("You are trash")
    await ann.choose("REVIEW11", "remove", reason="abuse")
    assert "You are trash" not in await ann.see("/decisions")
    await ann.post("/preferences", unveiled="1")
    assert "You are trash" in await ann.see("/decisions")
    assert "it may be disturbing" not in await ann.see("/case/REVIEW11")


async def test_the_talk_the_member_the_copies_and_the_reporters_are_shown(ann: Person, redis: Redis) -> None:
    case = review()
    earlier = Decision(case="EARLIER1", action="warn", by="policy", reason="scam_fraud", strikes=1)
    old = about(review("EARLIER1", "older words"), id="old")
    copy = case.subject.model_copy(update={"id": "c1", "author": Author(id="a9", name="<i>Eve</i>"), "text": "copied"})
    later = case.subject.model_copy(
        update={"id": "l1", "text": "said <u>after</u>", "sent_at": datetime.now(UTC) + timedelta(minutes=1)}
    )
    folded = [copying("sample", case.id, copy), *(reporting("sample", case.id, f"web:a{one}") for one in (3, 4))]
    writes = [*settling(old.model_copy(update={"state": "settled", "decision": earlier}), earlier), *opening(case)]
    await perform(redis, [*writes, *folded, *noting(later)])
    page = await ann.see("/case/REVIEW11")
    member = page.partition('id="member"')[2].partition("</section>")[0]
    assert 'href="/case/EARLIER1"' in member
    assert "1 strikes" in member
    assert "&lt;i&gt;Eve&lt;/i&gt;" in page
    assert "1 copies" in page
    assert "2 reports" in page
    assert "said &lt;u&gt;after&lt;/u&gt;" in page


async def test_the_longest_message_is_cut_and_marked_where_it_is_shown(ann: Person, redis: Redis) -> None:
    text = "send 50 USDT " + "<x>&" * TEXT_LENGTH
    case = review(text=text[:TEXT_LENGTH])
    await perform(redis, opening(case))
    page = await ann.client.get("/case/REVIEW11")
    assert MARK.findall(page.text) == ["50 USDT"]
    assert f"the text has {TEXT_LENGTH} characters" in page.text
    assert page.text.count("&lt;x&gt;&amp;") <= SHOWN // 4
    assert "<x>" not in page.text
    assert len(page.content) < 100_000


@pytest.mark.parametrize("length", [TEXT_LENGTH + 1, 1_000_000])
def test_no_message_is_longer(length: int) -> None:
    with pytest.raises(ValueError, match="at most"):
        Message.model_validate({**review().subject.model_dump(), "text": "x" * length})


async def test_a_form_of_a_megabyte_is_refused(ann: Person, cases: CaseBook, redis: Redis) -> None:
    await perform(redis, opening(review()))
    page = await ann.client.get("/case/REVIEW11")
    form = {"csrf": csrf(page), "action": "warn", "reason": "scam_fraud", "text": "x" * 1_000_000}
    answer = await ann.client.post("/case/REVIEW11/decide", data=form, headers={"Origin": ann.origin})
    assert answer.status_code == 413
    assert (await ann.choose("REVIEW11", "warn", page, reason="scam_fraud", text="x" * 4097)).status_code == 422
    assert (await found(cases)).state == "open"


STRANGE = ["\u202eevil", "\u200b\u200b", "<img src=x onerror=1>", "a" * 190, "\u062f\u200f\u0639"]


@pytest.mark.parametrize("name", STRANGE)
async def test_no_name_breaks_a_page(ann: Person, redis: Redis, name: str) -> None:
    await perform(redis, opening(about(review(), author=Author(id="a1", name=name), text=f"{name} says\x00 hi")))
    for path in ("/", "/case/REVIEW11"):
        page = await ann.client.get(path)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "<bdi>" in page.text


async def test_a_forgotten_members_case_says_so(ann: Person, redis: Redis) -> None:
    await perform(redis, opening(about(review(), text="", forgotten=True, author=Author(id="gone"))))
    for path in ("/", "/case/REVIEW11"):
        assert "forgotten at the member" in await ann.see(path)
