"""The Bot API's methods for the bot itself: updates, commands, descriptions, files."""

from __future__ import annotations

import re
from typing import Any

from tests.peers.telegram.given import Given
from tests.peers.telegram.nouns import Json, bad
from tests.peers.telegram.updates import Webhook
from tests.peers.telegram.world import World

_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")


async def get_me(world: World, _given: Given) -> Json:
    more = {"can_join_groups": world.can_join_groups, "supports_inline_queries": False}
    return world.bot.json() | more | {"can_read_all_group_messages": world.can_read_all_group_messages}


async def get_updates(world: World, given: Given) -> list[Json]:
    world.updates.allow(given.json("allowed_updates"))
    limit = min(max(given.number("limit", 100), 1), 100)
    timeout = min(max(given.number("timeout"), 0), 50)
    return await world.updates.poll(given.number("offset"), limit, timeout)


async def set_webhook(world: World, given: Given) -> bool:
    secret, url = given.text("secret_token"), given.text("url")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    if not url:
        return await delete_webhook(world, given)
    # The real service takes https alone; a test on this machine has no certificate for it.
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if given.flag("drop_pending_updates"):
        world.updates.forget_all()
    world.updates.allow(given.json("allowed_updates"))
    await world.updates.hook(Webhook(url, secret, given.number("max_connections", 40)))
    return True


async def delete_webhook(world: World, given: Given) -> bool:
    if given.flag("drop_pending_updates"):
        world.updates.forget_all()
    await world.updates.unhook()
    return True


async def get_webhook_info(world: World, _given: Given) -> Json:
    return world.updates.webhook_json()


def _shelf(world: World, given: Given) -> tuple[str, str]:
    """Where commands are kept: their scope, spelled out, and their language."""
    scope = given.json("scope") or {"type": "default"}
    kind = scope.get("type")
    if kind in _CHAT_SCOPES:
        chat = world.chat(str(scope.get("chat_id", "")), "members")
        return f"{kind}:{chat.id}:{scope.get('user_id', '')}", _language(given)
    if kind not in _SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    return str(kind), _language(given)


def _language(given: Given) -> str:
    code = given.text("language_code")
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad("invalid language code specified")
    return code


async def set_my_commands(world: World, given: Given) -> bool:
    asked = given.json("commands")
    if not isinstance(asked, list):
        raise bad("can't parse commands JSON object" if "commands" in given else 'Parameter "commands" is required')
    if len(asked) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in asked:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", one.get("command", "")):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(one.get("description", "").strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[_shelf(world, given)] = asked
    return True


async def get_my_commands(world: World, given: Given) -> list[Json]:
    return world.commands.get(_shelf(world, given), [])


async def delete_my_commands(world: World, given: Given) -> bool:
    world.commands.pop(_shelf(world, given), None)
    return True


async def set_my_description(world: World, given: Given) -> bool:
    return _described(world, given, "description", 512)


async def set_my_short_description(world: World, given: Given) -> bool:
    return _described(world, given, "short_description", 120)


def _described(world: World, given: Given, name: str, limit: int) -> bool:
    if len(given.text(name)) > limit:
        raise bad(f"{name.replace('_', ' ')} is too long")
    world.descriptions[name, _language(given)] = given.text(name)
    return True


async def get_my_description(world: World, given: Given) -> Json:
    return {"description": world.descriptions.get(("description", _language(given)), "")}


async def get_my_short_description(world: World, given: Given) -> Json:
    return {"short_description": world.descriptions.get(("short_description", _language(given)), "")}


async def get_file(world: World, given: Given) -> Json:
    name = given.text("file_id")
    if not name:
        raise bad("file_id not specified")
    if name not in world.files:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if len(world.files[name]) > 20 * 2**20:
        raise bad("file is too big")
    size = len(world.files[name])
    return {"file_id": name, "file_unique_id": "u" + name, "file_size": size, "file_path": f"photos/{name}.jpg"}


async def log_out(_world: World, _given: Given) -> bool:
    return True


METHODS: dict[str, Any] = {
    "getme": get_me,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "setmydescription": set_my_description,
    "setmyshortdescription": set_my_short_description,
    "getmydescription": get_my_description,
    "getmyshortdescription": get_my_short_description,
    "getfile": get_file,
    "logout": log_out,
    "close": log_out,
}
