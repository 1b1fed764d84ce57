"""Votes on the community page: who may vote on what, what others see, and what is remembered."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import cast

import pytest
from httpx import AsyncClient, Response
from redis.asyncio import Redis

from bot.adapters.web_chat import WebChat
from bot.adapters.web_room import SHOWN, Room
from bot.answering.feedback import recording
from bot.stream import VOTES, Streams, names
from bot.web.serving import bind
from moderation.policy import load
from moderation.types import Author, Enforce, Message, Passage, Place, Reply, Say, Vote
from tests.bot.adapters.tab import CHANNELS, HELP, Tab

PASSAGE = Passage(document="fees.md", title="Fees", text="A withdrawal costs ¥2.", lang="en")
GENERAL = HELP.model_copy(update={"channel": "general", "profile": "general"})


async def answered(chat: WebChat, redis: Redis, id_: str = "m1", place: Place = HELP) -> Say:
    """An answer with a source, on record and (when it is the web's) on the page."""
    question = Message(id=id_, place=place, author=Author(id="li"), text="What does a withdrawal cost?")
    said = Say(id=f"{question.key}:answer", place=place, text="¥2.", kind="answer", passages=(PASSAGE,))
    for write in recording(said, question, Reply(text="¥2.", passages=(PASSAGE,))):
        await redis.execute_command(*write)
    if place.platform == chat.platform:
        await chat.say(said)
    return said


async def vote(tab: Tab, answer: str, choice: str, channel: str = "help", **more: str) -> Response:
    form = {"csrf": await tab.csrf(), "answer": answer, "choice": choice, **more}
    return await tab.client.post(f"/c/{channel}/vote", data=form, headers={"Origin": tab.origin})


async def heard_votes(redis: Redis) -> list[Vote]:
    """What the house hears."""
    [stream] = names("sample", [VOTES])
    rows = cast(list[tuple[str, dict[str, str]]], await redis.xrange(stream))
    return [Vote.model_validate_json(fields["body"]) for _, fields in rows]


async def remembered(tab: Tab) -> dict[str, str]:
    """The visitor's own votes, as a page that opens now shows them."""
    page = (await tab.client.get("/c/help")).text
    [block] = re.findall(r'id="room">(.*?)</script>', page)
    votes: dict[str, str] = json.loads(block)["votes"]
    return votes


@pytest.fixture
async def other(chat: WebChat) -> AsyncIterator[Tab]:
    """A second visitor."""
    async with AsyncClient(base_url=chat.address, headers={"Accept-Language": "en"}) as client:
        tab = Tab(client)
        await tab.join("Lin")
        yield tab


async def test_votes_are_heard_shown_to_all_and_remembered_for_each(
    chat: WebChat, tab: Tab, other: Tab, redis: Redis
) -> None:
    await tab.join("Mei")
    said = await answered(chat, redis)
    async with other.live() as events:
        shown = (await anext(events))[2]
        assert shown["ballot"] == said.id
        assert (await anext(events))[0] == "ready"
        for one, choice, counts in (
            (tab, "up", (1, 0, 0)),
            (other, "up", (2, 0, 0)),
            (tab, "down", (1, 1, 0)),
            (tab, "person", (1, 0, 1)),
        ):
            assert (await vote(one, said.id, choice)).json() == {"choice": choice}
            event = (await anext(events))[2]
            assert (event["event"], event["id"]) == ("voted", said.id)
            assert (event["up"], event["down"], event["person"]) == counts
            assert set(event) == {"event", "id", "up", "down", "person"}  # who voted stays unsaid

    heard = await heard_votes(redis)
    assert [(one.name, one.choice) for one in heard] == [
        ("Mei", "up"),
        ("Lin", "up"),
        ("Mei", "down"),
        ("Mei", "person"),
    ]
    assert heard[0].member == heard[2].member != heard[1].member
    assert (await remembered(tab), await remembered(other)) == ({said.id: "person"}, {said.id: "up"})


async def test_the_same_vote_again_is_no_news_and_many_votes_drive_no_words_out(
    chat: WebChat, tab: Tab, other: Tab, redis: Redis
) -> None:
    await tab.join("Mei")
    said = await answered(chat, redis)
    for _ in range(2):
        assert (await vote(tab, said.id, "up")).status_code == 200
    assert len(await redis.xrange("x:{sample}:room:help") or []) == 2
    changed = Vote(community="sample", answer=said.id, member="m", choice="up")
    for number in range(SHOWN + 1):
        choice = ("up", "down")[number % 2]
        await chat.room.vote(changed.model_copy(update={"choice": choice}), "help")
    async with other.live() as events:
        seen = [(await anext(events))[2] for _ in range(2)]
        assert (await anext(events))[0] == "ready"
    assert [event["event"] for event in seen] == ["said", "voted"]
    assert (seen[1]["up"], seen[1]["down"]) == (2, 0)


async def test_a_restart_forgets_no_vote(chat: WebChat, tab: Tab, redis: Redis) -> None:
    await tab.join("Mei")
    said = await answered(chat, redis)
    await vote(tab, said.id, "down")
    room = Room(redis, Streams(redis).put_on, "sample", CHANNELS)
    listener = bind("127.0.0.1", 0, "WEB_PORT")
    later = WebChat(room, load(), listener=listener, secret="a test's secret")
    serving = asyncio.create_task(later.run())
    async with AsyncClient(base_url=later.address, cookies=tab.client.cookies) as client:
        again = Tab(client)
        assert await remembered(again) == {said.id: "down"}
        async with again.live() as events:
            assert [(await anext(events))[2].get("down") for _ in range(2)] == [None, 1]
    serving.cancel()
    await asyncio.wait([serving])


async def test_what_may_not_be_voted_on_is_refused_and_not_heard(
    chat: WebChat, tab: Tab, other: Tab, redis: Redis
) -> None:
    said = await answered(chat, redis)
    abroad = await answered(chat, redis, "m2", HELP.model_copy(update={"platform": "terminal"}))
    elsewhere = await answered(chat, redis, "m3", GENERAL)
    nameless = await vote(tab, said.id, "up")
    answers = {
        "nameless": nameless,
        "forged": await vote(other, "web:help:none:0:answer", "up"),
        "another channel's": await vote(other, elsewhere.id, "up"),
        "in another channel": await vote(other, said.id, "up", "general"),
        "another platform's": await vote(other, abroad.id, "up"),
        "no channel": await vote(other, said.id, "up", "attic"),
        "no choice": await vote(other, said.id, "sideways"),
        "no answer": await vote(other, "", "up"),
        "endless": await vote(other, "a" * 2000, "up"),
        "no word": await vote(other, said.id, "up", csrf="guessed"),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "nameless": 403,
        "forged": 404,
        "another channel's": 404,
        "in another channel": 404,
        "another platform's": 404,
        "no channel": 404,
        "no choice": 422,
        "no answer": 422,
        "endless": 422,
        "no word": 403,
    }
    assert answers["forged"].json() == {"error": "This answer is too old to rate. Please ask again."}
    other.origin = "https://evil.example"
    assert (await vote(other, said.id, "up")).status_code == 403
    assert await heard_votes(redis) == []
    assert await remembered(other) == {}


async def test_who_votes_too_fast_is_slowed_and_who_is_barred_reads_why(
    chat: WebChat, tab: Tab, other: Tab, redis: Redis
) -> None:
    await tab.join("Mei")
    said = await answered(chat, redis)
    codes = [(await vote(tab, said.id, "up")).status_code]
    while codes[-1] == 200 and len(codes) < 200:  # a busy machine votes hardly faster than it may
        codes.append((await vote(tab, said.id, ("up", "down")[len(codes) % 2])).status_code)
    assert (codes[0], codes[-1]) == (200, 429)
    assert (await tab.post("still heard")).status_code == 200

    await vote(other, said.id, "up")
    member = (await heard_votes(redis))[-1].member
    ban = Enforce(id="c1:ban", place=HELP, action="ban", message="m9", member=member, reason="scam_fraud")
    await chat.enforce(ban)
    refused = await vote(other, said.id, "down")
    assert refused.status_code == 403
    assert refused.json()["error"].startswith("You were banned")


async def test_words_without_a_source_carry_no_buttons(chat: WebChat, tab: Tab) -> None:
    for kind in ("answer", "notice", "handoff", "moderator"):
        passages = () if kind == "answer" else (PASSAGE,)
        said = {"id": kind, "place": HELP, "text": "You are welcome.", "kind": kind, "passages": passages}
        await chat.say(Say.model_validate(said))
    async with tab.live() as events:
        assert [(await anext(events))[2]["ballot"] for _ in range(4)] == [""] * 4
