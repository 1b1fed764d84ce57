"""What the Discord adapter hears: messages, edits, threads, direct messages, AutoMod, comings and goings."""

from __future__ import annotations

from datetime import UTC, datetime

from redis.asyncio import Redis

from bot.groups.communities import HOMES
from tests.bot.adapters.discord.rig import Rig, at_work
from tests.peers.discord.rights import MEMBERS, NOTHING, Right
from tests.peers.discord.server import DiscordServer
from tests.pictures import TELEGRAM, code, file


async def test_a_message_comes_with_its_place_and_its_author(rig: Rig) -> None:
    town = rig.town
    id_ = rig.peer.say(town.channel, town.seller, "有没有 iPhone 壳？")
    (message,) = await rig.messages()
    place, author = message.place, message.author
    assert (message.id, message.text, message.addressed, message.edit) == (id_, "有没有 iPhone 壳？", False, 0)
    assert (place.platform, place.channel, place.title, place.private) == ("discord", town.channel.id, "general", False)
    assert place.community == (await rig.home()).name
    assert (author.id, author.name, author.tier, author.bot) == (town.seller.id, "Li", "member", False)
    assert abs((message.sent_at - datetime.now(UTC)).total_seconds()) < 60


async def test_a_community_seen_for_the_first_time_is_in_training(rig: Rig) -> None:
    rig.peer.say(rig.town.channel, rig.town.seller, "hello")
    await rig.messages()
    assert ((await rig.home()).mode, (await rig.home()).title) == ("training", "Sellers")


