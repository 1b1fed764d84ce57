"""Interactions of the Discord peer, driven by discord.py as it is: commands, menus, buttons, modals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.peers.discord.client import Client, Town, online
from tests.peers.discord.rights import MEMBERS, Right
from tests.peers.discord.server import DiscordServer, serving


@pytest.fixture
async def peer() -> AsyncIterator[DiscordServer]:
    async with serving(DiscordServer()) as peer:
        yield peer


class Asking(discord.ui.Modal, title="Why?"):
    reason: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Reason", custom_id="reason", max_length=20)

    def __init__(self) -> None:
        super().__init__(custom_id="why")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"because {self.reason.value}", view=None)


class Card(discord.ui.View):
    """A button that opens a form, and one that answers slowly."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Reject", custom_id="case:7K:reject")
    async def reject(self, interaction: discord.Interaction, _button: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(Asking())

    @discord.ui.button(label="Claim", custom_id="case:7K:claim")
    async def claim(self, interaction: discord.Interaction, _button: discord.ui.Button[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"claimed by {interaction.user.name}")


class ToChinese(app_commands.Translator):
    async def translate(
        self, text: app_commands.locale_str, lang: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        words = {"ask": "问", "report": "举报"}
        return words.get(text.message) if lang is discord.Locale.chinese else None


async def put_commands(client: Client) -> None:
    """/ask with autocomplete, /case show for moderators, "report" on a message."""

    @client.tree.command(name=app_commands.locale_str("ask"), description="Ask")
    async def ask(interaction: discord.Interaction, question: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send(f"{interaction.locale.value}: {question}!")

    @ask.autocomplete("question")
    async def offer(_interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed} {n}", value=f"{typed}{n}") for n in range(3)]

    @client.tree.context_menu(name=app_commands.locale_str("report"))
    async def report(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"reported {message.content}", ephemeral=True)

    group = app_commands.Group(
        name="case", description="Cases", default_permissions=discord.Permissions(manage_messages=True)
    )

    @group.command(name="show", description="Show")
    async def show(interaction: discord.Interaction, member: discord.Member, number: int = 1) -> None:
        await interaction.response.send_message(f"{member.name} {number}", view=Card())

    client.tree.add_command(group)
    await client.tree.set_translator(ToChinese())
    await client.tree.sync()


async def test_a_slow_answer_is_thinking_first_and_seen_by_one(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        await put_commands(client)
        asked = peer.slash(town.channel, town.seller, "问", {"question": "运费"})
        reply = await asked.reply()
        assert (reply.content, reply.only_for, reply.loading) == ("zh-CN: 运费!", town.seller.id, False)
        assert asked.acknowledged_as == 5
        assert (town.channel.texts(), town.channel.texts(town.seller)) == ([], ["zh-CN: 运费!"])


async def test_a_command_works_in_a_private_chat(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        await put_commands(client)
        asked = peer.slash(peer.dm(town.seller), town.seller, "ask", {"question": "fee"}, lang="en-US")
        assert (await asked.reply()).content == "en-US: fee!"


async def test_autocomplete_offers_choices(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        await put_commands(client)
        offered = await peer.autocomplete(town.channel, town.seller, "ask", "question", "fee").choices()
        assert [one["value"] for one in offered] == ["fee0", "fee1", "fee2"]


async def test_moderators_commands_are_not_shown_to_members(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        await put_commands(client)
        with pytest.raises(PermissionError):
            peer.slash(town.channel, town.seller, "case show", {"member": town.owner})
        shown = peer.slash(town.channel, town.owner, "case show", {"member": town.seller, "number": 7})
        assert (await shown.reply()).content == "Li 7"
        body = next(one.body for one in peer.commands if one.name == "ask")
        assert body["name_localizations"] == {"zh-CN": "问"}


async def test_a_message_is_reported_by_its_menu(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        await put_commands(client)
        bad = peer.say(town.channel, town.owner, "buy now")
        told = await peer.menu(bad, town.channel, town.seller, "举报").reply()
        assert told.content == "reported buy now"


async def test_buttons_and_a_form_change_the_card(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        await put_commands(client)
        card = await peer.slash(town.channel, town.owner, "case show", {"member": town.seller}).reply()
        assert card.buttons == {"case:7K:reject": "Reject", "case:7K:claim": "Claim"}
        claimed = await peer.press(card, town.owner, "case:7K:claim").reply()
        assert (claimed is card, card.content) == (True, "claimed by 王店长")
        opened = peer.press(card, town.owner, "case:7K:reject")
        await opened.form()
        with pytest.raises(ValueError, match="does not take"):
            peer.submit(opened, {"reason": "x" * 21})
        await peer.submit(opened, {"reason": "a scam"}).reply()
        assert (card.content, card.buttons) == ("because a scam", {})


async def test_an_interaction_is_answered_once_and_in_time(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        client.tree.command(name="wait", description="Wait")(wait)
        await client.tree.sync()
        peer.slash(town.channel, town.seller, "wait")
        first = await client.until("interaction")
        await first.response.send_message("one")
        with pytest.raises(discord.HTTPException) as twice:
            await client.http.request(callback(first), json={"type": 5})
        assert twice.value.code == 40060
        peer.slash(town.channel, town.seller, "wait")
        late = await client.until("interaction", 2)
        peer.clock.forward(3.5)
        with pytest.raises(discord.NotFound) as unknown:
            await late.response.send_message("late")
        assert unknown.value.code == 10062
        peer.clock.forward(15 * 60)
        with pytest.raises(discord.HTTPException) as expired:
            await first.followup.send("too late")
        assert expired.value.code == 50027


async def wait(_interaction: discord.Interaction) -> None:
    """Leaves the answer to the test."""
    await asyncio.sleep(0)


def callback(interaction: discord.Interaction) -> discord.http.Route:
    """The route of an interaction's first answer."""
    path = "/interactions/{webhook_id}/{webhook_token}/callback"
    return discord.http.Route("POST", path, webhook_id=interaction.id, webhook_token=interaction.token)


async def test_what_discord_does_not_take_as_an_answer(peer: DiscordServer) -> None:
    town = Town(peer, MEMBERS | Right.MANAGE_MESSAGES)
    async with online(peer) as client:
        client.tree.command(name="wait", description="Wait")(wait)
        await client.tree.sync()
        peer.slash(town.channel, town.seller, "wait")
        asked = await client.until("interaction")
        for form in (
            {"type": 4, "data": {"content": "x" * 2001}},
            {"type": 7, "data": {"content": "update"}},
            {"type": 4, "data": {"content": "x", "components": [{"type": 1, "components": []}] * 6}},
        ):
            with pytest.raises(discord.HTTPException) as refusal:
                await client.http.request(callback(asked), json=form)
            assert refusal.value.code == 50035
        await asked.response.send_message("fits")
        assert town.channel.texts() == ["fits"]
