"""What the bot may do in one chat, asked of its platform now."""

from __future__ import annotations

from bot.adapters.discord import checks as discord_checks
from bot.adapters.telegram import checks as telegram_checks
from bot.config import Settings
from bot.groups.communities import Communities
from moderation.errors import XiaoerError
from moderation.types import Place


class ChatRights:
    """Asks with the settings' tokens. What it tells of one community names no chat of another."""

    def __init__(self, settings: Settings, communities: Communities) -> None:
        self._settings = settings
        self._communities = communities

    async def missing(self, place: Place) -> list[str]:
        """A line with its mend for all that is wrong there. Raises XiaoerError where it cannot be asked."""
        given = self._settings
        if place.platform == "telegram" and given.telegram_token.get_secret_value():
            return await self._telegram(int(place.channel.partition("/")[0]))
        if place.platform == "discord" and given.discord_token.get_secret_value():
            return await self._discord(place.community)
        raise XiaoerError(f"this process has no token for {place.platform}; set it in .env here too")

    async def _telegram(self, chat: int) -> list[str]:
        given = self._settings
        webhook = given.telegram_webhook
        found = await telegram_checks.check(given.telegram_token, given.telegram_api, webhook=webhook, chats=[chat])
        rules = found[-1].good  # the chat comes last; an administrator hears all, whatever the privacy mode
        return [one.told for one in found if not one.good and not (rules and one.what == "telegram privacy")]

    async def _discord(self, community: str) -> list[str]:
        given = self._settings
        guilds = {int(guild) for guild in await self._communities.chats("discord", community)}
        lines = await discord_checks.check(given.discord_token, given.discord_api, only=guilds)
        return [line.told for line in lines if not line.good]
