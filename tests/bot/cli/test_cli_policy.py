"""The policy commands as an operator meets them, in an empty folder and on its own embedded server."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.cli.comparing import WIDTH, one_line
from bot.config import settings
from bot.history import archiving
from bot.redis_server import EmbeddedRedis, open_client
from bot.sample import DAY
from moderation.cases import CaseBook, opening
from moderation.errors import XiaoerError
from moderation.judging.lately import moderation_case
from moderation.policy import parse
from moderation.policy.shadow import comparing
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Verdict
from tests.bot.cli.test_cli import write, xiaoer

MILD = 'extends = "default"\nname = "mild"\n[clauses.abuse]\nreview_at = 0.9\nact_at = "never"\n'
HARSH = 'extends = "default"\nname = "harsh"\n[clauses.abuse]\nreview_at = 0.01\nact_at = 0.9\n'
SCAM = "加V信 abc12345 返利500,先转押金"


@pytest.fixture(autouse=True)
def two_policies(folder: Path) -> None:
    for name, text in (("mild", MILD), ("harsh", HARSH)):
        (folder / f"{name}.toml").write_text(text, "utf-8")


def version(text: str) -> str:
    return parse(text, "t").version


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["policy", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def refused(*arguments: str) -> str:
    with pytest.raises(XiaoerError) as fault:
        said(*arguments)
    return str(fault.value)


def test_a_command_of_its_own_process_tells_a_fault_in_one_line(folder: Path) -> None:
    (folder / "bad.toml").write_text("nmae = 1\n", "utf-8")
    done = xiaoer(folder, "policy", "set", "bad.toml")
    assert done.returncode == 2
    assert "bad.toml:1: unknown key" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_policy_is_set_shown_listed_and_taken_back(folder: Path) -> None:
    assert f"in force: {version(MILD)} (before: file)" in said("set", "mild.toml", "--note", "too many cases")
    assert "nothing changed" in said("set", "mild.toml")
    said("set", "harsh.toml")
    shown = said("show")
    assert shown.startswith(f"harsh, version {version(HARSH)}, stored version")
    assert "xiaoer policy rollback file" in shown
    listed = said("versions", "--log")
    assert "too many cases" in listed
    assert f"file -> {version(MILD)}" in listed
    assert f"{version(MILD)} -> {version(HARSH)}" in listed
    assert f"in force: {version(MILD)}" in said("rollback")
    assert "in force: file" in said("rollback")
    assert "no policy was in force before" in refused("rollback")
    assert f"in force: {version(HARSH)}" in said("rollback", version(HARSH)[:6])
    assert "in force: file" in said("rollback", "file")
    assert "rollback file" not in said("show")
    for which, name in (
        (version(MILD)[:4], "mild"),
        ("default", "default"),
        ("file", "Lanqiao"),
        ("harsh.toml", "harsh"),
    ):
        assert said("show", which).startswith(name)


def test_two_policies_differ_in_the_settings_that_differ(folder: Path) -> None:
    said("set", "mild.toml")
    lines = said("diff", "live", "harsh.toml").splitlines()
    assert lines == [
        'name: "mild" -> "harsh"',
        "clauses.abuse.review_at: 0.9 -> 0.01",
        'clauses.abuse.act_at: "never" -> 0.9',
    ]
    assert said("diff", version(MILD)[:5], "mild.toml") == "no difference\n"
    assert "clauses.abuse.review_at" in said("diff", "default", "live")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("set", "bad.toml"), 'bad.toml:2: unknown key "nmae"'),
        (("shadow", "bad.toml"), 'bad.toml:2: unknown key "nmae"'),
        (("set", "none.toml"), "none.toml: cannot be read"),
        (("rollback", "abcdef"), "there is none of this name"),
        (("diff", "shadow", "file"), "no policy runs in shadow"),
        (("shadow", "--report"), "no policy runs in shadow"),
        (("shadow",), "give a FILE to try, or --off, or --report"),
        (("shadow", "mild.toml", "--off"), "only one of them"),
        (("backtest", "mild.toml"), "there are no messages to replay"),
        (("backtest", "mild.toml", "--since", "soon"), "--since soon: write a number"),
        (("backtest", "mild.toml", "--since", "0d"), "--since 0d: write a number"),
        (("backtest", "mild.toml", "--out", "away/report.json"), "the folder away is not there"),
        (("backtest", "mild.toml", "--from", "bad.toml"), "bad.toml:1: the line"),
    ],
)
def test_a_fault_is_told_and_changes_nothing(folder: Path, arguments: tuple[str, ...], fault: str) -> None:
    (folder / "bad.toml").write_text('extends = "default"\nnmae = "x"\n', "utf-8")
    assert fault in refused(*arguments)
    assert "no stored version" in said("versions", "--log")


def test_a_backtest_on_a_file_of_messages(folder: Path) -> None:
    shown = said("backtest", "harsh.toml", "--from", str(DAY), "--examples", "1", "--out", "report.json")
    assert "clauses.abuse.review_at: " in shown
    assert "157 messages, 2026-11-20" in shown
    assert "a day)" in shown
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert report["messages"] == 157
    assert report["unchanged"] + sum(change["count"] for change in report["transitions"]) == 157
    changes = {(change["old"], change["new"]): change for change in report["transitions"]}
    assert changes["allow", "review abuse"]["count"] > 0
    assert all(len(change["examples"]) == 1 for change in changes.values())


def test_a_backtest_on_lines_for_the_judge(folder: Path) -> None:
    rows = [{"id": number, "text": "好的好的，谢谢老板，今天发货", "label": "harmless"} for number in range(20)]
    file = write(folder / "lines.jsonl", *rows, {"id": "scam", "text": SCAM})
    shown = said("backtest", "mild.toml", "--against", "default", "--from", str(file))
    assert "21 messages: 21 unchanged, 0 ruled otherwise" in shown
    assert "a day)" not in shown


def message(id_: str, text: str) -> Message:
    place = Place(platform="web", community="sample", channel="general", profile="general")
    at = datetime.now(UTC) - timedelta(days=1)
    return Message(id=id_, place=place, author=Author(id=id_, trust="member"), text=text, sent_at=at)


async def live_through(folder: Path) -> None:
    """What a day leaves behind: an archive, cases that a moderator decided, and what a policy in shadow made of it."""
    server = EmbeddedRedis(folder / "data")
    async with open_client(server.start()) as redis:
        cases = CaseBook(redis)
        for id_, text, action in (
            ("m1", "你这个白痴，别来了", "remove"),
            ("m2", "\x1b[31m你 真 是 个天才\n哈哈", "dismiss"),
        ):
            one, verdict = message(id_, text), Verdict(ruling=Ruling.REVIEW, clause="abuse", policy="old@0000000000")
            name = moderation_case(one)
            beside = Verdict(ruling=Ruling.ALLOW, policy=f"mild@{version(MILD)}")
            live = verdict.model_copy(update={"policy": f"harsh@{version(HARSH)}"})
            case = Case(id=name, kind="moderation", subject=one, verdict=verdict)
            await redis.xadd("x:{sample}:archive", {"message": "{}", "ruling": "act", "clause": "", "policy": ""})
            for line in (*archiving(one, verdict, 30), *comparing(one, live, beside, 30), *opening(case)):
                await redis.execute_command(*line)
            decision = {"case": name, "action": action, "by": "anna"}
            await cases.decide("sample", Decision.model_validate(decision))
    server.stop()


def test_the_archive_is_replayed_with_what_moderators_decided(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(live_through(folder))
    shown = said("backtest", "harsh.toml", "--against", "mild.toml", "--since", "2w")
    assert "2 messages" in shown
    assert "2 archived messages have the form of an earlier" in shown
    assert "Moderators decided about 2 of them: 1 breaches, 1 harmless" in shown
    assert "\x1b" not in shown
    monkeypatch.setenv("COMMUNITY", "another")
    settings.cache_clear()
    assert "there are no messages to replay" in refused("backtest", "harsh.toml")


def test_a_shadow_is_started_reported_and_ended(folder: Path) -> None:
    asyncio.run(live_through(folder))
    said("set", "harsh.toml")
    assert f"{version(MILD)} runs in shadow" in said("shadow", "mild.toml", "--note", "are we too harsh?")
    assert f"in shadow beside it: {version(MILD)}" in said("show")
    assert "in force already" in refused("shadow", "harsh.toml")
    report = said("shadow", "--report")
    assert "2 messages" in report
    assert "2  review abuse -> allow" in report
    assert "\\x1b[31m你 真 是 个天才 哈哈" in report
    assert "50% (1 of 2)" in report
    assert "nothing runs in shadow" in said("shadow", "--off")
    assert "no policy runs in shadow" in refused("shadow", "--report")


def test_a_members_text_is_one_bounded_line_that_steers_no_terminal() -> None:
    assert one_line("a\n\tb\x1b[2J\u202e[bold]c\x00") == "a b\\x1b[2J\\u202e[bold]c\\x00"
    assert len(one_line("长" * 500)) == WIDTH


def test_the_help_of_every_command_says_what_it_does(folder: Path) -> None:
    for command in ("check", "show", "set", "rollback", "versions", "diff", "shadow", "backtest"):
        assert len(said(command, "--help")) > 200
