"""The pages of admins: people and roles, the audit log, health; and that nobody below sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from httpx import AsyncClient, Response
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.face import Face
from bot.console.login import Logins, Person
from bot.console.pages import all_pages
from moderation.audit import AuditBook, auditing
from moderation.keys import key
from moderation.members import giving
from moderation.seals import Sealer
from moderation.types import TIERS, Tier
from tests.bot.console.rig import rooms_of
from tests.bot.console.test_desk import browser, csrf

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ORIGIN = "http://console.test"


async def entered(
    client: AsyncClient, redis: Redis, tier: Tier, id_: str = "telegram:7", community: str = "sample"
) -> None:
    person = Person(community=community, id=id_, name="Mei", tier=tier)
    link = await Logins(redis).issue_link("", person)
    form = {"csrf": csrf(await client.get(link)), "token": link.partition("token=")[2], "name": "Mei"}
    assert (await client.post("/login", data=form, headers={"Origin": ORIGIN})).status_code == 303


async def posted(client: AsyncClient, path: str, **form: str) -> Response:
    page = await client.get("/people")
    word = csrf(page if 'name="csrf"' in page.text else await client.get("/"))
    return await client.post(path, data={"csrf": word, **form}, headers={"Origin": ORIGIN})


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[AsyncClient]:
    async with browser(app) as one:
        yield one


@pytest.mark.parametrize("tier", TIERS)
async def test_a_page_shows_itself_to_its_tier_and_to_no_lower_one(app: Starlette, redis: Redis, tier: Tier) -> None:
    rooms = rooms_of(redis)
    async with browser(app) as client:
        await entered(client, redis, tier)
        for page in all_pages(rooms, Face(rooms)):
            if page.methods == ("GET",) and "{" not in page.path and page.path != "/live":
                wanted = (200, 303) if TIERS.index(tier) >= TIERS.index(page.tier) else (403,)
                assert (await client.get(page.path)).status_code in wanted, page.path


async def test_what_the_community_gives_or_takes_counts_at_the_next_page(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "member")
    assert (await client.get("/audit")).status_code == 403
    steps: tuple[tuple[Tier, int], ...] = (("admin", 200), ("member", 403))
    for tier, status in steps:
        for write in giving("sample", "telegram:7", tier):
            await redis.execute_command(*write)
        assert (await client.get("/audit")).status_code == status


async def test_nobody_gives_or_takes_as_much_as_the_own_tier(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "admin")
    assert (await posted(client, "/people/give", who="telegram:8", tier="moderator")).status_code == 303
    assert (await posted(client, "/people/give", who="telegram:8", tier="admin")).status_code == 403
    assert (await posted(client, "/people/give", who="nobody", tier="helper")).status_code == 422
    for write in giving("sample", "discord:1", "admin"):
        await redis.execute_command(*write)
    assert (await posted(client, "/people/give", who="discord:1", tier="member")).status_code == 403
    assert await redis.hgetall(key("sample", "tiers")) == {"telegram:8": "moderator", "discord:1": "admin"}
    line = (await AuditBook(redis).read("sample", kind="setting"))[0]
    assert (line.by, line.what) == ("telegram:7", "roles telegram:8: member -> moderator")


async def test_a_person_is_logged_out_everywhere(app: Starlette, client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "owner")
    async with browser(app) as other:
        await entered(other, redis, "helper", "telegram:9")
        assert (await other.get("/")).status_code == 200
        await posted(client, "/people/end", who="telegram:9")
        assert (await other.get("/")).status_code == 303


async def test_a_session_sees_its_own_community_alone(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "owner", community="other")
    await redis.execute_command(*auditing("sample", "telegram:7", "owner", "/mode live", "done", NOW))
    assert "/mode live" not in (await client.get("/audit")).text


async def test_the_log_is_filtered_paged_and_its_words_are_no_markup(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "admin")
    for number in range(130):
        await redis.execute_command(*auditing("sample", "telegram:7", "admin", f"/note <b>{number}</b>", "done", NOW))
    page = await client.get("/audit")
    assert "&lt;b&gt;129&lt;/b&gt;" in page.text
    assert "<b>129</b>" not in page.text
    older = page.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "&lt;b&gt;0&lt;/b&gt;" in (await client.get(older)).text
    assert "/note" not in (await client.get("/audit?kind=setting")).text
    for strange in ("?before=x", "?before=1-1%0A", "?kind=<script>", "?case=%00"):
        assert (await client.get(f"/audit{strange}")).status_code == 200


async def test_the_chain_is_checked_on_demand(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "admin")
    await Sealer(redis).seal("sample")
    (line,) = await AuditBook(redis).read("sample")
    page = (await client.get("/audit?check=1")).text
    assert "banner accent" in page
    assert f'<td class="proof soft">{line.seal[:8]}</td>' in page
    assert len(line.seal) == 64


async def test_health_shows_a_dead_letter_without_its_text(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "admin")
    fields = {"stream": "messages", "order": "help", "body": "a member's words", "error": "ValueError: broken"}
    await redis.execute_command("XADD", key("sample", "dead"), "*", *(part for pair in fields.items() for part in pair))
    page = (await client.get("/health")).text
    assert "ValueError: broken" in page
    assert "a member" not in page
