from __future__ import annotations

import io
from typing import cast

import pytest
from redis.asyncio import Redis
from rich.console import Console

from bot.adapters.terminal_chat import TerminalChat
from bot.stream import MESSAGES, VOTES, Streams, names
from moderation.types import Message, Passage, Place, Say, Vote

HELP = Place(platform="terminal", community="sample", channel="help", profile="help")
PASSAGE = Passage(document="fees.md", title="Fees", text="A withdrawal costs ¥2.", lang="en")
ANSWER = Say(id="a1", place=HELP, text="¥2.", kind="answer", passages=(PASSAGE,))


async def typed(redis: Redis, monkeypatch: pytest.MonkeyPatch, lines: str, *said: Say) -> tuple[list[str], str]:
    """What the house hears of these lines, after the bot said something; and what the terminal shows."""
    streams, shown = Streams(redis), io.StringIO()
    chat = TerminalChat(streams.put, streams.vote, HELP, "mei", Console(file=shown, width=100))
    for effect in said:
        await chat.say(effect)
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    await chat.run()
    heard = []
    for stream in names("sample", [MESSAGES, VOTES]):
        for _, fields in cast(list[tuple[str, dict[str, str]]], await redis.xrange(stream)):
            if ":votes:" in stream:
                vote = Vote.model_validate_json(fields["body"])
                heard.append(f"{vote.member} {vote.choice} {vote.answer}")
            else:
                heard.append(Message.model_validate_json(fields["body"]).text)
    return heard, shown.getvalue()


async def test_a_command_is_a_vote_on_the_last_answer(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    thanks = Say(id="t1", place=HELP, text="You are welcome.", kind="answer")
    earlier = ANSWER.model_copy(update={"id": "a0"})
    heard, shown = await typed(redis, monkeypatch, "/up\n/person \nhow so?\n", earlier, ANSWER, thanks)
    assert heard == ["how so?", "mei up a1", "mei person a1"]
    assert shown.count("/up /down /person") == 2
    assert shown.count("Noted, thank you.") == 2


async def test_without_an_answer_there_is_nothing_to_rate(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, shown = await typed(redis, monkeypatch, "提现多少钱？\n/down\n")
    assert heard == ["提现多少钱？"]
    assert "还没有可以评价的回答。" in shown
