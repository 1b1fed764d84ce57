"""The page of figures, over a month that is known: what is told, what is left out and why, and the files."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.figures import ENOUGH, SHADES, share
from bot.console.quality import TABLES
from bot.groups.communities import Communities
from moderation.audit import AuditBook
from moderation.cases import opening, settling
from moderation.evaluation.rates import rate
from moderation.keys import key
from moderation.policy import load
from moderation.types import TIERS, Action, Case, Tier
from tests.bot.console.test_desk import browser
from tests.bot.console.test_staff_pages import entered, posted
from tests.moderation.reviewed import LOOKS, decided, drafted, look, opened

NOW = datetime.now(UTC)
ABUSE = load().clauses["abuse"].title.en


def month() -> list[Case]:
    """50 cases with a second look, 100 of Anna's and Ben's about abuse, 12 of the policy's, 3 that wait."""
    looked = [pair for pair, times in LOOKS.items() for _ in range(times)]
    cases = [_looked(number, *pair) for number, pair in enumerate(looked)]
    cases += [_worked(number) for number in range(50, 150)]
    cases += [decided(opened(number, _at(number)), by="policy", after_s=0) for number in range(150, 162)]
    return cases + [opened(number, NOW - timedelta(hours=number - 161)) for number in range(162, 165)]


def _at(number: int) -> datetime:
    return NOW - timedelta(days=29) + timedelta(hours=4 * number)


def _looked(number: int, first: Action, second: Action) -> Case:
    case = decided(opened(number, _at(number)), first, by="web:=1+1")
    return case.model_copy(update={"after": (look(case, second),)})


def _worked(number: int) -> Case:
    """Claimed after 2 minutes and decided after 5, a tenth of them only after 101; a fifth of Ben's are taken back."""
    at, slow = _at(number), number % 10 == 0
    by, back = ("web:ben", number % 5 == 0) if number % 2 else ("web:anna", False)
    due, claimed = at + timedelta(hours=1), at + timedelta(minutes=2)
    case = opened(number, at, clause="abuse")
    settled = decided(case, by=by, after_s=6060 if slow else 300, due_at=due, first_claimed_at=claimed)
    return settled.model_copy(update={"reversal": settled.decision if back else None})


async def keep(redis: Redis, cases: list[Case]) -> None:
    """Put them on record with all that became of them."""
    pipe = redis.pipeline(transaction=False)
    for case in cases:
        for write in settling(case, case.decision) if case.decision else opening(case):
            pipe.execute_command(*write)
        fields = [(f"after:{one.by}", one.model_dump_json()) for one in case.after]
        if case.reversal:
            fields.append(("reversal", case.reversal.model_dump_json()))
        if case.first_claimed_at:
            fields.append(("first_claimed_at", str(case.first_claimed_at.timestamp())))
        for field in fields:
            pipe.hset(key("sample", "case", case.id), *field)
    await pipe.execute()


