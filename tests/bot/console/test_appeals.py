"""An appeal in the console: its two choices, and that nobody decides about the own decision."""

from __future__ import annotations

from redis.asyncio import Redis

from moderation.cases import CaseBook, opening
from moderation.types import Case, case_id
from tests.bot.console.test_desk import Moderator, review


async def appealed(redis: Redis) -> Case:
    """A settled case's appeal, opened."""
    first = review()
    name = case_id("appeal", first.subject)
    subject = first.subject.model_copy(update={"id": "m2", "text": "It was a joke."})
    appeal = Case(id=name, kind="appeal", subject=subject, context=(first.subject,), verdict=first.verdict, of=first.id)
    for write in opening(appeal):
        await redis.execute_command(*write)
    return appeal


async def test_who_made_the_first_decision_is_refused_and_another_decides(
    redis: Redis,
    cases: CaseBook,
    sam: Moderator,
) -> None:
    first = review()
    for write in opening(first):
        await redis.execute_command(*write)
    await sam.choose(first.id, "ban", reason="scam_fraud")
    appeal = await appealed(redis)
    page = await sam.client.get(f"/case/{appeal.id}")
    assert 'value="overturn"' in page.text
    assert 'value="uphold"' in page.text
    assert 'value="ban"' not in page.text
    refused = await sam.choose(appeal.id, "uphold", page)
    assert refused.status_code == 409
    assert "another moderator has to decide" in refused.text
    assert (await cases.get("sample", appeal.id)) is not None
    await cases.release("sample", appeal.id, (await cases.queue("sample"))[0].claimed_by)
    await sam.client.post("/logout", data={"csrf": "none"})
    await sam.log_in("Kim")
    assert (await sam.choose(appeal.id, "overturn", text="Sorry.")).status_code == 303
    settled = await cases.get("sample", appeal.id)
    assert settled is not None
    assert settled.decision is not None
    assert (settled.decision.action, settled.decision.by_name, settled.decision.text) == ("overturn", "Kim", "Sorry.")
    decisions = await sam.client.get("/decisions")
    assert "Overturned" in decisions.text
