"""The speed benchmark runs; how fast anything is depends on the machine and is asserted nowhere."""

from moderation.judging.judge import Judge
from moderation.policy import load
from tests.benchmarks.hostile import PATTERNS, slowest
from tests.benchmarks.judge_speed import measure, table
from tests.moderation.evaluating import StubWords


def test_the_benchmark_measures_all_three_on_the_same_texts() -> None:
    texts = [f"Parcel {number} arrived, 谢谢老板" for number in range(20)]
    paces = measure(texts, StubWords())
    assert [pace.name for pace in paces] == ["the whole judge", "alt-profanity-check", "6-layer encoder"]
    assert all(pace.per_second > 0 and pace.median_ms > 0 for pace in paces)
    assert len(table(paces).splitlines()) == 4


def test_the_hostile_benchmark_runs_every_pattern() -> None:
    found = slowest(Judge(load(), StubWords()), characters=64, mixtures=3, seed=1)
    assert len(found) == len(PATTERNS) + 3
    assert found == sorted(found, reverse=True)
