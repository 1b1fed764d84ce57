"""`xiaoer desk undo` and what a policy is held against afterwards, on an operator's own embedded server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.app import SAMPLE
from bot.cli import app
from bot.config import settings
from bot.redis_server import EmbeddedRedis, open_client
from moderation.audit import AuditBook, Line
from moderation.cases import CaseBook, settling
from moderation.errors import XiaoerError
from moderation.types import Author, Case, Decision, Message, Place, Verdict, case_id

SCAM = "刷单返利500，先转押金再返现，问 abc12345"
MILD = 'extends = "default"\nname = "mild"\n[clauses.scam_fraud]\nact_at = "never"\n'
HARSH = 'extends = "default"\nname = "harsh"\n'


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedRedis]:
    """The server of an operator's folder, with three scams that were decided."""
    for name, text in (("mild", MILD), ("harsh", HARSH)):
        (folder / f"{name}.toml").write_text(text, "utf-8")
    embedded = EmbeddedRedis(settings().data_dir)
    embedded.start()
    asyncio.run(filled(embedded.url, ["policy", "policy", "web:ben"]))
    yield embedded
    embedded.stop()


async def filled(url: str, deciders: Sequence[str]) -> None:
    place = Place(platform="web", community=SAMPLE, channel="help", profile="help")
    async with open_client(url) as redis:
        for number, by in enumerate(deciders):
            author = Author(id=f"m{number}", name="Mallory")
            subject = Message(id=f"m{number}", place=place, author=author, text=SCAM)
            decision = Decision(
                case=case_id("moderation", subject), action="ban", by=by, reason="scam_fraud", strikes=1
            )
            verdict = Verdict(ruling="act", clause="scam_fraud", policy="default@abc1234567")
            case = Case(id=decision.case, kind="moderation", subject=subject, verdict=verdict, decision=decision)
            for one in settling(case, decision):
                await redis.execute_command(*one)


def ran(*arguments: str, code: int = 0, typed: str = "") -> str:
    done = CliRunner().invoke(app, arguments, input=typed, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def after(server: EmbeddedRedis) -> tuple[list[bool], list[Line]]:
    """Which decisions stand, by the order in which they were made, and the lines of the trail, oldest first."""

    async def read() -> tuple[list[bool], list[Line]]:
        async with open_client(server.url) as redis:
            cases = sorted(await CaseBook(redis).recent(SAMPLE), key=lambda case: case.subject.id)
            return [case.reversal is None for case in cases], (await AuditBook(redis).read(SAMPLE))[::-1]

    return asyncio.run(read())


def test_what_the_policy_did_is_shown_and_taken_back_on_a_yes(server: EmbeddedRedis) -> None:
    rule = ("desk", "undo", "--clause", "scam_fraud", "--since", "1d")
    shown = ran(*rule, code=1, typed="n\n")
    assert "2 decisions on 2 members: 2 ban" in shown
    assert "Mallory" not in shown
    assert SCAM not in shown
    assert after(server)[0] == [True] * 3
    assert "2 decisions taken back" in ran(*rule, typed="y\n")
    stands, lines = after(server)
    assert stands == [False, False, True]
    assert [line.what.split(" since ")[0] for line in lines] == [
        "took back ban scam_fraud",
        "took back ban scam_fraud",
        "took back 2 of scam_fraud",
    ]
    assert {line.by.partition(":")[0] for line in lines} == {"operator"}
    assert "no such decision stands" in ran(*rule)
    assert "no such decision" in ran(*rule, "--by", "anyone", "--version", "fff")
    assert "1 decisions taken back" in ran(*rule, "--by", "anyone", "--yes")
    with pytest.raises(XiaoerError, match="write a number and h, d or w"):
        ran("desk", "undo", "--clause", "x", "--since", "soon")


def test_a_policy_that_repeats_a_mistake_is_not_set_without_a_word(server: EmbeddedRedis) -> None:
    assert "of 0 decisions" in ran("policy", "proof")
    ran("desk", "undo", "--clause", "scam_fraud", "--since", "1d", "--yes")
    told = ran("policy", "proof", code=1)
    assert "of 2 decisions that were taken back, 2 it would act on again" in told
    assert "0 it would act on again, 2 it would ask a person about" in ran("policy", "proof", "mild.toml")
    ran("policy", "set", "mild.toml")
    with pytest.raises(XiaoerError, match=r"act again on 2 messages .* --anyway"):
        ran("policy", "set", "harsh.toml")
    assert "mild" in ran("policy", "show")
    ran("policy", "set", "harsh.toml", "--anyway")
    assert "harsh" in ran("policy", "show")
    moves = [line.what for line in after(server)[1] if line.kind == "setting"]
    assert [what.split(":")[0] for what in moves] == ["policy set", "policy set"]