def row(page: str, section: str, name: str) -> list[str]:
    """What a reader hears of one row of a section's table, cell by cell."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition(f'<h2 id="{section}"')[2].partition("</section>")[0], re.S)
    spoken = [[told(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", one, re.S)] for one in rows]
    [found] = [cells for cells in spoken if cells and cells[0] == name]
    return found[1:]


def told(part: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def tile(page: str, name: str) -> str:
    return told(page.partition(f'<dd id="{name}">')[2].partition("</dd>")[0])


async def test_the_page_tells_what_was_simulated(admin: AsyncClient, redis: Redis) -> None:
    await keep(redis, month())
    page = (await admin.get("/quality")).text
    [looks, side, kappa, *_] = row(page, "by-clause", "all")
    assert (looks, side, kappa[:4]) == ("50", "70 % 56–81 %", "0.40")
    assert row(page, "by-clause", ABUSE)[-2:] == ["10 % 6–17 %", "90 % 83–94 %"]
    assert row(page, "by-time", ABUSE) == ["100", "2 min", "2 min", "5 min", "15 min"]
    assert row(page, "by-person", "Ben web:ben")[:3] == ["50", "2 h", "0"]
    assert row(page, "by-person", "Cy web:cy")[2] == "50"
    assert row(page, "by-person", "The policy")[0] == "12"
    assert row(page, "by-age", "1 h – 4 h") == ["3", "0"]
    assert (tile(page, "waiting"), tile(page, "decided")) == ("3", "150")
    assert tile(page, "kappa")[:4] == "0.40"
    assert "style=" not in page
    assert "加微信" not in page


async def test_every_hour_of_the_week_is_there_with_its_people(admin: AsyncClient, redis: Redis) -> None:
    await keep(redis, month())
    page = (await admin.get("/quality")).text
    cells = re.findall(r'<td class="shade-(\d)"><span class="unseen">([^<]+)</span>', page)
    assert len(cells) == 7 * 24
    assert {int(shade) for shade, _ in cells} <= set(range(SHADES + 1))
    assert ("0", "0 people, 0.0 cases an hour") in cells
    assert all(int(words.split()[0]) >= 1 for shade, words in cells if shade != "0")
    week = (await admin.get("/quality?days=7")).text
    assert 'id="few-weeks"' in week
    assert set(re.findall(r'<span class="unseen">(\S+) people', week)) == {"–"}


async def test_too_few_cases_are_told_as_too_few(admin: AsyncClient, redis: Redis) -> None:
    cases = month()
    await keep(redis, [*cases[:6], *cases[54:57]])
    page = (await admin.get("/quality")).text
    assert row(page, "by-clause", ABUSE)[-1] == "– too few (3)"
    assert row(page, "by-clause", "all")[:3] == ["6", "– too few (6)", "– too few (6)"]
    assert row(page, "by-time", ABUSE) == ["3", *["– too few (3)"] * 4]
    assert tile(page, "in-time") == "– too few (3)"
    assert not re.search(r"<t?d[^>]*>\d+ %", page)


async def test_drafts_are_told_from_each_confidence_on(admin: AsyncClient, redis: Redis) -> None:
    sent = [drafted(number, 0.66, "5 coins.", at=_at(number)) for number in range(11)]
    changed = [drafted(number, 0.52, "6 coins.", at=_at(number)) for number in range(11, 15)]
    await keep(redis, [*sent, *changed, drafted(15, 0.52, None, at=_at(15))])
    page = (await admin.get("/quality")).text
    assert row(page, "by-draft", "0.50") == ["15", "73 % 48–89 %", "1"]
    assert row(page, "by-draft", "0.65") == ["11", "100 % 74–100 %", "0"]


async def test_the_confidence_of_the_community_is_shown_and_set(admin: AsyncClient, redis: Redis) -> None:
    communities = Communities(redis, "sample")
    await keep(redis, [drafted(1, 0.66, "5 coins.", at=_at(1))])
    assert " selected" not in (await admin.get("/quality")).text
    assert (await posted(admin, "/quality/confidence", confidence="0.65")).headers["Location"] == "/quality#by-draft"
    assert (await communities.get("sample")).confidence == 0.65
    assert '<option value="0.65" selected>0.65</option>' in (await admin.get("/quality")).text
    for wrong in ("0.2", "1.5", "nan", "high"):
        refused = await posted(admin, "/quality/confidence", confidence=wrong)
        assert (refused.status_code, "from 0.5 to 1" in refused.text) == (422, True)
    await communities.keep((await communities.get("sample")).model_copy(update={"confidence": 0.72}))
    assert '<option value="0.72" selected>0.72</option>' in (await admin.get("/quality")).text
    await posted(admin, "/quality/confidence", confidence="")
    assert (await communities.get("sample")).confidence is None
    rows = [line async for page in AuditBook(redis).lines("sample") for line in page]
    lines = [line.what for line in rows if line.kind == "setting"]
    assert lines == ["answers from: - -> 0.65", "answers from: 0.72 -> -"]


async def test_where_all_answers_are_alike_kappa_is_not_defined(admin: AsyncClient, redis: Redis) -> None:
    await keep(redis, [_looked(number, "dismiss", "dismiss") for number in range(25)])
    page = (await admin.get("/quality")).text
    assert row(page, "by-clause", "all")[1:3] == ["100 % 87–100 %", "– all answers alike"]


async def test_a_community_without_cases_is_told_so(admin: AsyncClient) -> None:
    page = (await admin.get("/quality?days=90&lang=zh")).text
    assert page.count("这段时间没有案件") == 5
    assert (tile(page, "decided"), tile(page, "response")) == ("0", "– 太少（0）")


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("", 30), ("30000", 30), ("<b>", 30)])
async def test_the_period_is_one_of_three(admin: AsyncClient, asked: str, days: int) -> None:
    page = (await admin.get(f"/quality?days={asked}")).text
    assert f'<a href="/quality?days={days}" aria-current="page">' in page
    assert f"/quality/times.csv?days={days}" in page


async def test_each_table_is_a_file_that_a_spreadsheet_takes_no_harm_from(admin: AsyncClient, redis: Redis) -> None:
    await keep(redis, [*month(), drafted(200, 0.7, "5 coins.", at=_at(100))])
    for name in TABLES:
        file = await admin.get(f"/quality/{name}.csv?days=90")
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert file.headers["content-disposition"] == f'attachment; filename="xiaoer-{name}-90d.csv"'
        assert file.headers["cache-control"] == "no-store"
        text = file.content.decode("utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(text)))) >= 1, name
        assert "加微信" not in text
        assert not re.search(r"^=|,=", text, re.M)
    people = csv.DictReader(io.StringIO((await admin.get("/quality/people.csv")).content.decode("utf-8-sig")))
    assert {one["name"] for one in people} == {"'=1+1", "Anna", "Ben", "Cy"}
    assert (await admin.get("/quality/nothing.csv")).status_code == 404


async def test_another_communitys_cases_are_in_no_figure(app: Starlette, redis: Redis) -> None:
    await keep(redis, month())
    async with browser(app) as other:
        await entered(other, redis, "owner", community="other")
        assert tile((await other.get("/quality")).text, "decided") == "0"
        assert "Ben" not in (await other.get("/quality/people.csv")).text


@pytest.mark.parametrize("tier", TIERS)
async def test_only_admins_see_it(app: Starlette, redis: Redis, tier: Tier) -> None:
    async with browser(app) as client:
        await entered(client, redis, tier)
        found = {(await client.get(path)).status_code for path in ("/quality", "/quality/people.csv")}
    assert found == {200 if tier in ("admin", "owner") else 403}


@given(rows=st.integers(0, 500), part=st.floats(0, 1))
def test_a_share_is_a_number_in_its_interval_or_says_how_few(rows: int, part: float) -> None:
    figure = share(rate(round(part * rows), rows))
    if rows < ENOUGH:
        assert (figure.shown, figure.between, figure.why, figure.n) == ("", "", "few", rows)
    else:
        low, high = map(int, re.findall(r"\d+", figure.between))
        assert low <= int(figure.shown.split()[0]) <= high
        assert figure.why == ""
