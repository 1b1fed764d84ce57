from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.web import buckets
from bot.web.buckets import Buckets


class StubClock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(steps=st.lists(st.floats(min_value=0, max_value=5), max_size=60))
def test_nobody_goes_faster_than_the_bucket_fills(steps: list[float]) -> None:
    clock = StubClock()
    posts = Buckets(burst=3, per_second=0.5, clock=clock)
    taken = 0
    for step in steps:
        clock.now += step
        taken += posts.take("mei")
    assert taken <= 3 + clock.now * 0.5 + 1e-6


def test_a_visitor_waits_for_the_next_token_and_another_need_not() -> None:
    clock = StubClock()
    posts = Buckets(burst=2, per_second=1, clock=clock)
    assert [posts.take("mei") for _ in range(3)] == [True, True, False]
    assert posts.take("lin")
    clock.now = 1.0
    assert [posts.take("mei"), posts.take("mei")] == [True, False]


def test_the_longest_unseen_is_forgotten_first(monkeypatch: object) -> None:
    posts = Buckets(burst=1, per_second=0, clock=StubClock())
    for number in range(buckets.KEPT + 1):
        posts.take(str(number))
    assert posts.take("0")
    assert not posts.take(str(buckets.KEPT))
