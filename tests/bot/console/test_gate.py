"""The gate of the console: nothing is open but the door, a link lets in once, and a form must be our own."""

from __future__ import annotations

import base64
import json

import itsdangerous
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.console.login import Logins, operator
from bot.console.sessions import Sessions
from bot.web.guard import page_key
from moderation.cases import CaseBook, opening
from tests.bot.console.test_desk import SECRET, Moderator, browser, csrf, perform, review


def routes(app: Starlette) -> list[tuple[str, str]]:
    """Every method and path of the app that is not a static file."""
    found = []
    for route in app.routes:
        if isinstance(route, Route):
            found += [
                (method, route.path.replace("{case}", "REVIEW11").replace("{number:int}", "0"))
                for method in route.methods or ()
            ]
        else:
            assert isinstance(route, Mount)
            assert route.path.startswith("/static")
    return found


async def test_no_route_but_the_login_is_open(app: Starlette, redis: Redis) -> None:
    await perform(redis, opening(review()))
    async with browser(app) as client:
        closed = [(method, path) for method, path in routes(app) if path not in ("/login", "/logout")]
        assert len(closed) >= 8
        for method, path in closed:
            answer = await client.request(method, path, headers={"Origin": "http://console.test"})
            assert (answer.status_code, answer.headers.get("location")) in [(303, "/login"), (401, None)], path
            assert "USDT" not in answer.text
        hidden = [await client.get(path) for path in ("/LOGIN", "/login/../", "//login", "/nowhere")]
        assert {answer.status_code for answer in hidden} <= {303, 404}


async def test_a_visitors_cookie_opens_nothing(app: Starlette, redis: Redis) -> None:
    known = await Sessions(redis).open(operator("sample"))
    session = base64.b64encode(json.dumps({"opened": list(known)}).encode())
    for key, opened in ((page_key(SECRET, "community"), 303), (SECRET, 303), (page_key(SECRET, "console"), 200)):
        cookie = itsdangerous.TimestampSigner(key).sign(session).decode()
        async with browser(app) as client:
            assert (await client.get("/", headers={"Cookie": f"xiaoer_console={cookie}"})).status_code == opened


async def test_to_look_at_a_link_does_not_use_it_up(app: Starlette, redis: Redis) -> None:
    logins = Logins(redis)
    link = await logins.issue_link("", operator("sample"))
    async with browser(app) as preview:
        for _ in range(3):
            assert (await preview.get(link)).status_code == 200
        assert (await preview.get("/")).status_code == 303
    assert await logins.redeem(link.partition("token=")[2]) is not None


async def test_a_link_lets_in_once(app: Starlette, redis: Redis) -> None:
    async with browser(app) as client:
        moderator = Moderator(client, Logins(redis))
        link = await moderator.logins.issue_link("", operator("sample"))
        for status in (303, 403):
            page = await client.get(link)
            form = {"csrf": csrf(page), "token": link.partition("token=")[2], "name": "Sam"}
            answer = await client.post("/login", data=form, headers={"Origin": moderator.origin})
            assert answer.status_code == status
        cookie = answer.request.headers["cookie"]
        assert "xiaoer_console" in cookie
    assert "wrong, expired or used already" in answer.text


async def test_the_session_cookie_is_for_the_server_alone(app: Starlette, redis: Redis) -> None:
    async with browser(app) as client:
        cookie = (await Moderator(client, Logins(redis)).log_in()).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=43200" in cookie


async def test_who_logs_out_is_out(sam: Moderator) -> None:
    form = {"csrf": csrf(await sam.client.get("/"))}
    await sam.client.post("/logout", data=form, headers={"Origin": sam.origin})
    assert (await sam.client.get("/")).status_code == 303


@pytest.mark.parametrize("path", ["/case/REVIEW11/decide", "/case/REVIEW11/release", "/logout", "/login"])
async def test_a_post_without_the_sessions_word_or_from_elsewhere_is_refused(
    sam: Moderator, cases: CaseBook, redis: Redis, path: str
) -> None:
    await perform(redis, opening(review()))
    word = csrf(await sam.client.get("/case/REVIEW11"))
    form = {"action": "dismiss", "token": "x"}
    no_word = await sam.client.post(path, data=form, headers={"Origin": sam.origin})
    elsewhere = await sam.client.post(path, data={**form, "csrf": word}, headers={"Origin": "http://evil.test"})
    assert (no_word.status_code, elsewhere.status_code) == (403, 403)
    case = await cases.get("sample", "REVIEW11")
    assert case is not None
    assert (case.state, bool(case.claimed_by)) == ("open", True)
