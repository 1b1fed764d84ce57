"""How people share the work on a case: remarks, opinions, and who has it, until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from starlette.applications import Starlette

from moderation.audit import AuditBook
from moderation.cases import CaseBook, furthering, opening
from moderation.keys import key
from moderation.types import Attachment
from tests.bot.console.staff import ANN, BEN, Person, found, working
from tests.bot.console.test_desk import perform, question, review
from tests.bot.console.test_queue import AGENT, by

COY = "discord:3"


async def steps_of(redis: Redis) -> list[tuple[str, str, str]]:
    return [(line.by, line.what, line.case) for line in await AuditBook(redis).read("sample", kind="step")]


async def test_a_remark_stays_for_the_others_and_is_no_markup(ann: Person, ben: Person, redis: Redis) -> None:
    await perform(redis, opening(review()))
    assert (await ann.step("REVIEW11", "remark", text=" <i>Seen</i> him\r\nbefore. ")).status_code == 303
    await ann.step("REVIEW11", "remark", text="   ")
    page = await ben.see("/case/REVIEW11")
    assert "&lt;i&gt;Seen&lt;/i&gt; him\nbefore." in page
    assert len((await found(CaseBook(redis))).remarks) == 1
    assert (ANN, "remark", "REVIEW11") in await steps_of(redis)


async def test_what_was_asked_further_is_shown_as_words_alone(ann: Person, redis: Redis) -> None:
    case = question()
    further = case.subject.model_copy(update={"id": "m2", "text": "And for <b>Mars</b>?"})
    await perform(redis, [*opening(case), *furthering("sample", case.id, further)])
    page = await ann.see(f"/case/{case.id}")
    assert "Asked further" in page
    assert "And for &lt;b&gt;Mars&lt;/b&gt;?" in page


async def test_a_case_is_handed_over_to_somebody_who_works_here(
    ann: Person, ben: Person, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, [*opening(review()), *opening(question())])
    await ann.see("/case/REVIEW11")
    assert (await ann.step("REVIEW11", "assign", to="telegram:999")).status_code == 422
    assert (await ann.step("REVIEW11", "assign", to=BEN)).status_code == 303
    case = await found(cases)
    assert (case.assigned_to, case.claimed_by) == (BEN, "")
    assert (await ann.client.get("/next")).headers["location"] == "/case/QUESTION"
    assert "REVIEW11" in await ben.see("/?assigned=me")
    await ann.step("REVIEW11", "assign", to="")
    assert (await found(cases)).assigned_to == ""


async def test_a_held_case_sleeps_until_its_time(ann: Person, cases: CaseBook, redis: Redis) -> None:
    await perform(redis, opening(review()))
    assert (await ann.step("REVIEW11", "hold", until="2h")).headers["location"] == "/"
    case = await found(cases)
    assert case.wake_at is not None
    assert abs(case.wake_at - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    assert "REVIEW11" not in await ann.see("/")
    assert "REVIEW11" in await ann.see("/?asleep=1")
    assert (await ann.client.get("/next")).headers["location"] == "/"


async def test_a_time_that_means_nothing_is_told_in_words(ann: Person, cases: CaseBook, redis: Redis) -> None:
    await perform(redis, opening(review()))
    for typed in ("", "soon", "-2h", "99999d", "25:00", "<script>", "0m", "2h" * 500):
        answer = await ann.step("REVIEW11", "hold", until=typed)
        assert answer.status_code == 422, typed
        assert "That time is not understood" in answer.text
    assert (await found(cases)).wake_at is None


async def test_next_is_the_most_urgent_and_never_what_was_skipped(ann: Person, ben: Person, redis: Redis) -> None:
    grave = review("REVIEW22").model_copy(update={"severity": 5})
    await perform(redis, [*opening(question()), *opening(grave)])
    assert (await ann.client.get("/next")).headers["location"] == "/case/REVIEW22"
    await ann.see("/case/REVIEW22")
    assert (await ann.step("REVIEW22", "skip")).headers["location"] == "/next"
    assert (await ann.client.get("/next")).headers["location"] == "/case/QUESTION"
    assert (await ben.client.get("/next")).headers["location"] == "/case/REVIEW22"
    await ann.step("QUESTION", "skip")
    assert (await ann.client.get("/next")).headers["location"] == "/"


async def test_what_an_admin_is_asked_no_moderator_takes(
    app: Starlette, ann: Person, ben: Person, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, opening(review()))
    await ann.see("/case/REVIEW11")
    assert (await ann.step("REVIEW11", "escalate", asked="nobody")).status_code == 422
    assert (await ann.step("REVIEW11", "escalate", asked="admin")).status_code == 303
    page = await ben.client.get("/case/REVIEW11")
    assert 'id="not-for-you"' in page.text
    assert 'id="decide"' not in page.text
    assert (await ben.choose("REVIEW11", "dismiss", page)).status_code == 403
    assert (await ben.step("REVIEW11", "hold", until="2h")).status_code == 403
    assert (await ben.step("REVIEW11", "remark", text="I know him.")).status_code == 303
    case = await found(cases)
    assert (case.state, case.claimed_by, case.asked, case.wake_at) == ("open", "", "admin", None)
    async with working(app, redis, COY, "admin") as coy:
        assert (await coy.choose("REVIEW11", "dismiss")).status_code == 303
    assert (await found(cases)).state == "settled"


async def test_an_opinion_is_shown_and_settles_nothing(
    app: Starlette, ann: Person, ben: Person, cases: CaseBook, redis: Redis
) -> None:
    await perform(redis, opening(review()))
    assert (await ann.step("REVIEW11", "opinion", action="ban", reason="scam_fraud")).status_code == 303
    assert (await ann.step("REVIEW11", "opinion", action="nonsense", reason="scam_fraud")).status_code == 422
    assert (await ann.step("REVIEW11", "opinion", action="ban", reason="no_clause")).status_code == 422
    case = await found(cases)
    assert (case.state, [(one.by, one.action) for one in case.opinions]) == ("open", [(ANN, "ban")])
    assert "banner opinion" in await ben.see("/case/REVIEW11")
    async with working(app, redis, COY, "helper") as helper:
        assert (await helper.step("REVIEW11", "opinion", action="ban", reason="scam_fraud")).status_code == 403


async def test_a_beat_tells_whether_the_case_is_still_held(ann: Person, ben: Person, redis: Redis) -> None:
    await perform(redis, opening(review()))
    assert (await ann.step("REVIEW11", "beat")).json() == {"held": False}
    await ann.see("/case/REVIEW11")
    assert (await ann.step("REVIEW11", "beat")).json() == {"held": True}
    assert (await ben.step("REVIEW11", "beat")).json() == {"held": False}
    await ann.step("REVIEW11", "release")
    assert (await ann.step("REVIEW11", "beat")).json() == {"held": False}
    assert (await ann.step("NOWHERE1", "beat")).json() == {"held": False}


async def test_no_step_reaches_another_communitys_case_or_changes_a_settled_one(
    ann: Person, cases: CaseBook, redis: Redis
) -> None:
    there = review("REVIEW22")
    place = there.subject.place.model_copy(update={"community": "other"})
    other = there.model_copy(update={"subject": there.subject.model_copy(update={"place": place})})
    await perform(redis, [*opening(other), *opening(review())])
    await ann.choose("REVIEW11", "dismiss")
    form = {"to": ANN, "until": "2h", "asked": "admin", "action": "warn", "reason": "scam_fraud"}
    for step in ("release", "assign", "hold", "skip", "escalate", "opinion", "remark"):
        assert (await ann.step("REVIEW22", step, **form)).status_code == 404, step
        assert (await ann.step("REVIEW11", step, **form)).status_code == 303, step
    case = await found(cases)
    assert (case.state, case.assigned_to, case.wake_at, case.asked, case.opinions) == ("settled", "", None, None, ())


async def test_a_picture_of_a_web_message_is_shown_to_staff_alone(ann: Person, redis: Redis) -> None:
    case = review()
    file = Attachment(name="picture", kind="image/png", text="QR to <b>t.me</b>")
    pictured = case.model_copy(update={"subject": case.subject.model_copy(update={"attachments": (file,)})})
    await perform(redis, opening(pictured))
    assert (await ann.client.get("/case/REVIEW11/picture/0")).status_code == 404  # none kept, or none any more
    await redis.set(key("sample", "picture", case.subject.id), b"\xff\xd8\xff\xe0jpeg")
    page = await ann.see("/case/REVIEW11")
    assert '<details class="veil"><summary class="button">Show the picture' in page
    assert "QR to &lt;b&gt;t.me" in page
    shown = await ann.client.get("/case/REVIEW11/picture/0")
    assert (shown.headers["content-type"], shown.content) == ("image/jpeg", b"\xff\xd8\xff\xe0jpeg")
    assert (await ann.client.get("/case/REVIEW11/picture/7")).status_code == 404
    elsewhere = by(review("REVIEW22", AGENT), "a9")
    place = elsewhere.subject.place.model_copy(update={"platform": "telegram"})
    moved = elsewhere.model_copy(update={"subject": elsewhere.subject.model_copy(update={"place": place})})
    await perform(redis, opening(moved))
    assert (await ann.client.get("/case/REVIEW22/picture/0")).status_code == 404


async def test_what_a_session_prefers(ann: Person, redis: Redis) -> None:
    await perform(redis, [*opening(review()), *opening(question())])
    answer = await ann.post("/preferences", stay="1", case="REVIEW11")
    assert answer.headers["location"] == "/case/REVIEW11"
    assert (await ann.choose("REVIEW11", "dismiss")).headers["location"] == "/"
    assert (await ann.post("/preferences", case="//evil.test")).headers["location"] == "/"
    assert (await ann.choose("QUESTION", "dismiss")).headers["location"] == "/next"
