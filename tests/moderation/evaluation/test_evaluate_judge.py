"""The evaluation with a whole judge over a stub classifier: evasion, gaps, held-out files, the report as files."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from moderation.evaluation.fairness import expression, identity_gaps, language_gaps, read_groups, trust_gaps
from moderation.evaluation.heldout import heldout_figures, heldout_tables, read_heldout
from moderation.evaluation.judged import Judged, judge_rows, review_lines
from moderation.evaluation.publish import ReportError, write_report
from moderation.evaluation.report import Report, evaluate_judge
from moderation.evaluation.robustness import robustness, sampled
from moderation.judging.judge import Judge
from moderation.policy import load
from moderation.training.corpus import CorpusError, Row
from tests.moderation.evaluating import SECRET, WORDS, StubWords, judged, row, write_data

POLICY = load()


def quiet(_step: str, _fraction: float) -> None:
    """No progress to show."""


def rule(rows: list[Row], classifier: StubWords) -> list[Judged]:
    return judge_rows(Judge(POLICY, classifier), rows, "new", "judging", quiet)


def spoken(count: int, tail: str = "", *clauses: str, **more: str) -> list[Row]:
    return [row(f"{WORDS} {'abcdefghijklmnopqrstuvwxyz'[at % 26]} {tail}", *clauses, **more) for at in range(count)]


def test_a_disguise_costs_what_is_no_longer_flagged() -> None:
    judge = Judge(POLICY, StubWords(scam_fraud="zebra"))
    rows = spoken(20, SECRET, "scam_fraud") + spoken(20)
    plain = judge_rows(judge, rows, "new", "judging", quiet)
    transforms = {
        "masked": lambda text, _chance: text.replace("zebra", "horse"),
        "same": lambda text, _chance: text,
        "longer": lambda text, _chance: text + " indeed",
    }
    found = {one.transform: one for one in robustness(judge, plain, 15, 0, quiet, transforms)}
    assert set(found) == {"masked", "longer", "all"}
    assert (found["masked"].plain.share, found["masked"].disguised.share) == (1.0, 0.0)
    assert (found["masked"].lost, found["masked"].cost, found["masked"].harmless.rows) == (100, 100, 0)
    assert (found["longer"].lost, found["longer"].plain.rows, found["longer"].harmless.share) == (0, 15, 0.0)
    assert found["all"].cost == 50


def test_no_clause_crowds_the_others_out_of_the_sample() -> None:
    items = [judged({"abuse": True}) for _ in range(90)] + [judged({"threat": True}) for _ in range(10)]
    drawn = sampled(items, 20, 0)
    assert sum("threat" in item.row.truth for item in drawn) == 10
    assert sampled(items, 20, 0) == drawn


@pytest.mark.parametrize(
    ("lang", "terms", "text", "held"),
    [
        ("en", ["woman", "gay"], "Two GAYS said so", True),
        ("en", ["gay"], "the gayest song", False),
        ("en", ["black people"], "a black dress", False),
        ("en", ["ain't"], "it ain't so", True),
        ("zh", ["河南人"], "我是河南人啊", True),
        ("zh", ["河南人"], "河南的快递", False),
    ],
)
def test_terms_are_words_in_english_and_pieces_in_chinese(lang: str, terms: list[str], text: str, held: bool) -> None:
    assert bool(expression(lang, terms).search(text)) is held


def test_every_group_has_words_that_find_it() -> None:
    groups = read_groups()
    assert len({(group.name, group.lang) for group in groups}) == len(groups)
    named = {(group.name, group.lang) for group in groups if group.kind == "identity"}
    assert {("women", "zh"), ("gay", "en"), ("Muslim", "zh"), ("Jewish", "en"), ("regions of China", "zh")} <= named
    assert any(group.name == "African American English" and group.kind == "dialect" for group in groups)


def test_a_judge_that_dislikes_a_group_is_found_out() -> None:
    rows = spoken(30, "says a gay friend") + spoken(30) + spoken(30, "says a Muslim friend")
    rows += spoken(30, SECRET, source="other_en")
    gaps = identity_gaps(rule(rows, StubWords(hate="gay", abuse="zebra")), read_groups())
    found = {one.group: one for one in gaps if one.on == "harmless messages"}
    assert set(found) == {"gay", "Muslim"}
    assert (found["gay"].inside.share, found["gay"].others.share, found["gay"].others.rows) == (1.0, 0.0, 30)
    assert found["gay"].difference is not None
    assert found["gay"].difference[0] == pytest.approx(1)
    assert found["gay"].difference[1] > 0.8
    assert found["Muslim"].difference is not None
    assert found["Muslim"].difference[1] < 0 < found["Muslim"].difference[2]


def test_a_dialect_is_compared_with_those_who_do_not_speak_it() -> None:
    rows = spoken(15, "finna go") + spoken(15)
    (found,) = identity_gaps(rule(rows, StubWords(abuse="finna")), read_groups())
    assert (found.group, found.against, found.inside.hits, found.others.hits) == (
        "African American English", "others", 15, 0,
    )  # fmt: skip


def test_gaps_of_language_and_trust() -> None:
    rows = spoken(10) + spoken(10, SECRET, "abuse") + [row("包裹都到了，谢谢各位老板", lang="zh", source="set_zh")]
    new = rule(rows, StubWords(abuse="zebra"))
    calm = [judged(item.row.truth, text=item.row.text, area=item.row.area) for item in new]
    talk, bad = language_gaps(new)
    assert (talk.inside.rows, talk.others.rows, talk.difference and talk.difference[0]) == (1, 10, 0)
    assert (bad.inside.rows, bad.difference) == (0, None)
    found = {(one.on, one.lang, one.group): one for one in trust_gaps({"new": new, "member": calm})}
    worse = found["bad messages", "en", "new"]
    assert (worse.inside.share, worse.others.share, worse.against) == (1.0, 0.0, "member")


GOOD = {"text": f"{WORDS} a {SECRET}", "lang": "en", "clauses": ["abuse"], "kind": "insult"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": ""}, "text"),
        ({"lang": "fr"}, "lang"),
        ({"clauses": ["rudeness"]}, "clauses"),
        ({"clauses": None}, "clauses"),
        ({"kind": ""}, "kind"),
    ],
)
def test_faults_of_held_out_files_name_the_line(tmp_path: Path, change: Mapping[str, object], fault: str) -> None:
    path = tmp_path / "more.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n\n{json.dumps({**GOOD, **change})}\n", "utf-8")
    with pytest.raises(CorpusError, match=rf"more\.jsonl:3: {fault}.*; write"):
        read_heldout(path)


def test_held_out_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.jsonl: cannot be read"):
        read_heldout(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n", "utf-8")
    with pytest.raises(CorpusError, match="holds no message"):
        read_heldout(tmp_path / "empty.jsonl")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match="is not UTF-8"):
        read_heldout(tmp_path / "bytes.jsonl")
    (tmp_path / "words.jsonl").write_text("{not json\n", "utf-8")
    with pytest.raises(CorpusError, match=r"words\.jsonl:1: the line: .*; write"):
        read_heldout(tmp_path / "words.jsonl")


def test_held_out_kinds_are_counted_apart(tmp_path: Path) -> None:
    lines = [
        GOOD,
        {**GOOD, "clauses": ["hate"]},
        {**GOOD, "text": WORDS},
        {**GOOD, "clauses": [], "kind": "calm", "note": "passed over"},
        {**GOOD, "text": WORDS, "clauses": [], "kind": "calm"},
    ]
    path = tmp_path / "more.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    judge = Judge(POLICY, StubWords(abuse="zebra"))
    figures = list(heldout_figures(judge, [read_heldout(path)], review_lines(POLICY, "new"), quiet))
    whole, insult, calm = figures
    assert [(one.file, one.kind) for one in figures] == [(path.name, kind) for kind in ("all", "insult", "calm")]
    assert (insult.found.hits, insult.flagged.hits, insult.flagged.rows, insult.harmless_flagged.rows) == (1, 2, 3, 0)
    assert (calm.harmless_flagged.share, calm.found.rows) == (0.5, 0)
    assert whole.right.share == pytest.approx(3 / 5)
    short, long = heldout_tables(figures)
    assert (len(short.rows), len(long.rows)) == (1, 2)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared folder in small, without the project's own examples."""
    monkeypatch.setattr("moderation.training.corpus.read_examples", lambda: iter(()))
    return write_data(tmp_path / "data")


