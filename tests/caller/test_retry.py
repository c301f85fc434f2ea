"""How long to wait before the next attempt, and when to stop trying."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quire.caller.retry import MAX_DELAY, RetryBudget, backoff


@given(st.integers(1, 100), st.floats(0, 1))
def test_backoff_grows_and_is_bounded(attempt: int, draw: float) -> None:
    assert 0 <= backoff(attempt, draw) <= MAX_DELAY
    assert backoff(attempt, draw) <= backoff(attempt + 1, draw)


def test_backoff_is_spread_over_the_whole_span() -> None:
    delays = [backoff(3) for _ in range(500)]
    assert min(delays) < 0.2
    assert max(delays) > 1.8
    assert max(delays) <= 2.0


def test_the_budget_allows_a_burst_and_then_a_share_of_the_successes() -> None:
    budget = RetryBudget(reserve=10, share=0.5)
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]
    budget.succeeded()
    assert not budget.spend()
    budget.succeeded()
    assert budget.spend()


@given(st.lists(st.booleans(), max_size=500))
def test_retries_never_exceed_the_share(events: list[bool]) -> None:
    budget, retries, successes = RetryBudget(reserve=5, share=0.5), 0, 0
    for success in events:
        if success:
            successes += 1
            budget.succeeded()
        else:
            retries += budget.spend()
        assert retries <= 5 + 0.5 * successes
