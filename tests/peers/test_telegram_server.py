"""The Bot API peer, driven by the real python-telegram-bot over sockets: updates, webhook, floods, settings."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    Update,
)
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter
from telegram.ext import Application, MessageHandler, filters

from tests.peers.telegram.client import client, heard, later, member, refused
from tests.peers.telegram.nouns import Chat
from tests.peers.telegram.server import TelegramServer, listening


async def test_a_revoked_token_is_unauthorized_and_a_malformed_one_not_found(tg: TelegramServer) -> None:
    old = tg.token
    new = tg.revoke()
    async with httpx.AsyncClient(base_url=tg.url, trust_env=False) as plain:
        for token, code, words in ((old, 401, "Unauthorized"), ("nonsense", 404, "Not Found")):
            answer = await plain.get(f"/bot{token}/getMe")
            assert (answer.status_code, answer.json()["description"]) == (code, words)
        answer = await plain.post(f"/bot{new}/GETCHAT", json={"chat_id": 1})
        assert answer.json() == {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
    refused_bot = client(tg, old)
    with pytest.raises(InvalidToken):
        await refused_bot.initialize()
    await refused_bot.shutdown()
    async with client(tg, new) as bot:
        assert (await bot.get_me()).can_read_all_group_messages


async def test_an_application_hears_what_people_say_and_acknowledges_it(tg: TelegramServer, shop: Chat) -> None:
    async def echo(update: Update, _context: object) -> None:
        assert update.effective_message
        await update.effective_message.reply_text("heard", do_quote=True)

    app = Application.builder().base_url(f"{tg.url}/bot").token(tg.token).build()
    app.add_handler(MessageHandler(filters.TEXT, echo))
    async with app:
        assert app.updater
        await app.start()
        await app.updater.start_polling(timeout=5)
        number = tg.say(shop, member(shop), "is it in stock?")
        await tg.until(lambda: shop.shown()[-1].text == "heard")
        await app.updater.stop()
        await app.stop()
    assert shop.shown()[-1].reply_to == number
    assert not tg.updates.pending


async def test_what_allowed_updates_does_not_name_never_comes(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    await heard(bot)
    number = tg.say(shop, member(shop), "good")
    tg.react(shop, member(shop), number, "👍")
    tg.join(shop, tg.person("Bo"))
    assert [_kind(one) for one in await heard(bot, "message", "message_reaction", "chat_member")] == ["message"] * 2
    tg.react(shop, member(shop), number, "👎")
    tg.join(shop, tg.person("An"))
    kinds = [_kind(one) for one in await heard(bot)]
    assert kinds == ["message_reaction", "chat_member", "message"], "an absent list keeps the one before"


def _kind(update: Update) -> str:
    return next(name for name in update.to_dict() if name != "update_id")


async def test_a_poll_that_waits_is_ended_by_another_one(tg: TelegramServer, bot: Bot) -> None:
    mei = tg.person("Mei")
    async with client(tg) as other:
        first = asyncio.create_task(bot.get_updates(timeout=30))
        await tg.until(lambda: len(tg.called("getUpdates")) == 1)
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates"):
            await first
        tg.say(mei, mei, "hello")
        assert len(await second) == 1
        tg.conflict()
        with pytest.raises(Conflict):
            await bot.get_updates()


async def test_updates_wait_a_day_and_a_negative_offset_forgets_the_earlier(tg: TelegramServer, bot: Bot) -> None:
    mei = tg.person("Mei")
    for text in ("one", "two", "three"):
        tg.say(mei, mei, text)
    assert [one.to_dict()["message"]["text"] for one in await bot.get_updates(offset=-1)] == ["three"]
    tg.redeliver(tg.updates.all[0])
    assert [one.to_dict()["message"]["text"] for one in await bot.get_updates()] == ["one", "three"]
    later(tg, hours=25)
    assert not await bot.get_updates()


class Receiver:
    """A bot's own web server: it fails the first `failing` deliveries of chat `slow`, then takes them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.failing = 2
        self.slow = 0
        self.full = asyncio.Event()

    async def take(self, request: Request) -> Response:
        message = (await request.json())["message"]
        if message["chat"]["id"] == self.slow and self.failing:
            self.failing -= 1
            return Response(status_code=500)
        self.taken.append((message["text"], request.headers["X-Telegram-Bot-Api-Secret-Token"]))
        if len(self.taken) == 3:
            self.full.set()
        return Response()


async def test_a_webhook_is_tried_again_and_holds_up_no_other_chat(tg: TelegramServer, bot: Bot) -> None:
    receiver, mei, bo = Receiver(), tg.person("Mei"), tg.person("Bo")
    receiver.slow = mei.id
    async with listening(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])) as url:
        await bot.set_webhook(f"{url}/hook", secret_token="s3cret", allowed_updates=["message"])
        with pytest.raises(Conflict, match="while webhook is active"):
            await bot.get_updates()
        for user, text in ((mei, "first"), (mei, "second"), (bo, "beside")):
            tg.say(user, user, text)
        async with asyncio.timeout(60):
            await receiver.full.wait()
        state = await bot.get_webhook_info()
        await bot.delete_webhook(drop_pending_updates=True)
    assert receiver.taken == [("beside", "s3cret"), ("first", "s3cret"), ("second", "s3cret")]
    assert state.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert "secret token contains unallowed" in await refused(
        tg, bot.set_webhook("https://x.example", secret_token="a b")
    )


async def test_floods_and_budgets_hold_a_chat_and_name_the_wait(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    other = tg.group("Other")
    tg.add_bot(other)
    tg.flood(shop, retry_after=7, times=2)
    for _ in range(2):
        with pytest.raises(RetryAfter) as wait:
            await bot.send_message(shop.id, "x")
        assert wait.value.retry_after == timedelta(seconds=7)
        assert await bot.send_message(other.id, "y")
    tg.chat_budget = (1, 60)
    assert await bot.send_message(shop.id, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(shop.id, "x")
    assert [one.code for one in tg.called("sendMessage")] == [429, 200, 429, 200, 200, 429]


async def test_lost_answers_and_outages(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    tg.lost = 1
    assert await refused(tg, bot.send_message(shop.id, "x")) == ""
    assert [one.text for one in shop.shown()] == ["x"], "it was carried out"
    tg.down = 502
    assert await refused(tg, bot.send_message(shop.id, "y")) == "Bad Gateway"
    assert len(shop.shown()) == 1


async def test_commands_are_kept_by_scope_and_language(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    await bot.set_my_commands([BotCommand("ask", "Ask")])
    await bot.set_my_commands([BotCommand("ask", "提问")], language_code="zh")
    await bot.set_my_commands([BotCommand("queue", "Queue")], scope=BotCommandScopeChat(shop.id))
    assert [one.description for one in await bot.get_my_commands(language_code="zh")] == ["提问"]
    assert [one.command for one in await bot.get_my_commands(scope=BotCommandScopeChat(shop.id))] == ["queue"]
    await bot.delete_my_commands()
    assert not await bot.get_my_commands()
    assert "BOT_COMMAND_INVALID" in await refused(tg, bot.set_my_commands([("Ask", "Ask")]))
    with pytest.raises(BadRequest):
        await bot.set_my_commands([BotCommand("ask", "x")], scope=BotCommandScopeChat(-1))
