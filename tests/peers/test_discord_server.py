"""The Discord peer, driven by discord.py as it is over real sockets: what the bot hears and says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest

from tests.peers.discord.client import Town, channel_of, online, refused
from tests.peers.discord.rights import Right
from tests.peers.discord.server import DiscordServer, serving
from tests.peers.discord.session import Intent


@pytest.fixture
async def peer() -> AsyncIterator[DiscordServer]:
    async with serving(DiscordServer()) as peer:
        yield peer


async def test_a_client_is_ready_and_knows_the_guild(peer: DiscordServer) -> None:
    town = Town(peer)
    forum = peer.forum(town.guild, "questions")
    post = peer.thread(forum, town.seller, "fees", "What does it cost?")
    async with online(peer) as client:
        guild = client.guilds[0]
        assert [channel.name for channel in guild.text_channels] == ["general"]
        assert str(guild.threads[0].id) == post.id
        assert guild.self_role == guild.me.top_role
        assert guild.me.guild_permissions.moderate_members
        members = await guild.chunk()
        assert {member.name for member in members} == {"王店长", "Li", "Xiaoer"}


async def test_a_message_is_heard_and_answered(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        asked = peer.say(town.channel, town.seller, "运费是多少？")
        message = await client.until("message")
        assert (message.content, message.author.name, str(message.id)) == ("运费是多少？", "Li", asked)
        await message.reply("10 元 @everyone <@" + town.seller.id + ">")
        answer = town.channel.shown()[1]
        assert (answer.reply_to, answer.pinged) == (asked, set())
        peer.edit(asked, "运费？")
        peer.unfold(asked)
        peer.delete(asked)
        first, second = await client.until("raw_message_edit"), await client.until("raw_message_edit", 2)
        assert (first.data["edited_timestamp"] is None, first.data["content"]) == (False, "运费？")
        assert second.data["embeds"]
        assert (await client.until("raw_message_delete")).message_id == int(asked)


async def test_an_automod_block_comes_once_for_each_of_its_actions(peer: DiscordServer) -> None:
    town = Town(peer)
    alerts = peer.channel(town.guild, "alerts")
    async with online(peer) as client:
        rule = peer.automod(town.channel, town.seller, "buy wechat now", "wechat", alert=alerts)
        blocked, alerted = await client.until("automod_action"), await client.until("automod_action", 2)
        assert (blocked.content, blocked.message_id, blocked.matched_keyword) == ("buy wechat now", None, "wechat")
        assert str(alerted.alert_system_message_id) in alerts.messages
        rules = await client.guilds[0].fetch_automod_rules()
        assert [str(one.id) for one in rules] == [rule]
        assert town.channel.texts() == []


async def test_threads_and_forum_posts_are_opened_by_both_sides(peer: DiscordServer) -> None:
    town = Town(peer)
    forum = peer.forum(town.guild, "questions")
    async with online(peer) as client:
        post = peer.thread(forum, town.seller, "fees", "How much?")
        heard = await client.until("thread_create")
        assert (str(heard.id), heard.parent.name) == (post.id, "questions")
        await heard.send("10 元")
        assert post.texts() == ["How much?", "10 元"]
        asked = peer.say(town.channel, town.seller, "and this?")
        made = await channel_of(client, town).get_partial_message(int(asked)).create_thread(name="this")
        await made.send("here")
        assert [(one.kind, one.content) for one in town.guild.named("this").shown()] == [(21, ""), (0, "here")]
        peer.thread(town.channel, town.seller, "a side talk")
        assert (await client.until("message", 6)).type is discord.MessageType.thread_created
        peer.delete_channel(forum)
        assert (await client.until("guild_channel_delete")).name == "questions"


async def test_a_reaction_an_attachment_and_a_kicked_bot_are_heard(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        picture = peer.picture("price.png", b"bytes")
        shown = peer.say(town.channel, town.seller, "", attachments=[picture])
        message = await client.until("message")
        assert await message.attachments[0].read() == b"bytes"
        peer.react(shown, town.seller, "👍")
        reaction = await client.until("raw_reaction_add")
        assert (str(reaction.message_id), reaction.member.name, str(reaction.emoji)) == (shown, "Li", "👍")
        await client.guilds[0].leave()
        await client.until("guild_remove")
        peer.add_bot(town.guild)
        assert (await client.until("guild_join")).name == "Sellers"
        peer.kick_bot(town.guild)
        await client.until("guild_remove", 2)
        await refused(50001, client.fetch_channel(int(town.channel.id)))


async def test_a_private_message_reaches_the_bot_and_back(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.whisper(town.seller, "在吗")
        message = await client.until("message")
        assert message.guild is None
        await message.channel.send("在")
        assert peer.dm(town.seller).texts() == ["在吗", "在"]


async def test_a_member_who_joins_is_announced(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        new = peer.person("New")
        peer.join(town.guild, new)
        assert (await client.until("member_join")).name == "New"
        peer.leave(town.guild, new)
        assert (await client.until("raw_member_remove")).user.name == "New"


async def test_without_the_content_intent_messages_are_blank(peer: DiscordServer) -> None:
    town = Town(peer)
    peer.application.privileged &= ~Intent.CONTENT
    intents = discord.Intents.all()
    intents.message_content = False
    intents.presences = False
    async with online(peer, intents=intents) as client:
        peer.say(town.channel, town.seller, "secret")
        peer.say(town.channel, town.seller, f"<@{peer.bot.id}> hello")
        await client.until("message", 2)
        assert [message.content for message in client.all("message")] == ["", f"<@{peer.bot.id}> hello"]
        history = [message.content async for message in channel_of(client, town).history(oldest_first=True)]
        assert history[0] == ""
        flags = (await client.application_info()).flags
        assert (flags.gateway_message_content_limited, flags.gateway_guild_members_limited) == (False, True)


async def test_a_message_with_a_nonce_is_sent_once(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        first, second = [await channel_of(client, town).send("once", nonce="7K") for _ in range(2)]
        assert (first.id, town.channel.texts()) == (second.id, ["once"])


async def test_forwards_and_webhooks_have_no_author_of_their_own_words(peer: DiscordServer) -> None:
    town = Town(peer)
    other = peer.channel(town.guild, "other")
    async with online(peer) as client:
        first = peer.say(town.channel, town.seller, "buy now")
        peer.forward(first, other, town.seller)
        peer.hook(other, "Shop bot", "new order")
        forward, hook = await client.until("message", 2), await client.until("message", 3)
        assert (forward.content, forward.message_snapshots[0].content) == ("", "buy now")
        assert (hook.author.name, str(hook.webhook_id)) == ("Shop bot", str(hook.author.id))


async def test_a_moderators_own_deletion_is_in_the_audit_log(peer: DiscordServer) -> None:
    town = Town(peer)
    bad = peer.say(town.channel, town.seller, "bad")
    async with online(peer) as client:
        peer.delete(bad, by=town.owner)
        entry = await client.until("audit_log_entry_create")
        assert (entry.action, entry.user.name) == (discord.AuditLogAction.message_delete, "王店长")


async def test_a_large_guild_tells_its_members_when_asked(peer: DiscordServer) -> None:
    town = Town(peer)
    for number in range(1100):
        peer.join(town.guild, peer.person(f"m{number}"))
    async with online(peer) as client:
        guild = client.guilds[0]
        assert (guild.large, len(guild.members)) == (True, 1)
        assert len(await guild.chunk()) == 1103
        found = await guild.query_members("m109", limit=100)
        assert len(found) == 11


async def test_what_moderators_do_by_hand_is_heard(peer: DiscordServer) -> None:
    town = Town(peer)
    town.guild.greetings = town.channel
    post = peer.thread(peer.forum(town.guild, "questions"), town.seller, "fees", "How much?")
    role = peer.role(town.guild, "helpers")
    async with online(peer) as client:
        await client.guilds[0].chunk()
        peer.rename(town.guild, "Shops")
        assert (await client.until("guild_update")).name == "Sellers"
        peer.give(town.guild, town.seller, role)
        peer.change_role(town.guild, role, rights=Right.BAN_MEMBERS)
        peer.delete_role(town.guild, role)
        assert (await client.until("guild_role_delete")).permissions.ban_members
        peer.archive(post, locked=True)
        assert (await client.until("raw_thread_update")).data["thread_metadata"]["locked"]
        peer.throw_out(town.guild, town.owner, town.seller, ban=True, reason="scam")
        with pytest.raises(PermissionError):
            peer.join(town.guild, town.seller)
        peer.forgive(town.guild, town.owner, town.seller)
        await client.until("member_unban")
        peer.join(town.guild, town.seller)
        assert (await client.until("message")).type is discord.MessageType.new_member
        actions = [entry.action.name async for entry in client.guilds[0].audit_logs()]
        assert actions == ["unban", "ban"]
        peer.outage(town.guild)
        assert (await client.until("guild_unavailable")).name == "Shops"
