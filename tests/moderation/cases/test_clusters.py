"""Open cases that are alike, and the marks by which near copies find each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moderation.cases.clusters import clusters
from moderation.cases.likeness import bands, comparable, likeness
from moderation.policy import DuplicateRules
from moderation.types import Author, Case, Decision, Message, Place, Ruling, Verdict

ADS = "全新正品耳机低价出货，支持验货，要的老板今天联系我，量大从优"
OTHER = "Cheap verified seller accounts, three years old, message me for the list and the price"
START = datetime(2026, 11, 22, tzinfo=UTC)
TEXTS = st.text(st.sampled_from("abcdefgh 出货低价耳机正品"), min_size=40, max_size=120)


def case(number: int, text: str, author: str = "", clause: str = "spam_ads", **more: object) -> Case:
    place = Place(platform="web", community="sample", channel="help")
    said = Message(id=str(number), place=place, author=Author(id=author or f"member{number}"), text=text)
    verdict = Verdict(ruling=Ruling.REVIEW, clause=clause)
    made = Case(id=f"C{number}", kind="moderation", subject=said, verdict=verdict)
    return made.model_copy(update={"opened_at": START + timedelta(minutes=number), **more})


def test_copies_of_many_and_the_cases_of_one_stand_together() -> None:
    cases = [
        case(0, "something that nobody else has said in this community"),
        case(1, ADS),
        case(2, f"{ADS}！！", "mallory"),
        case(3, "完全不同的另一句话，没有人说过这样的内容", "mallory"),
        case(4, OTHER, clause="account_trading"),
        case(5, OTHER.upper(), clause="account_trading"),
        case(6, ADS, clause="scam_fraud"),
    ]
    first, second = clusters(cases)
    assert [one.id for one in first.cases] == ["C1", "C2", "C3"]
    assert (first.name, first.clause, first.sample.id) == ("C1", "spam_ads", "C1")
    assert [one.id for one in second.cases] == ["C4", "C5"]


def test_only_open_moderation_cases_are_decided_together() -> None:
    settled = case(2, ADS, state="settled", decision=Decision(case="C2", action="remove", by="anna"))
    assert clusters([case(1, ADS), settled, case(3, ADS, kind="handoff")]) == []


def test_short_texts_and_signs_make_no_cluster() -> None:
    assert clusters([case(1, "便宜出"), case(2, "便宜出"), case(3, "🔥" * 30), case(4, "!!!!" * 8)]) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([ADS, OTHER, ADS + OTHER]), st.integers(0, 9)), max_size=30))
def test_a_case_is_in_one_cluster_at_most_and_the_largest_come_first(told: list[tuple[str, int]]) -> None:
    found = clusters([case(number, text, f"m{author}") for number, (text, author) in enumerate(told)])
    ids = [one.id for cluster in found for one in cluster.cases]
    assert len(ids) == len(set(ids))
    sizes = [len(cluster.cases) for cluster in found]
    assert sizes == sorted(sizes, reverse=True)
    assert all(size > 1 for size in sizes)
    alone = {f"C{number}" for number in range(len(told))} - set(ids)
    assert len({told[int(name[1:])][0] for name in alone}) == len(alone)  # the same text is never left alone twice


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(0, 200), st.text("abc", max_size=2))
def test_a_text_changed_a_little_shares_a_mark(text: str, place: int, more: str) -> None:
    changed = text[: place % len(text)] + more + text[place % len(text) :]
    assume(likeness(text, changed) >= 0.85)
    assert set(bands(text)) & set(bands(changed))


def test_texts_of_other_words_share_none() -> None:
    assert not set(bands(ADS)) & set(bands(OTHER))
    assert bands(ADS) == bands(ADS) == bands(ADS.replace("，", ", "))
    assert not comparable("short", DuplicateRules())
