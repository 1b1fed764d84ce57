from __future__ import annotations

import asyncio
import re
from uuid import UUID

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from starlette.datastructures import FormData

from bot.adapters.web_chat import WebChat
from bot.adapters.web_post import TEXT_LENGTH, PostError, Visitor, chosen_name, to_message
from bot.adapters.web_room import Room, said_id
from bot.stream import Streams
from bot.web.serving import address, bind
from moderation.policy import load
from moderation.types import Enforce, Message, Say
from tests.bot.adapters.tab import CHANNELS, HELP, Tab, heard

MEI = Visitor("member-1", "Mei")
POST = "0f8fad5b-d9cb-469f-a165-70867728950e"


# ---- to_message -------------------------------------------------------------------------------------------------
@given(text=st.text(min_size=1, max_size=300).filter(lambda text: text.strip()), post=st.uuids())
def test_a_form_is_the_same_message_whenever_it_comes(text: str, post: UUID) -> None:
    first, again = (to_message({"text": text, "post": str(post)}, MEI, HELP) for _ in range(2))
    assert first.key == again.key
    assert first.key != to_message({"text": text, "post": str(post)}, Visitor("member-2", "Mei"), HELP).key
    assert first.text == text.replace("\r\n", "\n").strip()
    assert Message.model_validate_json(first.model_dump_json()) == first


@pytest.mark.parametrize(
    ("text", "reply_to", "addressed"),
    [
        ("@xiaoer when is payday", "", True),
        ("@Xiaoer, hello", "", True),
        ("＠小二 佣金多少", "", True),
        ("@小二在吗", "", True),
        ("when is payday", "", False),
        ("ask @xiaoer", "", False),
        ("@xiaoerfan hi", "", False),
        ("thanks", said_id(Say(id="c1:answer", place=HELP, text="", kind="answer")), True),
        ("thanks", said_id(Say(id="c1:moderator", place=HELP, text="", kind="moderator")), False),
        ("thanks", "0123456789abcdef01234567", False),
    ],
)
def test_a_mention_or_a_reply_to_the_bot_speaks_to_it(text: str, reply_to: str, addressed: bool) -> None:
    form = {"text": text, "post": POST, "reply_to": reply_to}
    message = to_message(form, MEI, HELP)
    assert message.addressed is addressed
    assert message.reply_to == (reply_to or None)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"text": " \n ", "post": POST}, "empty"),
        ({"post": POST}, "empty"),
        ({"text": "x" * (TEXT_LENGTH + 1), "post": POST}, "long"),
        ({"text": "hi"}, "stale"),
        ({"text": "hi", "post": "no uuid"}, "stale"),
    ],
)
def test_a_form_that_is_no_message_tells_why(form: dict[str, str], why: str) -> None:
    with pytest.raises(PostError) as told:
        to_message(form, MEI, HELP)
    assert told.value.why == why


def test_a_name_holds_nothing_unseen() -> None:
    assert chosen_name(FormData({"name": "  Mei\u202e\u200b \n Lin "})) == "Mei Lin"
    with pytest.raises(PostError):
        chosen_name(FormData({"name": "\u200b\u2060"}))


# ---- posting ----------------------------------------------------------------------------------------------------
async def test_a_visitor_joins_and_is_heard(tab: Tab, redis: Redis) -> None:
    assert (await tab.join("Mei")).headers["location"] == "/c/help"
    assert (await tab.post("Where is my payout?")).status_code == 200

    (message,) = await heard(redis)
    assert (message.author.name, message.text, message.place) == ("Mei", "Where is my payout?", HELP)


async def test_a_channel_may_have_a_chinese_name(tab: Tab, redis: Redis) -> None:
    form = {"csrf": await tab.csrf(), "name": "小何", "channel": "新手问答"}
    joined = await tab.client.post("/join", data=form, headers={"Origin": tab.origin}, follow_redirects=True)
    assert "<h1>#新手问答</h1>" in joined.text
    assert (await tab.post("怎么开店？", "新手问答")).status_code == 200
    assert [message.place.channel for message in await heard(redis)] == ["新手问答"]


async def test_a_post_sent_twice_is_heard_once(tab: Tab, redis: Redis) -> None:
    await tab.join("Mei")
    answers = [await tab.post("Where is my payout?", post=POST) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await heard(redis)) == 1


async def test_who_changes_the_name_stays_the_same_member(tab: Tab, redis: Redis) -> None:
    for name in ("Mei", "Lin"):
        await tab.join(name)
        await tab.post(f"I am {name}")
    first, second = sorted(await heard(redis), key=lambda message: message.sent_at)
    assert first.author.id == second.author.id
    assert (first.author.name, second.author.name) == ("Mei", "Lin")


async def test_what_is_refused_says_why_and_is_not_heard(tab: Tab, redis: Redis) -> None:
    nameless = await tab.post("hi")
    await tab.join("Mei")
    answers = {
        "nameless": nameless,
        "announcement": await tab.post("hi", "announcements"),
        "long": await tab.post("x" * (TEXT_LENGTH + 1)),
        "attic": await tab.post("hi", "attic"),
        "no word": await tab.post("hi", csrf="guessed"),
        "huge": await tab.post("x" * 100_000),
    }
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == {"nameless": 403, "announcement": 403, "long": 422, "attic": 404, "no word": 403, "huge": 400}
    assert answers["long"].json() == {"error": "The message is too long: 4,096 characters at most."}
    assert await heard(redis) == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_another_site_cannot_post(tab: Tab, redis: Redis, origin: str) -> None:
    await tab.join("Mei")
    tab.origin = origin
    assert (await tab.post("hi")).status_code == 403
    assert await heard(redis) == []


