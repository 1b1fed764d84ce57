"""One command's lines, played to the real router, commands and books, and what is said to them.

What is typed stands in `transcripts.toml`. Only the answers and the classifier are stubs. Whatever would differ from
run to run (a case's age, a measured time) is fixed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis

from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.answering.talk import Question
from bot.bench import Bench
from bot.books import Books, open_books
from bot.commands import Commands, Reach
from bot.groups.communities import Communities, Community
from bot.outcome import Outcome
from bot.router import Router
from bot.stream import Streams
from bot.words import LANGS, words
from moderation.cases import CaseBook, opening
from moderation.judging.judge import Judge
from moderation.keys import key
from moderation.policy import parse
from moderation.policy.book import PolicyBook
from moderation.types import Author, Decision, Lang, Message, Passage, Place, Reply, Say, Tier
from tests.walk.victim import StubClassifier

PLAY: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("transcripts.toml").read_text("utf-8"))
BELOW: Final[dict[Tier, Tier]] = {"helper": "member", "moderator": "helper", "admin": "moderator"}
"""Who is refused what a tier may do."""
COMMUNITY = "tea"
AGE = timedelta(minutes=4, seconds=30)
"""How long an open case has waited."""
_CONFIRM = re.compile(r"\b[0-9a-f]{4}\b")
FILE: Final = 'extends = "default"\n[review]\nsecond_look = 1\n'
"""The policy's file: the packaged one, but every decision is looked at again."""
_TOOK = re.compile(r"\d+\.\d( ms| 毫秒)")
_TOKEN = re.compile(r"token=[\w-]+")


def said(lang: Lang, name: str, /, **values: object) -> str:
    """Words of the pages themselves."""
    return str(PLAY["page"][name][lang]).strip().format(**values)


class StubAnswers:
    """Knows one answer."""

    async def answer(self, community: str, question: str, history: Sequence[str] = (), **_bars: float | None) -> Reply:
        known = PLAY["answer"]
        lang = next((one for one in LANGS if known["question"][one] == question), None)
        if lang is None:
            return Reply(handoff=True, why="nothing_found")
        passage = Passage(document="d", title=known["title"][lang], text=known["text"][lang], lang=lang, score=1)
        return Reply(text=known["text"][lang], passages=(passage,), confidence=0.9)


class AllRights:
    """A platform that gives the bot every right."""

    async def missing(self, place: Place) -> list[str]:
        return []


class House(NamedTuple):
    """The house's books and its router, which all scenes are played with."""

    books: Books
    router: Router


def open_house(redis: Redis) -> House:
    """The house over a Redis that the scenes may empty."""
    books, classifier = open_books(Streams(redis), CaseBook(redis), Communities(redis, COMMUNITY)), StubClassifier()
    bench = Bench(Judge(parse(FILE, "scenes"), classifier), PolicyBook(redis), classifier, look_s=0)
    commands = Commands(Reach(books, bench, FILE, AllRights(), "https://desk.example"))
    floor = Floor(redis, books.members, books.history, Manners(burst_s=0))
    return House(books, Router(bench, StubAnswers(), books, floor, commands, archive_days=1))


class Scene:
    """One command's lines, played on an empty Redis."""

    def __init__(self, house: House, command: str, lang: Lang) -> None:
        self._redis, self._books, self._router = house.books.streams.redis, house.books, house.router
        self._command, self._lang = command, lang
        self._began = datetime.now(UTC) - timedelta(hours=1)
        self._filled = {"case": "", "word": ""}
        self._lines: list[Message] = []

    async def begin(self) -> None:
        """Forget all, and found the community in the page's language."""
        await self._redis.flushall()
        await self._books.communities.keep(Community(name=COMMUNITY, title="Tea", lang=self._lang, since=self._began))

    async def play(self, line: dict[str, Any]) -> str:
        """What is typed in a line, and all that is said to it."""
        message = self._message(line)
        says = await self._led_to(message, keep=line["kind"] == "before")
        if not says and line["kind"] != "before":
            raise AssertionError(f"no reply to {message.text}")
        self._filled["word"] = next((word for say in says for word in _CONFIRM.findall(say.text)), "")
        where = [said(self._lang, line["at"])] if "at" in line else []
        where += [said(self._lang, "replying", name=self._author(message.reply_to).name)] if message.reply_to else []
        self._lines.append(message)
        who = " ".join([message.author.name, *(f"({one})" for one in where)])
        return "\n".join([said(self._lang, "line", who=who, text=message.text), *map(self._shown, says)])

    def _message(self, line: dict[str, Any]) -> Message:
        alone, aloud = (line.get("at") == one for one in ("alone", "telegram"))
        by, number = line["by"], len(self._lines) + 1
        channel, platform = (f"dm-{by}" if alone else "help"), ("telegram" if aloud else "discord")
        tier = by if by in BELOW else "member"
        return Message(
            id=f"{self._command}{number}",
            place=Place(
                platform=platform,
                community=COMMUNITY,
                channel=channel,
                profile="help",
                title=said(self._lang, "channel"),
                private=alone,
            ),
            author=Author(id=by, name=PLAY["people"][by][self._lang], tier=tier),
            text=line[self._lang].format(**self._filled),
            sent_at=self._began + timedelta(minutes=number),
            reply_to=f"{self._command}{line['reply']}" if "reply" in line else None,
        )

    async def _led_to(self, message: Message, *, keep: bool) -> list[Say]:
        """What is said to a message, to the question that it is, and to the decisions that it makes."""
        outcomes = [await self._written(await self._router.handle(message))]
        if outcomes[0].fate == "asked":
            question = Question(message=message, unasked=False, heard_at=self._began)
            outcomes.append(await self._written(await self._router.answer(question)))
        for decision in await self._decided():
            case = await self._books.cases.get(COMMUNITY, decision.case)
            if case:
                outcomes.append(await self._written(await self._router.carry_out(case, decision)))
        for case in (outcome.case for outcome in outcomes if outcome.case and keep):
            self._filled["case"] = case.id
        return [effect for outcome in outcomes for effect in outcome.effects if isinstance(effect, Say)]

    async def _decided(self) -> list[Decision]:
        stream = key(COMMUNITY, "decisions", "0")
        rows = cast(list[tuple[str, dict[str, str]]], await self._redis.xrange(stream))
        await self._redis.delete(stream)
        return [Decision.model_validate_json(fields["body"]) for _, fields in rows]

    async def _written(self, outcome: Outcome) -> Outcome:
        """Everything written; an open case then waits for some minutes."""
        case = outcome.case
        aged = case.model_copy(update={"opened_at": datetime.now(UTC) - AGE}) if case else None
        for one in (*outcome.writes, *(opening(aged) if aged and aged.state == "open" else ())):
            await self._redis.execute_command(*one)
        return outcome

    def _shown(self, say: Say) -> str:
        """What the bot says, with its source and its buttons; a measured time and a secret are always the same."""
        to = f" → {PLAY['people'][say.to][self._lang]}" if say.to else ""
        text = _TOKEN.sub(
            "token=…",
            _TOOK.sub(r"0.3\1", said(self._lang, "line", who=words(self._lang)("house.name") + to, text=say.text)),
        )
        sources = [words(self._lang)("bubble.source", title=passage.title) for passage in say.passages]
        buttons = [" ".join(f"[{button.label}]" for button in say.buttons)] if say.buttons else []
        return "\n    ".join(line for line in (*text.splitlines(), *sources, *buttons) if line)

    def _author(self, id_: str) -> Author:
        return next(one.author for one in self._lines if one.id == id_)