async def test_the_guild_says_who_is_owner_admin_and_moderator(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    boss, warden = peer.person("Boss"), peer.person("Warden")
    manage, warn = peer.role(town.guild, "boss", Right.MANAGE_GUILD), peer.role(town.guild, "warden", Right.BAN_MEMBERS)
    peer.join(town.guild, boss, manage)
    peer.join(town.guild, warden, warn)
    for person in (town.owner, boss, warden, town.seller):
        peer.say(town.channel, person, "here")
    heard = {message.author.id: message.author for message in await rig.messages(4)}
    assert [heard[one.id].tier for one in (town.owner, boss, warden, town.seller)] == [
        "owner",
        "admin",
        "moderator",
        "member",
    ]
    assert heard[warden.id].roles == (warn.id,)


async def test_a_mention_a_role_mention_and_a_reply_speak_to_the_bot(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await rig.say("Refunds take 3 days.")
    answer = rig.said()[0].id
    peer.say(town.channel, town.seller, f"<@{peer.bot.id}> 多久退款？")
    peer.say(town.channel, town.seller, f"<@&{peer.bot_role(town.guild).id}> and then?")
    reply = peer.say(town.channel, town.seller, "sure?", reply_to=answer)
    other = peer.say(town.channel, town.seller, "not to you")
    peer.say(town.channel, town.owner, "nor this", reply_to=other)
    heard = await rig.messages(5)
    assert [one.addressed for one in heard] == [True, True, True, False, False]
    assert [one.text for one in heard[:2]] == ["@Xiaoer 多久退款？", "@Xiaoer and then?"]
    assert [one.reply_to for one in heard] == [None, None, answer, None, other]
    assert heard[2].id == reply


async def test_the_bots_own_words_and_discords_notes_are_not_heard(rig: Rig) -> None:
    await rig.say("I said this")
    rig.peer.put(rig.town.channel, rig.town.seller, "", kind=7)
    rig.peer.say(rig.town.channel, rig.town.seller, "the first")
    assert [one.text for one in await rig.messages()] == ["the first"]


async def test_webhooks_and_bots_are_heard_as_bots(rig: Rig) -> None:
    other = rig.peer.person("Dealbot", bot=True)
    rig.peer.join(rig.town.guild, other)
    rig.peer.say(rig.town.channel, other, "deal of the day")
    rig.peer.hook(rig.town.channel, "News", "news of the day")
    assert [one.author.bot for one in await rig.messages(2)] == [True, True]


async def test_an_edit_is_heard_once_and_an_unfolded_link_is_none(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    id_ = peer.say(town.channel, town.seller, "看 https://shop.example")
    peer.unfold(id_)
    peer.edit(id_, "看 https://scam.example")
    peer.unfold(id_)
    peer.replay(2)
    peer.say(town.channel, town.seller, "last")
    heard = await rig.messages(3)
    assert [one.text for one in heard] == ["看 https://shop.example", "看 https://scam.example", "last"]
    assert (heard[0].edit, heard[1].edit > 0, heard[1].id) == (0, True, id_)


async def test_the_same_message_delivered_twice_is_one(rig: Rig) -> None:
    rig.peer.say(rig.town.channel, rig.town.seller, "once")
    await rig.messages()
    rig.peer.replay()
    rig.peer.say(rig.town.channel, rig.town.seller, "after")
    assert [one.text for one in await rig.messages(2)] == ["once", "after"]


async def test_order_holds_in_a_channel_while_a_picture_is_read(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    peer.say(town.channel, town.seller, "扫码", attachments=[peer.picture("qr.png", file(code(TELEGRAM)))])
    peer.say(town.channel, town.seller, "after the picture")
    first, second = await rig.messages(2)
    assert [one.codes for one in first.attachments] == [(TELEGRAM,)]
    assert (first.attachments[0].name, first.attachments[0].kind) == ("qr.png", "image/png")
    assert second.text == "after the picture"


async def test_a_picture_that_cannot_be_read_is_named_all_the_same(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    broken, heavy = peer.picture("broken.png", b"no picture"), peer.picture("heavy.png", b"x") | {"size": 6 * 2**20}
    peer.say(town.channel, town.seller, "look", attachments=[broken, heavy])
    (message,) = await rig.messages()
    assert [(one.name, one.codes) for one in message.attachments] == [("broken.png", ()), ("heavy.png", ())]


async def test_what_is_forwarded_is_read(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    other = peer.channel(town.guild, "deals")
    scam = peer.say(town.channel, town.owner, "加微信 abc123 免费领手机")
    await rig.messages()
    peer.forward(scam, other, town.seller)
    heard = await rig.messages(2)
    assert (heard[1].text, heard[1].place.channel, heard[1].reply_to) == ("加微信 abc123 免费领手机", other.id, None)


async def test_a_thread_names_its_parent_and_a_post_its_title(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    forum = peer.forum(town.guild, "supply")
    thread = peer.thread(town.channel, town.seller, "shipping")
    peer.say(thread, town.seller, "how long?")
    post = peer.thread(forum, town.seller, "Phone cases wanted", "500 pieces")
    heard = {one.place.channel: one for one in await rig.messages(2)}
    said, head = heard[thread.id], heard[post.id]
    assert (said.place.parent, said.place.title) == (town.channel.id, "shipping")
    assert (head.place.parent, head.text) == (forum.id, "Phone cases wanted\n500 pieces")


async def test_a_direct_message_belongs_to_the_members_home(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    peer.say(town.channel, town.seller, "I am a member")
    await rig.messages()
    peer.whisper(town.seller, "只有你看")
    message = next(one for one in await rig.messages(2) if one.text == "只有你看")
    assert (message.place.private, message.addressed) == (True, True)
    assert message.place.community == (await rig.home()).name
    assert await rig.redis.hget(HOMES, f"discord:{town.seller.id}") == (await rig.home()).name


async def test_a_typed_command_speaks_to_the_bot(rig: Rig) -> None:
    for text in ("/ask why?", "/shrug", "ask"):
        rig.peer.say(rig.town.channel, rig.town.seller, text)
    assert [one.addressed for one in await rig.messages(3)] == [True, False, False]


async def test_what_automod_blocks_is_one_message_that_never_was(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    alerts = peer.channel(town.guild, "alerts")
    peer.automod(town.channel, town.seller, "free nitro at scam.example", "nitro", alert=alerts, timeout_s=60)
    peer.say(town.channel, town.owner, "what was that?")
    heard = await rig.messages(2)
    blocked = next(one for one in heard if one.id.startswith("automod:"))
    assert (blocked.text, blocked.author.id) == ("free nitro at scam.example", town.seller.id)
    assert blocked.place.channel == town.channel.id
    peer.automod(town.channel, town.seller, "free nitro again", "nitro")
    assert len({one.id for one in await rig.messages(3)}) == 3


async def test_a_guild_that_is_not_welcome_is_left_without_a_word(peer: DiscordServer, redis: Redis) -> None:
    async with at_work(peer, redis, welcome=frozenset({"discord:1"})) as rig:
        peer.say(rig.town.channel, rig.town.seller, "hello")
        await rig.until(lambda: peer.bot.id not in rig.town.guild.members)
        assert (await rig.streams.communities(), rig.said()) == (["sample"], [])


async def test_who_comes_and_goes_is_told(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    guest = peer.person("Guest")
    peer.join(town.guild, guest)
    peer.leave(town.guild, guest)
    joined, left = await rig.memberships(2)
    assert [(one.change, one.member.id if one.member else None) for one in (joined, left)] == [
        ("joined", guest.id),
        ("left", guest.id),
    ]
    assert joined.place.channel == town.channel.id


async def test_the_bots_own_comings_and_rights_are_told(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    peer.change_role(town.guild, peer.bot_role(town.guild), rights=MEMBERS)
    assert [one.change for one in await rig.memberships()] == ["rights_changed"]
    second = peer.guild("Buyers", town.owner)
    peer.channel(second, "lobby")
    peer.add_bot(second)
    await rig.memberships(2)
    peer.kick_bot(second)
    told = (await rig.memberships(3))[1:]
    assert {(one.change, one.place.community) for one in told} == {
        ("bot_added", f"discord-{second.id}"),
        ("bot_removed", f"discord-{second.id}"),
    }


async def test_a_role_that_the_bot_is_given_is_told_as_changed_rights(rig: Rig) -> None:
    rig.peer.say(rig.town.channel, rig.town.seller, "the bot hears")
    await rig.messages()
    rig.peer.give(rig.town.guild, rig.peer.bot, rig.peer.role(rig.town.guild, "helper"))
    assert "rights_changed" in {one.change for one in await rig.memberships()}


async def test_a_channel_closed_to_the_bot_is_told_as_changed_rights(rig: Rig) -> None:
    town = rig.town
    rig.peer.overwrite(town.channel, rig.peer.bot, NOTHING, Right.SEND_MESSAGES)
    assert [one.change for one in await rig.memberships()] == ["rights_changed"]


async def test_a_bot_that_was_removed_while_it_was_away_finds_out(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    second = peer.guild("Buyers", town.owner)
    peer.channel(second, "lobby")
    peer.add_bot(second)
    await rig.memberships()
    await rig.stop()
    peer.kick_bot(second)
    await rig.start()
    told = await rig.memberships(2)
    assert [(one.change, one.place.community) for one in told] == [
        ("bot_added", f"discord-{second.id}"),
        ("bot_removed", f"discord-{second.id}"),
    ]
