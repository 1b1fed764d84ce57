"""What the bot says, as each platform shows it. Words are data: none of them works as markup or as a mention."""

from bot.formatting.for_discord import discord
from bot.formatting.for_telegram import Entity, Part, telegram
from bot.formatting.splitting import split

__all__ = ["Entity", "Part", "discord", "split", "telegram"]
