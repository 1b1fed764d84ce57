"""The doctor on the chat platforms: what is wrong is told with its mend, what is not set with how to get it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discord.http import Route
from redis.asyncio import Redis

from bot.config import Settings
from bot.doctor import examine
from bot.doctor_chats import Finding, examine_chats, examine_clock
from bot.groups.communities import Communities
from bot.groups.rights import ChatRights
from moderation.errors import XiaoerError
from moderation.types import Place
from tests.peers.discord.rights import Right
from tests.peers.discord.server import DiscordServer
from tests.peers.discord.server import serving as serving_discord
from tests.peers.discord.session import Intent
from tests.peers.telegram.server import TelegramServer, serving


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with serving(TelegramServer()) as server:
        yield server


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    monkeypatch.setattr(Route, "BASE", Route.BASE)  # the check aims it at the peer, for the whole process
    async with serving_discord(DiscordServer()) as server:
        yield server


def given(**more: Any) -> Settings:
    return Settings(_env_file=None, **more)


def at(peer: TelegramServer, **more: Any) -> Settings:
    return given(telegram_token=peer.token, telegram_api=peer.url, **more)


def wrong(found: list[Finding]) -> list[str]:
    return [one.told for one in found if not one.good]


async def test_without_tokens_it_says_how_to_get_them() -> None:
    found = await examine_chats(given(), {})
    assert wrong(found) == []
    assert [part in one.told for part, one in zip(("@BotFather", "DISCORD_TOKEN"), found, strict=True)] == [True, True]


async def test_a_bot_that_may_all_is_well_and_its_link_is_told(telegram: TelegramServer) -> None:
    chat = telegram.group("Tea")
    telegram.add_bot(chat)
    found = await examine_chats(at(telegram), {"telegram": [str(chat.id)]})
    assert wrong(found) == []
    assert any("https://t.me/" in one.told for one in found)
    assert any(str(chat.id) in one.what for one in found)


async def test_privacy_mode_missing_rights_and_a_chat_it_is_not_in(telegram: TelegramServer) -> None:
    telegram.can_read_all_group_messages = False
    tea, lamps = telegram.group("Tea"), telegram.group("Lamps")
    telegram.add_bot(tea, rights=["can_manage_chat", "can_delete_messages"])
    told = wrong(await examine_chats(at(telegram, chats=f"telegram:{lamps.id}"), {"telegram": [str(tea.id)]}))
    assert [("/setprivacy" in one, "lacks Ban users" in one, "not in it" in one) for one in told] == [
        (True, False, False),
        (False, False, True),
        (False, True, False),
    ]


async def test_a_revoked_token_is_the_one_finding(telegram: TelegramServer) -> None:
    settings = at(telegram)
    telegram.revoke()
    (told,) = wrong(await examine_chats(settings, {"telegram": ["-42"]}))
    assert telegram.token not in told


@pytest.mark.parametrize("name", ["-1001234", "telegram:tea", "slack:5", "telegram:"])
async def test_a_name_in_chats_that_no_chat_has_is_told(name: str) -> None:
    found = await examine_chats(given(chats=f"discord:5, {name}"), {})
    assert [told for told in wrong(found) if name in told]
    assert len(wrong(found)) == 1


async def test_discord_s_intents_rights_and_link(discord: DiscordServer) -> None:
    guild = discord.guild("Lamps", discord.person("Wang"))
    discord.add_bot(guild, Right.VIEW_CHANNEL | Right.SEND_MESSAGES)
    discord.application.privileged = Intent.MEMBERS
    found = await examine_chats(given(discord_token=discord.token, discord_api=discord.rest), {})
    content, rights = wrong(found)
    assert "Message Content Intent is off: switch it on at" in content
    assert all(name in rights for name in ("Lamps", "Manage Messages", "Timeout Members", "Server Settings"))
    assert any("oauth2/authorize" in one.told for one in found)


async def test_a_discord_token_that_is_refused(discord: DiscordServer) -> None:
    (told,) = wrong(await examine_chats(given(discord_token="wrong.token.x", discord_api=discord.rest), {}))
    assert "wrong.token.x" not in told


async def test_clocks_that_agree_and_one_that_does_not(telegram: TelegramServer) -> None:
    good = await examine_clock(at(telegram), time.time())
    assert (good.good, "Redis, Telegram" in good.told) == (True, True)
    late = await examine_clock(given(), time.time() + 45)
    assert (late.good, "behind Redis" in late.told, "set-ntp" in late.told) == (False, True, True)
    early = await examine_clock(given(), time.time() - 45)
    assert "ahead of Redis" in early.told
    assert (await examine_clock(given(telegram_token="1:a", telegram_api="http://127.0.0.1:9"), None)).good


async def test_the_whole_examination_asks_of_the_chats_that_redis_knows(
    telegram: TelegramServer, redis: Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tea, lamps = telegram.group("Tea"), telegram.group("Lamps")
    telegram.add_bot(tea)
    book = Communities(redis, "sample")
    for chat in (tea, lamps):
        await book.of_chat("telegram", str(chat.id), chat.title)
    await book.leave("telegram", str(lamps.id))
    monkeypatch.chdir(tmp_path)
    for name, value in (("REDIS_URL", redis_url), ("TELEGRAM_TOKEN", telegram.token), ("TELEGRAM_API", telegram.url)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bot.doctor.settings", lambda: given(lm_url="http://127.0.0.1:9/v1"))
    found = {one.what: one for one in await examine()}
    assert found[f"telegram chat {tea.id}"].good
    assert f"telegram chat {lamps.id}" not in found
    assert found["clock"].good


def place(platform: str, channel: str) -> Place:
    return Place(platform=platform, community="tea", channel=channel)


async def test_the_rights_in_one_chat_tell_of_no_other(telegram: TelegramServer) -> None:
    telegram.can_read_all_group_messages = False
    tea, lamps = telegram.group("Tea"), telegram.group("Lamps")
    telegram.add_bot(tea)
    telegram.add_bot(lamps, rights=None)
    rights = ChatRights(at(telegram), Communities(None, "house"))  # type: ignore[arg-type]
    assert await rights.missing(place("telegram", f"{tea.id}/7")) == []  # an administrator hears all
    privacy, lacking = await rights.missing(place("telegram", str(lamps.id)))
    assert ("/setprivacy" in privacy, "Delete messages, Ban users" in lacking) == (True, True)


async def test_the_rights_in_one_server_tell_of_no_other(discord: DiscordServer, redis: Redis) -> None:
    book = Communities(redis, "house")
    tea, lamps = (discord.guild(name, discord.person("Wang")) for name in ("Tea", "Lamps"))
    discord.add_bot(tea)
    discord.add_bot(lamps, Right.VIEW_CHANNEL)
    await book.join("discord", tea.id, "tea")
    await book.join("discord", lamps.id, "lamps")
    rights = ChatRights(given(discord_token=discord.token, discord_api=discord.rest), book)
    here = [line for line in await rights.missing(place("discord", "5")) if "Lamps" in line]
    assert here == []
    there = await rights.missing(place("discord", "5").model_copy(update={"community": "lamps"}))
    assert any("server Lamps: the bot lacks" in line for line in there)


async def test_a_platform_without_a_token_cannot_be_asked() -> None:
    rights = ChatRights(given(), Communities(None, "house"))  # type: ignore[arg-type]
    with pytest.raises(XiaoerError, match="no token for telegram"):
        await rights.missing(place("telegram", "-42"))
