"""Searches against a plain reading of their meaning, over random runs, filters, orders and page sizes."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quire.domain.entities import Metric, Param, Run, Tag
from quire.domain.filters import Comparison, OrderBy, format_filter, format_order_by
from quire.store.sql import Sqlite, SqlStore, run_probe, run_search, settling

KEYS = ("a", "b")
VALUES = (math.nan, -math.inf, math.inf, 0.0, 1.0, 1.0, 2.5)
TEXTS = ("x", "X", "y" * 128, "y" * 129, "y" * 129 + "z", "é", "")

metrics = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
texts = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS), max_size=2)
run_specs = st.tuples(
    st.integers(0, 2), st.integers(0, 3), metrics, texts, texts, st.sampled_from(["RUNNING", "FINISHED", "FAILED"])
)

numeric = st.builds(
    Comparison,
    st.just("metric"),
    st.sampled_from([*KEYS, "absent"]),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    st.sampled_from([0, 1, 1.5, -3]),
)
textual = st.builds(
    Comparison,
    st.sampled_from(["param", "tag"]),
    st.sampled_from([*KEYS, "absent"]),
    st.sampled_from(["=", "!=", "LIKE", "ILIKE"]),
    st.sampled_from([*TEXTS, "%", "y%", "_", "É"]),
)
null = st.builds(
    Comparison,
    st.sampled_from(["param", "tag"]),
    st.sampled_from([*KEYS, "absent"]),
    st.sampled_from(["IS NULL", "IS NOT NULL"]),
)
status = st.builds(
    Comparison, st.just("attribute"), st.just("status"), st.sampled_from(["=", "!="]), st.just("FINISHED")
)
conditions = st.lists(st.one_of(numeric, textual, null, status), max_size=3)
orders = st.lists(
    st.builds(OrderBy, st.sampled_from(["metric", "param", "tag"]), st.sampled_from([*KEYS, "absent"]), st.booleans())
    | st.builds(
        OrderBy, st.just("attribute"), st.sampled_from(["start_time", "status", "end_time", "run_id"]), st.booleans()
    ),
    max_size=3,
    unique_by=lambda order: (order.kind, order.key),
)


@pytest.fixture(params=["as it is", "no run is few", "one walk at most", "one unsettled"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    """A store in memory, with the planner's constants bent so that small data takes each plan."""
    if request.param != "as it is":
        monkeypatch.setattr(run_probe, "_LEAST", 0)
        monkeypatch.setattr(run_probe, "_MOST", 0)
    if request.param == "one walk at most":
        monkeypatch.setattr(run_search, "MOST_WALKS", 1)
    if request.param == "one unsettled":
        monkeypatch.setattr(settling, "MOST_UNSETTLED", 1)
    opened = SqlStore(Sqlite(None), "artifacts")
    yield opened
    opened.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    specs=st.lists(run_specs, max_size=12),
    wanted=conditions,
    order_by=orders,
    size=st.integers(1, 8),
    experiments=st.sets(st.integers(0, 2), min_size=1),
)
def test_search_means_what_it_says(
    store: SqlStore,
    specs: list[Any],
    wanted: list[Comparison],
    order_by: list[OrderBy],
    size: int,
    experiments: set[int],
) -> None:
    serial = len(store.search_experiments(view="ALL", max_results=50_000))
    ids = [store.create_experiment(f"e{serial}-{number}") for number in range(3)]
    runs = [_add(store, ids, spec) for spec in specs]
    searched = [ids[number] for number in experiments]
    expected = [run for run in runs if run.info.experiment_id in searched and _matches(run, wanted)]
    expected = _sorted(expected, order_by)
    found: list[Run] = []
    token = None
    while True:
        page = store.search_runs(
            searched,
            filter_string=format_filter(wanted),
            order_by=format_order_by(order_by),
            max_results=size,
            page_token=token,
        )
        found += page
        token = page.token
        if token is None:
            break
        assert len(page) == size
    assert [run.info.run_id for run in found] == [run.info.run_id for run in expected]


def _add(store: SqlStore, experiments: Sequence[str], spec: Any) -> Run:
    experiment, start, metric_values, params, tags, status = spec
    run_id = store.create_run(experiments[experiment], start_time=start).info.run_id
    store.log_batch(
        run_id,
        metrics=[Metric(key, value) for key, value in metric_values.items()],
        params=[Param(key, value) for key, value in params.items()],
        tags=[Tag(key, value) for key, value in tags.items()],
    )
    store.update_run(run_id, status=status, end_time=None if status == "RUNNING" else 10 + start)
    return store.get_run(run_id)


def _value(run: Run, kind: str, key: str) -> Any:
    if kind == "attribute":
        return getattr(run.info, key)
    values: dict[str, Any] = {"metric": run.data.metrics, "param": run.data.params, "tag": run.data.tags}[kind]
    return values.get(key)


def _matches(run: Run, wanted: Sequence[Comparison]) -> bool:
    return all(_meets(_value(run, item.kind, item.key), item.op, item.value) for item in wanted)


def _meets(value: Any, op: str, wanted: Any) -> bool:
    if op in ("IS NULL", "IS NOT NULL"):
        return (value is None) == (op == "IS NULL")
    if value is None:
        return False
    if op in ("LIKE", "ILIKE"):
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in wanted)
        return re.fullmatch(pattern, value, re.DOTALL | (re.IGNORECASE if op == "ILIKE" else 0)) is not None
    compare = {
        "=": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
    return bool(compare[op](value, wanted))


def _sorted(runs: list[Run], order_by: Sequence[OrderBy]) -> list[Run]:
    runs = sorted(runs, key=lambda run: (-run.info.start_time, run.info.run_id))
    for order in reversed(order_by):
        present = [run for run in runs if _rank(run, order) == 0]
        present.sort(key=lambda run: _comparable(_value(run, order.kind, order.key)), reverse=not order.ascending)
        runs = present + [run for rank in (1, 2) for run in runs if _rank(run, order) == rank]
    return runs


def _comparable(value: Any) -> Any:
    return value[:128] if isinstance(value, str) else value


def _rank(run: Run, order: OrderBy) -> int:
    value = _value(run, order.kind, order.key)
    if value is None:
        return 2
    return 1 if isinstance(value, float) and math.isnan(value) else 0
