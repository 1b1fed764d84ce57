"""Telegram, as the house meets it."""
