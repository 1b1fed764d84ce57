"""What is wrong with a change of the policy is told in the caller's language, whatever it is."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from redis.asyncio import Redis

import moderation
from bot.commands.policy import told_in
from bot.words import LANGS, words
from moderation.policy import DEFAULT, PolicyError, parse
from moderation.policy.words import ENGLISH, Fault, worded
from moderation.types import Lang
from tests.bot.commands.calling import told
from tests.bot.commands.test_admins import by_lin
from tests.bot.test_router import router

SOURCES = {path: path.read_text("utf-8") for path in Path(moderation.__file__).parent.glob("**/*.py")}
HAN = re.compile(r"[\u4e00-\u9fff]")
TEXT = DEFAULT.read_text("utf-8")


def blanks(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def test_every_code_has_words_in_both_languages_and_no_word_is_left_over() -> None:
    for lang in LANGS:
        assert set(words(lang).under("fault")) == set(ENGLISH)


@pytest.mark.parametrize("code", ENGLISH)
@pytest.mark.parametrize("lang", LANGS)
def test_a_chat_s_words_of_a_code_name_no_more_than_the_fault_does(code: str, lang: Lang) -> None:
    text = words(lang).under("fault")[code]
    assert blanks(text) <= blanks(ENGLISH[code])
    if lang == "zh" and code != "at":
        assert HAN.search(text)


def test_every_code_that_the_rooms_name_is_in_the_table_and_every_one_is_named() -> None:
    """Read from the source: a new fault without words for the chats cannot slip in, nor one that has no code at all."""
    named = r'(?:Fault|Unfit)\(\s*"(\w+)"'
    texts = [text for path, text in SOURCES.items() if path.parts[-2:] != ("policy", "words.py")]
    codes = {code for text in texts for code in re.findall(named, text)}
    faults = SOURCES[next(path for path in SOURCES if path.parts[-2:] == ("policy", "faults.py"))]
    codes |= set(re.findall(r'": "(\w+)",', faults)) | {"unusable", "version_several", "version_none", "no_shadow"}
    assert codes == set(ENGLISH)
    for room in ("clauses", "faults", "book", "layers", "durations", "review"):
        text = next(text for path, text in SOURCES.items() if path.parts[-2:] == ("policy", f"{room}.py"))
        assert not re.search(r"raise ValueError|PolicyError\(f?[\"']", text), room


WRONG = [
    ("/policy set abuse review_at 7", "score_above_one"),
    ("/policy set abuse review_at -1", "greater"),
    ("/policy set abuse review_at often", "not_toml"),
    ("/policy set abuse act_at 0.01", "thresholds_crossed"),
    ("/policy set abuse severity 9", "at_most"),
    ("/policy set abuse severity 2.5", "whole_number"),
    ("/policy set abuse shadow 3", "yes_or_no"),
    ("/policy set abuse ladder remove > fly", "step_unknown"),
    ("/policy set abuse ladder timeout 99d", "step_length"),
    ("/policy set abuse ladder >", "too_short"),
    ("/policy set manners act_at 0.9", "clause_unknown"),
    ("/policy set abusee act_at 0.9", "clause_unknown"),
    ("/policy show abusee", "clause_absent"),
    ("/policy shadow abuse act_at 0.01", "thresholds_crossed"),
    ("/policy rollback", "none_before"),
    ("/policy rollback 00000000", "version_none"),
]


@pytest.mark.parametrize(("typed", "code"), WRONG)
async def test_a_wrong_change_is_told_in_the_language_of_its_caller(redis: Redis, typed: str, code: str) -> None:
    walk, first = router(redis), r"[^{]+"
    for lang, written in (("en", typed), ("zh", typed.replace("/policy", "/规则"))):
        answer = await told(redis, walk, by_lin(written, f"c-{lang}"))
        pieces = re.findall(first, re.sub(r"\{\w+\}", "{", words(lang).under("fault")[code]))
        assert all(piece in answer for piece in pieces), answer
        assert bool(HAN.search(answer)) is (lang == "zh")
        assert "/policy set:" not in answer


@pytest.mark.parametrize("lang", LANGS)
def test_a_whole_file_s_faults_are_worded_one_a_line(lang: Lang) -> None:
    broken = TEXT.replace("severity = 5", "severity = 9", 1).replace("review_at = 0.8", "reveiw_at = 0.8", 1)
    with pytest.raises(PolicyError) as error:
        parse(broken, "mine.toml")
    lines = told_in(lang, error.value).splitlines()
    assert len(lines) == len(error.value.faults) == len(str(error.value).splitlines()) >= 3
    assert all(str(line).startswith("mine.toml:") for line in str(error.value).splitlines())
    assert not any("mine.toml" in line for line in lines)
    assert any("review_at" in line and "reveiw_at" in line for line in lines)


@pytest.mark.parametrize("braces", ["{mend}", "{0}", "{", "{given.__class__}"])
def test_what_was_typed_is_shown_and_never_read_as_a_blank(braces: str) -> None:
    fault = Fault("at", {"key": braces, "what": Fault("step_unknown", {"given": braces})})
    for table in (ENGLISH, words("zh").under("fault"), words("en").under("fault")):
        assert worded(fault, table).count(braces) == 2
