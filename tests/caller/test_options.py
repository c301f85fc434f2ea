"""What a user may say about a batch is checked, and the report adds up."""

from __future__ import annotations

from typing import Any

import pytest

from quire.caller.options import CallerOptions, Report
from quire.domain.calls import Answer, Call, Failure, Usage
from quire.domain.errors import InvalidInput


@pytest.mark.parametrize("name", ["max_concurrency", "max_retries"])
@pytest.mark.parametrize("value", [-1, 1.5, "8", True, None])
def test_counts_must_be_whole_numbers(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=rf"{name} is {value!r}; expected a whole number"):
        CallerOptions(**{name: value})


def test_no_concurrency_is_refused_and_no_retries_is_not() -> None:
    with pytest.raises(InvalidInput, match="max_concurrency is 0; expected a whole number of at least 1"):
        CallerOptions(max_concurrency=0)
    assert CallerOptions(max_retries=0).max_retries == 0


@pytest.mark.parametrize("name", ["timeout", "max_requests_per_minute", "max_tokens_per_minute", "max_cost_usd"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "5", True])
def test_limits_must_be_above_zero(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=rf"{name} is .*; expected a number above 0"):
        CallerOptions(**{name: value})


def test_there_is_always_a_timeout() -> None:
    with pytest.raises(InvalidInput, match="timeout is None"):
        CallerOptions(timeout=None)  # type: ignore[arg-type]


def answer(rows: tuple[int, ...], model: str = "gpt-4o-mini", **fields: Any) -> Answer:
    return Answer(Call("chat.completions", {"model": model}, rows), {}, Usage(1000, 100), 0.5, **fields)


def test_a_report_counts_rows_tokens_and_money() -> None:
    report = Report()
    report.count(answer((0,)))
    report.count(answer((1, 2), replayed=True))
    report.count(Failure(Call("chat.completions", {"model": "gpt-4o-mini"}, (3,)), "bad_request", "no"))
    report.end()
    assert (report.rows, report.failed, report.replayed) == (4, 1, 2)
    assert report.usage == Usage(2000, 200)
    assert report.mean_latency_s == 0.5
    assert report.cost_usd == pytest.approx(2000 * 0.15e-6 + 200 * 0.6e-6)
    assert "rows=4, failed=1" in repr(report)


def test_an_empty_report() -> None:
    report = Report()
    assert report.usage == Usage()
    assert report.mean_latency_s is None
    assert report.cost_usd == 0.0
    report.end()
    assert report.elapsed_s == report.elapsed_s


def test_cost_is_unknown_when_a_price_is() -> None:
    report = Report()
    report.count(answer((0,), model="my-own-model"))
    assert report.cost_usd is None
