"""The policy file: its faults with line and mend, and what it says."""

from pathlib import Path

import pytest

from bot.sample import POLICY
from moderation.policy import CLAUSES, DEFAULT, Policy, PolicyError, load, parse
from moderation.policy.faults import key_lines


@pytest.fixture
def broken(tmp_path: Path):
    """Writes the default policy with replacements and gives the faults that `load` tells."""

    def faults(*replacements: tuple[str, str]) -> tuple[str, list[str]]:
        text = DEFAULT.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "policy.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PolicyError) as error:
            load(path)
        return text, [line.removeprefix(f"{path}:") for line in str(error.value).splitlines()]

    return faults


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


def test_default_has_every_clause_in_both_languages():
    policy = load()
    assert set(policy.clauses) == set(CLAUSES)
    for clause in CLAUSES:
        assert policy.explain(clause, "zh") != policy.explain(clause, "en")
        assert policy.clause(clause).title.zh
        assert policy.clause(clause).title.en


def test_every_key_of_the_default_is_explained_where_it_first_stands():
    lines = DEFAULT.read_text(encoding="utf-8").splitlines()
    legend = "\n".join(line.partition("#")[2] for line in lines)
    seen: set[str] = set()
    for line in lines:
        key = line.split("=")[0].strip().split(".")[0]
        if "=" in line and not line.startswith(("#", "[")) and key.isidentifier() and key.isascii() and key not in seen:
            seen.add(key)
            assert key in legend or "#" in line or key in load().channels, f"{key} is not explained"


def test_ladder_rises_with_strikes_and_ends_on_its_last_step():
    policy = load()
    steps = [policy.rung("spam_ads", strikes) for strikes in (0, 1, 3, 99)]
    assert [step.action for step in steps] == ["remove", "timeout", "ban", "ban"]
    assert steps[1].seconds == 3600
    assert policy.rung("scam_fraud", 0).strikes == 2


def test_distress_and_injection_are_never_acted_upon():
    policy = load()
    for clause in ("distress", "prompt_injection"):
        assert policy.thresholds(clause, "general", "new").act_at == float("inf")


def test_thresholds_follow_profile_and_trust():
    policy = load()
    base = policy.thresholds("spam_ads", "general", "member")
    assert policy.thresholds("spam_ads", "general", "new").review_at < base.review_at
    assert policy.thresholds("spam_ads", "deals", "member").review_at > base.review_at
    assert policy.thresholds("spam_ads", "deals", "new").review_at < base.review_at
    assert policy.thresholds("scam_fraud", "general", "trusted").act_at == float("inf")


def test_version_follows_content_and_survives_a_round_trip():
    policy = load()
    assert Policy.model_validate_json(policy.model_dump_json()).version == policy.version
    assert policy.model_copy(update={"shadow": True}).version != policy.version


def test_channels_map_to_profiles():
    policy = load()
    assert policy.profile("deals") == "deals"
    assert policy.profile("客服") == "help"
    assert policy.profile("never heard of") == "general"


def test_every_fault_is_told_at_its_line(broken):
    text, faults = broken(
        ("review_at = 0.8", "reveiw_at = 0.97"),
        ("[trust.member]", "[trust.membr]"),
        ("[clauses.hate]", "[clauses.hatee]"),
        ('ladder = ["remove", "timeout 1h", "timeout 1d", "ban"]', 'ladder = ["remove", "timeout 1y"]'),
        ("severity = 5", "severity = 9"),
        ('title.en = "Threats"\n', ""),
    )
    expected = [
        (line_of(text, "reveiw_at"), 'did you mean "review_at"?'),
        (line_of(text, "[trust.membr]"), 'did you mean "member"?'),
        (line_of(text, "[clauses.hatee]"), 'did you mean "hate"?'),
        (line_of(text, "severity = 9"), "less than or equal to 5"),
        (line_of(text, '"timeout 1y"'), "is no step"),
        (line_of(text, 'title.zh = "威胁"'), "missing; add it"),
    ]
    for line, words in expected:
        assert any(fault.startswith(f"{line}: ") and words in fault for fault in faults), (line, words, faults)
    assert [int(fault.split(":")[0]) for fault in faults] == sorted(int(fault.split(":")[0]) for fault in faults)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "default"', 'name = "default', "is not TOML"),
        ("review_at = 0.8", "review_at = -1", "greater than 0"),
        ('act_at = "never"', 'act_at = "maybe"', "valid number"),
        ('act_at = "never"', "act_at = 7", "no score is above 1"),
        ('"timeout 1h"', '"timeout 99d"', "outside what chats allow"),
        ('deals = "deals"', 'deals = "dealz"', 'did you mean "deals"?'),
    ],
)
def test_one_fault(broken, old: str, new: str, words: str):
    source = DEFAULT.read_text(encoding="utf-8")
    old_at = next(i for i, line in enumerate(source.splitlines(), 1) if old in line and not line.startswith("#"))
    whole = source.splitlines()[old_at - 1]
    _, faults = broken((f"\n{whole}\n", "\n" + whole.replace(old, new, 1) + "\n"))
    assert len(faults) == 1
    assert faults[0].startswith(f"{old_at}: ")
    assert words in faults[0]


