"""Who comes and goes on Telegram, where direct messages belong, and chats that get another id."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.groups.happenings import Membership
from bot.stream import MEMBERSHIPS, MESSAGES
from moderation.types import Message
from tests.bot.adapters.telegram.rig import Rig, build, listening
from tests.peers.telegram.server import TelegramServer


async def test_the_bot_and_members_come_and_go_and_each_is_told_once(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Shop talk"), peer.person("Mei")
    owner = peer.owner(chat)
    peer.add_bot(chat)
    peer.join(chat, mei)
    peer.leave(chat, mei)
    peer.demote_bot(chat)
    peer.kick_bot(chat)
    told = [(one.change, one.member and one.member.name) for one in await rig.memberships(5)]
    assert told == [
        ("bot_added", owner.first_name),
        ("joined", "Mei"),
        ("left", "Mei"),
        ("rights_changed", owner.first_name),
        ("bot_removed", owner.first_name),
    ]


async def test_a_bot_without_rights_hears_of_newcomers_by_their_service_message(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Shop talk"), peer.person("Mei")
    peer.add_bot(chat, rights=None)
    peer.join(chat, mei)
    added, joined = await rig.memberships(2)
    assert (added.change, joined.change, joined.member and joined.member.id) == ("bot_added", "joined", str(mei.id))


async def test_who_asks_to_join_has_joined_when_let_in(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Shop talk"), peer.person("Mei")
    peer.add_bot(chat)
    peer.request_to_join(chat, mei)
    await rig.settled()
    assert [one.change for one in await rig.on_stream(MEMBERSHIPS, Membership)] == ["bot_added"]
    peer.join(chat, mei)
    assert [one.change for one in await rig.memberships(2)] == ["bot_added", "joined"]


async def test_a_group_that_becomes_a_supergroup_stays_in_its_community(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Shop talk", "group"), peer.person("Mei")
    peer.add_bot(chat, rights=None)
    peer.join(chat, mei)
    peer.say(chat, mei, "before")
    (before,) = await rig.messages()
    new = peer.migrate(chat)
    peer.say(new, mei, "after")
    _, after = await rig.messages(2)
    assert (after.place.channel, after.place.community) == (str(new.id), before.place.community)
    moves = [one for one in await rig.memberships(2) if one.change == "moved"]
    assert [(one.place.channel, one.moved_to) for one in moves] == [(str(chat.id), str(new.id))]
    assert await rig.streams.communities() == [before.place.community]


async def test_words_to_the_old_id_arrive_in_the_new_chat(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Shop talk", "group"), peer.person("Mei")
    peer.add_bot(chat, rights=None)
    peer.join(chat, mei)
    peer.say(chat, mei, "before")
    await rig.messages()
    new = peer.migrate(chat)
    await rig.say(chat, "Here I am.", kind="notice")
    assert [one.text for one in new.shown()] == ["Here I am."]


async def test_a_chat_that_is_not_to_be_served_is_left_without_a_word(peer: TelegramServer, redis: Redis) -> None:
    wanted, other, mei = peer.group("Wanted"), peer.group("Other"), peer.person("Mei")
    async with listening(build(peer, redis, welcome=frozenset({f"telegram:{wanted.id}"}))) as rig:
        for chat in (other, wanted):
            peer.add_bot(chat)
            peer.join(chat, mei)
        peer.say(other, mei, "hello")
        peer.say(wanted, mei, "hello")
        await rig.messages()
        await rig.until(lambda: not peer.standing(other, peer.bot).inside)
        assert [one.place.channel for one in await rig.on_stream(MESSAGES, Message)] == [str(wanted.id)]
        assert not any(one.author == "Xiaoer" for one in other.shown())


async def test_direct_messages_belong_where_the_member_was_last_seen(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Shop talk"), peer.person("Mei")
    peer.add_bot(chat)
    peer.join(chat, mei)
    peer.say(chat, mei, "hello")
    (public,) = await rig.messages()
    peer.start(mei)
    _, private = await rig.messages(2)
    assert (private.place.community, private.place.channel) == (public.place.community, str(mei.id))
    assert (private.place.private, private.addressed, private.text) == (True, True, "/start")


async def test_a_deep_link_settles_only_a_member_of_the_community(rig: Rig, peer: TelegramServer) -> None:
    shop, rival, mei = peer.group("Shop"), peer.group("Rival"), peer.person("Mei")
    for chat in (shop, rival):
        peer.add_bot(chat)
    peer.join(shop, mei)
    ours, theirs = (await rig.place(shop)).community, (await rig.place(rival)).community
    for payload in (ours, theirs, "no-such-community", ""):
        peer.start(mei, payload)
    assert [one.place.community for one in await rig.messages(4)] == [ours] * 4


async def test_a_moderator_is_one_in_direct_messages_too(rig: Rig, peer: TelegramServer) -> None:
    chat = peer.group("Shop talk")
    owner = peer.owner(chat)
    peer.add_bot(chat)
    peer.say(chat, owner, "hello")
    await rig.messages()
    peer.start(owner)
    assert [one.author.tier for one in await rig.messages(2)] == ["owner", "owner"]
