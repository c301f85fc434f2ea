"""A query of a shape that was seen before is translated no more, and a value never becomes part of its text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quire.domain.entities import Metric, Param
from quire.domain.filters import Comparison
from quire.store.sql import Sqlite, SqlStore, pieces, run_conditions
from quire.store.sql.pieces import all_of, compared, statement_of


@pytest.fixture
def store() -> Iterator[SqlStore]:
    """A store in memory with one run."""
    opened = SqlStore(Sqlite(None), "artifacts")
    run = opened.create_run("0", run_name="first").info.run_id
    opened.log_batch(run, metrics=[Metric("a", 0.5)], params=[Param("p", "100% of \\x'?:v\"")])
    yield opened
    opened.close()


def _translated() -> int:
    return pieces._kept.cache_info().misses


def test_a_search_of_a_known_shape_is_not_translated_again(store: SqlStore) -> None:
    def search(bound: float, text: str, size: int) -> int:
        wanted = f"metrics.a < {bound} AND params.p LIKE '{text}'"
        return len(store.search_runs(["0"], filter_string=wanted, order_by=["metrics.a"], max_results=size))

    assert search(1, "%", 10) == 1
    before = _translated()
    assert [search(0.1, "%", 10), search(2, "100%", 20), search(2, "x%", 30)] == [0, 1, 0]
    assert _translated() == before
    store.search_runs(["0"], filter_string="metrics.a > 1 AND params.p LIKE '%'", order_by=["metrics.a"])
    assert _translated() > before


def test_pages_after_the_first_have_one_shape(store: SqlStore) -> None:
    for number in range(6):
        store.log_batch(store.create_run("0", start_time=number).info.run_id, metrics=[Metric("a", number)])

    def following(token: str | None) -> str | None:
        return store.search_runs(["0"], order_by=["metrics.a"], max_results=2, page_token=token).token

    token = following(following(None))
    before = _translated()
    assert following(token) is not None
    assert _translated() == before


@pytest.mark.parametrize(
    "text", ["100% of \\x'?:v\"", "' OR 1 = 1 --", ":v", "?", "%s", "$run", "%(a)s", "ESCAPE ''", "OFFSET 0)"]
)
@pytest.mark.parametrize("op", ["=", "!=", "LIKE", "ILIKE"])
@pytest.mark.parametrize("kind", ["param", "attribute"])
def test_a_text_is_a_value_whatever_it_looks_like(store: SqlStore, kind: str, op: str, text: str) -> None:
    from quire.domain.filters import format_filter

    run = store.create_run("0", run_name=text).info.run_id
    store.log_batch(run, params=[Param("q", text)])
    key = "q" if kind == "param" else "run_name"
    item = Comparison(kind, key, op, text)  # type: ignore[arg-type]
    found = [one.info.run_id for one in store.search_runs(["0"], filter_string=format_filter([item]))]
    assert (run in found) == (op != "!=")


def test_values_follow_one_another_as_their_places_do() -> None:
    one = compared("a", Comparison("attribute", "a", "IN", ("x", "y")))
    two = compared("b", Comparison("attribute", "b", "ILIKE", "É%"))
    both = all_of((one, two))
    assert both.sql == "a IN (:v, :v) AND quire_lower(b) LIKE :v ESCAPE ''"
    assert both.values == ("x", "y", "é%")


def test_a_very_long_text_is_not_kept() -> None:
    long = "SELECT 1 -- " + "x" * pieces._LONGEST
    before = pieces._kept.cache_info().currsize
    assert statement_of(long) is not statement_of(long)
    assert pieces._kept.cache_info().currsize == before
    assert statement_of("SELECT 1") is statement_of("SELECT 1")


def test_no_column_but_those_of_the_table_gets_into_a_query() -> None:
    with pytest.raises(KeyError):
        run_conditions.run_column("run_id OR 1 = 1")