def report(data: Path) -> Report:
    more = data / "more.jsonl"
    more.write_text(json.dumps(GOOD) + "\n", "utf-8")
    return evaluate_judge(data, POLICY, StubWords(abuse="zebra"), progress=quiet, also=[more], sample=20)


def test_the_report_holds_every_section_and_repeats_itself(data: Path) -> None:
    found, again = report(data), report(data)
    assert (found.rows, found.model) == (120, "stub-words")
    assert found.model_dump(exclude={"speed"}) == again.model_dump(exclude={"speed"})
    (clause,) = found.clauses
    assert (clause.clause, clause.recall.share, clause.precision.share) == ("abuse", 1.0, 1.0)
    titles = [table.title for table in found.tables()]
    assert len(titles) == len(set(titles)) == 12
    assert all(f"## {title}\n" in found.markdown() for title in titles)
    widths = [(len(table.columns), {len(row) for row in table.rows}) for table in found.tables()]
    assert all(rows <= {width} for width, rows in widths)


def test_the_report_is_written_as_files_that_repeat(data: Path, tmp_path: Path) -> None:
    found = report(data)
    paths = write_report(found, tmp_path / "out" / "deep")
    assert {path.name for path in paths} == {"report.md", "report.json", "reliability-en.svg"}
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_report(found, tmp_path / "out" / "deep")] == first
    figures = json.loads((tmp_path / "out" / "deep" / "report.json").read_text("utf-8"))
    assert figures["clauses"][0]["recall"]["share"] == 1.0
    assert Report.model_validate(figures) == found
    assert "](reliability-en.svg)" in (tmp_path / "out" / "deep" / "report.md").read_text("utf-8")


def test_a_report_that_cannot_be_written(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ReportError, match="cannot be written"):
        write_report(report(data), tmp_path / "file")


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        evaluate_judge(tmp_path, POLICY, StubWords(), progress=quiet)
