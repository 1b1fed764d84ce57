"""The moderators' console: server-rendered pages with live updates, behind a login by one-time link."""