async def test_a_forged_cookie_makes_nobody(tab: Tab) -> None:
    await tab.join("Mei")
    cookie = tab.client.cookies["xiaoer_community"]
    known = {cookie: True, cookie[:-4] + "AAAA": False}
    async with AsyncClient(base_url=tab.origin, headers={"Accept-Language": "en"}) as client:
        for value, mine in known.items():
            page = await client.get("/c/help", headers={"Cookie": f"xiaoer_community={value}"})
            assert ("You post as Mei" in page.text) is mine


async def test_a_visitor_who_goes_too_fast_is_slowed(tab: Tab) -> None:
    await tab.join("Mei")
    answers = await asyncio.gather(*(tab.post(f"hi {number}") for number in range(60)))
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json() == {"error": "You are going too fast. Wait a moment."}


async def test_a_barred_member_reads_why_and_until_when(tab: Tab, chat: WebChat, redis: Redis) -> None:
    await tab.join("Mei")
    await tab.post("first")
    (message,) = await heard(redis)
    enforce = Enforce(
        id="c1:timeout",
        place=HELP,
        action="timeout",
        message=message.id,
        member=message.author.id,
        seconds=3600,
        reason="scam_fraud",
    )
    await chat.enforce(enforce)

    refused = await tab.post("second")
    assert refused.status_code == 403
    assert re.match(r"You cannot post until \d{4}-.* UTC\. This message looks like a scam", refused.json()["error"])
    assert len(await heard(redis)) == 1
    page = await tab.client.get("/c/help", headers={"Accept-Language": "zh-CN"})
    assert "之前不能发言。 这条消息像是诈骗" in page.text


async def test_a_muted_member_is_not_told_of_a_ban(tab: Tab, chat: WebChat, redis: Redis) -> None:
    await tab.join("Mei")
    await tab.post("first")
    (message,) = await heard(redis)
    mute = Enforce(id="c1:mute", place=HELP, action="mute", message=message.id, member=message.author.id)
    await chat.enforce(mute)
    assert (await tab.post("second")).json()["error"] == "You are muted and cannot post until a moderator lifts it."
    await chat.enforce(mute.model_copy(update={"id": "c1:unmute", "action": "unmute"}))
    assert (await tab.post("third")).is_success


# ---- reading ----------------------------------------------------------------------------------------------------
async def test_markup_is_never_more_than_text(tab: Tab) -> None:
    await tab.join("<img src=x onerror=alert(1)>")
    page = (await tab.client.get("/c/help")).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize("path", ["/c/help", "/c/attic", "/static/chat.js", "/static/house/house.css"])
async def test_every_answer_is_guarded(tab: Tab, path: str) -> None:
    headers = (await tab.client.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"


async def test_the_language_is_the_browsers_until_another_is_chosen(tab: Tab) -> None:
    assert 'lang="en"' in (await tab.client.get("/c/help")).text
    assert 'lang="zh-CN"' in (await tab.client.get("/c/help?lang=zh")).text
    assert 'lang="zh-CN"' in (await tab.client.get("/c/general")).text


async def test_an_open_page_hears_what_happens_and_resumes(tab: Tab) -> None:
    await tab.join("Mei")
    await tab.post("one")
    async with tab.live() as events:
        event, cursor, said = await anext(events)
        assert (event, said["text"]) == ("room", "one")
        assert (await anext(events))[0] == "ready"
        await tab.post("two")
        assert (await anext(events))[2]["text"] == "two"
    async with tab.live(last=cursor) as events:
        assert (await anext(events))[2]["text"] == "two"
        assert (await anext(events))[0] == "ready"


async def test_words_to_one_member_are_seen_by_nobody_else(tab: Tab, chat: WebChat, redis: Redis) -> None:
    await tab.join("Mei")
    await tab.post("one")
    (message,) = await heard(redis)
    await chat.say(Say(id="c1:notice", place=HELP, text="for Mei", kind="notice", to=message.author.id))

    async with tab.live() as events:
        assert [(await anext(events))[2].get("text") for _ in range(3)] == ["one", "for Mei", None]
    async with AsyncClient(base_url=tab.origin) as client, Tab(client).live() as events:
        assert [(await anext(events))[2].get("text") for _ in range(2)] == ["one", None]


async def test_the_house_closes_with_pages_open(redis: Redis) -> None:
    room = Room(redis, Streams(redis).put_on, "sample", CHANNELS)
    listener = bind("127.0.0.1", 0, "WEB_PORT")
    where = address(listener)
    serving = asyncio.create_task(WebChat(room, load(), listener=listener, secret="s").run())
    async with AsyncClient(base_url=where) as client, Tab(client).live() as events:
        assert (await anext(events))[0] == "ready"
        serving.cancel()
        assert [event async for event in events] == []  # the stream ends in order, not by a broken connection
        with pytest.raises(asyncio.CancelledError):
            await serving


async def test_an_outage_is_told_and_the_text_stays_with_the_visitor(tmp_path: object) -> None:
    dead = Redis.from_url(f"unix://{tmp_path}/none.sock", decode_responses=True, protocol=2)
    room = Room(dead, Streams(dead).put_on, "sample", CHANNELS)
    listener = bind("127.0.0.1", 0, "WEB_PORT")
    serving = asyncio.create_task(WebChat(room, load(), listener=listener, secret="s").run())
    async with AsyncClient(base_url=address(listener), headers={"Accept-Language": "en"}, timeout=30) as client:
        tab = Tab(client)
        await tab.join("Mei")
        client.headers["Accept-Language"] = "zh"
        page = await client.get("/c/help")
        assert page.status_code == 503
        assert "服务暂时不可用" in page.text
    serving.cancel()
    await asyncio.wait([serving])
