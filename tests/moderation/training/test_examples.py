"""The project's own examples: their form, their slots, and what is said about a broken file."""

from pathlib import Path

import pytest

from moderation.training.examples import MOST, ExampleError, read_examples, read_file


def written(folder: Path, text: str) -> Path:
    path = folder / "topic.en.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_headings_slots_and_line_breaks(tmp_path: Path):
    groups = " | ".join(f"group{number}" for number in range(20))
    path = written(tmp_path, f"# note\n{{g}} = {groups}\n[hate abuse]\ndown with {{g}}\n[]\none\\ntwo\n")
    bad, (good,) = [
        list(part)
        for part in ([e for e in read_file(path) if e.clauses], [e for e in read_file(path) if not e.clauses])
    ]
    assert good.text == "one\ntwo"
    assert len(bad) == MOST
    assert len({example.text for example in bad}) == MOST
    assert {example.clauses for example in bad} == {frozenset({"hate", "abuse"})}
    assert sum(example.share for example in bad) == pytest.approx(1)
    assert len({example.measured for example in bad}) == 1
    assert (bad[0].lang, bad[0].topic) == ("en", "topic")
    assert list(read_file(path)) == list(read_file(path))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("hello\n", r"topic.en.txt:1: a message without a heading"),
        ("[]\nfine\n[scams]\n", r"topic.en.txt:3: no such clause: scams"),
        ("[]\nhi {name}\n", r"topic.en.txt:2: no slot \{name\}"),
    ],
)
def test_a_broken_file_is_told_by_line(tmp_path: Path, text: str, fault: str):
    with pytest.raises(ExampleError, match=fault):
        list(read_file(written(tmp_path, text)))


def test_a_fifth_is_kept_for_measuring():
    lines = {
        (example.topic, example.lang, example.text): example.measured
        for example in read_examples()
        if example.share == 1
    }
    assert 0.15 < sum(lines.values()) / len(lines) < 0.25
