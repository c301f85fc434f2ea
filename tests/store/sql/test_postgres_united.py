"""Queries sent as one statement: each gets back its own rows, in its own columns."""

from __future__ import annotations

import pytest

from quire.store.sql.postgres_united import united, united_about
from quire.store.sql.statement import Statement

TAGS = Statement("SELECT run_id, key_id, head FROM tags WHERE run_id = ANY(:ids)")
METRICS = Statement("SELECT run_id, value, step FROM latest_metrics WHERE run_id = ANY(:ids)")
RUN = Statement("SELECT id, status FROM runs WHERE run_id = :run_id")


def test_columns_are_laid_out_by_kind_and_taken_apart_again() -> None:
    one = united((TAGS, METRICS))
    assert one.statement.sql == (
        "SELECT 0, run_id, key_id, NULL::double precision, head FROM tags WHERE run_id = ANY(:ids) UNION ALL "
        "SELECT 1, run_id, step, value, NULL::text FROM latest_metrics WHERE run_id = ANY(:ids)"
    )
    rows = [(0, 7, 1, None, "x"), (1, 7, 3, 0.5, None), (0, 8, 2, None, "y")]
    assert one.divided(rows) == [[(7, 1, "x"), (8, 2, "y")], [(7, 0.5, 3)]]
    assert one.divided([]) == [[], []]
    assert united((TAGS, METRICS)) is one


def test_what_belongs_to_one_row_is_found_by_what_finds_the_row() -> None:
    sql = united_about(RUN, (TAGS,)).statement.sql
    assert sql == (
        "SELECT 0, id, NULL::bigint, status FROM runs WHERE run_id = :run_id UNION ALL "
        "SELECT 1, run_id, key_id, head FROM tags WHERE run_id = (SELECT id FROM runs WHERE run_id = :run_id)"
    )


def test_only_queries_of_columns_are_united() -> None:
    with pytest.raises(ValueError, match="not a query of columns: DELETE"):
        united((Statement("DELETE FROM tags"),))