def test_thresholds_in_the_wrong_order(broken):
    text, faults = broken(("review_at = 0.8", "review_at = 0.9"), ('act_at = "never"', "act_at = 0.2"))
    assert f"{line_of(text, '[[profiles.announcements.adjust]]')}: " in faults[0]
    assert "give act_at the larger number" in faults[0]


def test_missing_file_and_wrong_encoding(tmp_path: Path):
    with pytest.raises(PolicyError, match="cannot be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "gbk.toml").write_bytes("name = '政策'".encode("gbk"))
    with pytest.raises(PolicyError, match="save it as UTF-8"):
        load(tmp_path / "gbk.toml")


def test_unknown_clause_is_told_with_the_likely_one():
    with pytest.raises(PolicyError, match='did you mean "abuse"'):
        load().rung("abusee", 0)


def test_lines_of_nested_arrays_and_long_texts():
    text = 'a = """\n[not.a.table]\nb = 1\n"""\n\n[x]\ny.z = [\n 1,\n 2,\n]\n[[t]]\nk = 1\n[[t]]\nk = 2\n'
    lines = key_lines(text)
    assert lines[("a",)] == 1
    assert lines[("x", "y", "z")] == 7
    assert lines[("t", 0, "k")] == 12
    assert lines[("t", 1, "k")] == 14
    assert ("not", "a", "table") not in lines


def test_a_policy_that_extends_the_default_says_only_what_differs(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "default"\nname = "mine"\n[clauses.abuse]\nact_at = 0.5\n[channels]\nladen = "deals"\n', "utf-8"
    )
    mine, default = load(path), load()
    assert (mine.name, mine.clauses["abuse"].act_at, mine.profile("laden")) == ("mine", 0.5, "deals")
    assert mine.clauses["abuse"].text == default.clauses["abuse"].text
    assert mine.clauses["scam_fraud"] == default.clauses["scam_fraud"]
    assert mine.version != default.version


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('extends = "defualt"\n', "extends"),
        ('extends = "default"\n[clauses.abuse]\nact_at = 2\nreview_at = "x"\n', ":4:"),
        ('extends = "default"\n[clauses.abuse]\nact_at = 0.1\n', ":2:"),
    ],
)
def test_faults_of_an_extending_policy_are_told_with_their_lines(tmp_path: Path, text: str, told: str):
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(PolicyError, match=told):
        load(path)


def extending(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "default"\n{text}', "utf-8")
    return load(path)


def test_three_dots_in_a_list_stand_for_what_the_packaged_list_holds(tmp_path: Path):
    packaged, ladder = load().links.allowed, load().clauses["abuse"].ladder
    assert extending(tmp_path, '[links]\nallowed = ["...", "mine.example"]\n').links.allowed == (
        *packaged,
        "mine.example",
    )
    assert extending(tmp_path, '[links]\nallowed = ["mine.example"]\n').links.allowed == ("mine.example",)
    longer = extending(tmp_path, '[clauses.abuse]\nladder = ["remove", "..."]\n').clauses["abuse"].ladder
    assert [rung.action for rung in longer] == ["remove", *(rung.action for rung in ladder)]


def test_the_sample_policy_adds_its_own_domain_to_the_packaged_ones():
    assert set(load(POLICY).links.allowed) == {*load().links.allowed, "lanqiao.example"}


@pytest.mark.parametrize(
    "text",
    [
        'name = "x"\n[links]\nallowed = ["..."]\n',
        'extends = "default"\n[[profiles.general.adjust]]\ntrust = ["...", "new"]\n',
    ],
)
def test_three_dots_with_nothing_to_stand_for_are_a_fault_at_their_line(text: str):
    with pytest.raises(PolicyError, match=r'^mine:3: .*"\.\.\." has no packaged list') as fault:
        parse(text, "mine")
    assert "\n" not in str(fault.value)
