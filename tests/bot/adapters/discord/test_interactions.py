"""The Discord adapter's menu: slash commands, forms, autocomplete, context menus, and answers by token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis

from moderation.types import Author
from tests.bot.adapters.discord.rig import Rig, at_work
from tests.bot.adapters.rig import PROVEN
from tests.peers.discord.nouns import Person
from tests.peers.discord.server import DiscordServer

PUT = "PUT /applications/{app}/commands"


async def cases(community: str, member: Author, command: str, parameter: str, _typed: str) -> Sequence[str]:
    """Open cases, for who may know them."""
    assert (command, parameter, community.startswith("discord-")) == ("note", "case", True)
    return [f"7KQF2M{number:02}" for number in range(30)] if member.tier == "owner" else []


@pytest.fixture
async def rig(peer: DiscordServer, redis: Redis) -> AsyncIterator[Rig]:
    async with at_work(peer, redis, suggest=cases) as rig:
        await rig.until(lambda: len(peer.gateway.sessions) > 0)
        yield rig


async def test_the_menu_is_shown_in_both_languages_to_whom_it_serves(rig: Rig) -> None:
    body = {one.name: one.body for one in rig.peer.commands}
    assert set(body) == {"ask", "mydata", "note", "policy", "Report", "Ask Xiaoer"}
    assert body["ask"]["description_localizations"]["zh-CN"] == "提问"
    assert body["mydata"]["name_localizations"]["zh-TW"] == "我的数据"
    assert body["Report"]["name_localizations"]["zh-CN"] == "举报"
    assert body["ask"]["options"][0]["description_localizations"]["en-US"] == "Question"
    assert (body["ask"]["default_member_permissions"], body["policy"]["default_member_permissions"]) == (None, 32)
    choices = body["policy"]["options"][0]["options"][0]["choices"]
    assert [one["value"] for one in choices] == ["live", "training"]


async def test_the_same_menu_is_put_once(rig: Rig) -> None:
    await rig.again()
    assert len(rig.peer.called(PUT)) == 1


async def test_a_slash_command_is_a_message_and_its_answer_comes_in_its_place(rig: Rig) -> None:
    asked = rig.peer.slash(rig.town.channel, rig.town.seller, "ask", {"question": "多久退款？"})
    assert await asked.acknowledged() == 5
    (message,) = await rig.messages()
    assert (message.id, message.text, message.addressed) == (asked.id, "/ask 多久退款？", True)
    assert (message.author.id, message.place.channel) == (rig.town.seller.id, rig.town.channel.id)
    await rig.say("3 天", passages=PROVEN, reply_to=asked.id)
    reply = await asked.reply()
    assert ("3 天" in reply.content, reply.only_for, reply.loading) == (True, None, False)
    rig.peer.press(reply, rig.town.owner, "vote:up")
    assert [one.choice for one in await rig.votes()] == ["up"]


async def test_all_but_ask_is_answered_for_one_alone_and_after_a_restart(rig: Rig) -> None:
    asked = rig.peer.slash(rig.town.channel, rig.town.seller, "mydata")
    await rig.messages()
    await rig.again()
    await rig.say("Nothing.", kind="notice", to=rig.town.seller.id, reply_to=asked.id)
    await rig.say("And that is all.", "say-2", kind="notice", to=rig.town.seller.id, reply_to=asked.id)
    replies = [await asked.reply(0), await asked.reply(1)]
    assert [one.content for one in replies] == ["Nothing.", "And that is all."]
    assert {one.only_for for one in replies} == {rig.town.seller.id}


async def test_after_fifteen_minutes_the_answer_comes_in_the_channel_and_names_the_member(rig: Rig) -> None:
    asked = rig.peer.slash(rig.town.channel, rig.town.seller, "ask", {"question": "why?"})
    await rig.messages()
    rig.peer.clock.forward(16 * 60)
    await rig.say("Because.", reply_to=asked.id)
    said = rig.said()[-1]
    assert (said.content, said.pinged) == (f"<@{rig.town.seller.id}> Because.", set())


async def test_a_form_asks_for_what_is_missing_and_outlives_a_restart(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    opened = peer.slash(town.channel, town.owner, "note", {"case": "7KQF2M9D"}, lang="en-US")
    assert (await opened.form())["title"] == "/note"
    await rig.again()
    sent = peer.submit(opened, {"words": "first line\nsecond line"})
    await sent.acknowledged()
    (message,) = await rig.messages()
    assert (message.id, message.text) == (sent.id, "/note 7KQF2M9D first line\nsecond line")


async def test_what_is_typed_finds_the_cases_for_who_may_see_them(rig: Rig) -> None:
    async def offered(person: Person, typed: str) -> list[str]:
        asked = rig.peer.autocomplete(rig.town.channel, person, "note", "case", typed)
        return [str(one["value"]) for one in await asked.choices()]

    assert len(await offered(rig.town.owner, "")) == 25
    assert await offered(rig.town.owner, "m29") == ["7KQF2M29"]
    assert await offered(rig.town.seller, "") == []


async def test_a_choice_within_a_group(rig: Rig) -> None:
    rig.peer.slash(rig.town.channel, rig.town.owner, "policy set", {"mode": "live"})
    assert [one.text for one in await rig.messages()] == ["/policy set live"]


async def test_a_message_is_reported_by_its_menu(rig: Rig) -> None:
    scam = rig.peer.say(rig.town.channel, rig.town.owner, "free money")
    asked = rig.peer.menu(scam, rig.town.channel, rig.town.seller, "Report")
    await asked.acknowledged()
    report = (await rig.messages(2))[1]
    assert (report.text, report.reply_to, report.author.id) == ("/report", scam, rig.town.seller.id)


async def test_who_asks_about_another_s_words_does_not_answer_for_them(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    odd = peer.say(town.channel, town.owner, "加微信领手机 <@1>")
    asked = peer.menu(odd, town.channel, town.seller, "Ask Xiaoer")
    await asked.acknowledged()
    question = (await rig.messages(2))[1]
    assert (question.text, question.author.id) == ("/ask 加微信领手机 <@1>", town.seller.id)
    assert question.quoted


async def test_a_removed_question_takes_its_waiting_answer_along(rig: Rig) -> None:
    asked = rig.peer.slash(rig.town.channel, rig.town.seller, "ask", {"question": "buy followers?"})
    await rig.messages()
    assert rig.said() != []
    await rig.enforce("delete", rig.town.seller, asked.id)
    assert rig.said() == []


async def test_a_command_in_a_direct_message(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    asked = peer.slash(peer.dm(town.seller), town.seller, "ask", {"question": "alone?"})
    await asked.acknowledged()
    (message,) = await rig.messages()
    assert (message.place.private, message.text) == (True, "/ask alone?")


async def test_two_processes_answer_an_interaction_once(peer: DiscordServer, redis: Redis) -> None:
    async with at_work(peer, redis, suggest=cases) as rig, at_work(peer, redis, suggest=cases) as other:
        asked = peer.slash(rig.town.channel, rig.town.seller, "ask", {"question": "twice?"})
        await asked.acknowledged()
        await rig.messages()
        peer.say(rig.town.channel, rig.town.seller, "once more")
        assert [one.text for one in await other.messages(2)] == ["/ask twice?", "once more"]
