"""What differs between two policies, told line by line."""

from __future__ import annotations

import pytest

from moderation.policy import load, parse
from moderation.policy.changes import changes, step


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[clauses.abuse]\nact_at = 0.955\n", "clauses.abuse.act_at: {act_at} -> 0.955"),
        ('[clauses.abuse]\nact_at = "never"\n', 'clauses.abuse.act_at: {act_at} -> "never"'),
        ('[clauses.abuse]\nladder = ["timeout 90s", "ban"]\n', "clauses.abuse.ladder: {ladder} -> timeout 90s > ban"),
        ('[links]\nallowed = ["...", "a.example"]\n', 'links.allowed: + "a.example"'),
        ('[channels]\nladen = "deals"\n', 'channels.laden: not set -> "deals"'),
        ("[flood]\nmessages = 9\n", "flood.messages: 6 -> 9"),
        ("shadow = true\n", "shadow: false -> true"),
        ('[clauses.abuse]\ntext.zh = "别骂人。"\n', 'clauses.abuse.text.zh: {text} -> "别骂人。"'),
    ],
)
def test_a_changed_setting_is_one_line(text: str, line: str) -> None:
    default = load()
    abuse = default.clauses["abuse"]
    ladder = " > ".join(step(rung.action, rung.seconds) for rung in abuse.ladder)
    wanted = line.format(act_at=abuse.act_at, ladder=ladder, text=f'"{abuse.text.zh}"')
    changed = parse(f'extends = "default"\nname = "default"\n{text}', "t")
    assert changes(default, changed) == [wanted]


def test_lists_tell_what_came_and_what_went_and_clauses_that_are_gone() -> None:
    old = parse('extends = "default"\n[links]\nallowed = ["a.example", "b.example"]\n', "t")
    new = old.model_copy(
        update={
            "clauses": {name: clause for name, clause in old.clauses.items() if name != "hate"},
            "links": old.links.model_copy(update={"allowed": ("b.example", "c.example")}),
        }
    )
    assert sorted(changes(old, new)) == ["clauses.hate: removed", 'links.allowed: + "c.example" - "a.example"']
    assert "clauses.hate: added" in changes(new, old)


def test_what_reads_the_same_does_not_differ() -> None:
    assert changes(load(), parse('# a comment\nextends = "default"\n', "t")) == []
