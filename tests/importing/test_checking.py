"""What does not arrive, or arrives as something else, is found by the import itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from quire.store.opening import open_store
from tests.importing.conftest import Bring, Source

pytestmark = pytest.mark.mlflow


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("AFTER INSERT ON metrics BEGIN DELETE FROM metrics WHERE step = 2; END", "metric values, 7 params"),
        ("AFTER INSERT ON params BEGIN UPDATE params SET head = 'x'; END", "has other params here: long, p0"),
        ("AFTER INSERT ON latest_metrics BEGIN UPDATE latest_metrics SET value = 1e9; END", "has other metrics here"),
        ("AFTER INSERT ON run_models BEGIN DELETE FROM run_models; END", "has other models here: m-"),
        (
            "AFTER INSERT ON logged_model_params BEGIN DELETE FROM logged_model_params; END",
            "differs here: depth, width",
        ),
        ("AFTER INSERT ON aliases BEGIN DELETE FROM aliases; END", "'joker' lacks the aliases champion"),
        ("AFTER INSERT ON model_versions BEGIN UPDATE model_versions SET run_id = 'x'; END", "differs here"),
        ("AFTER INSERT ON spans BEGIN DELETE FROM spans WHERE name = 'child'; END", "has 2 spans there and 1 here"),
        ("AFTER INSERT ON assessments BEGIN DELETE FROM assessments; END", "lacks the assessments a-"),
        ("AFTER INSERT ON evaluation_records BEGIN DELETE FROM evaluation_records; END", "has 0 of 3 records"),
    ],
)
def test_what_is_lost_on_the_way_is_said(source: Source, bring: Bring, target: str, fault: str, said: str) -> None:
    open_store(target)
    with closing(sqlite3.connect(target.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(f"CREATE TRIGGER fault {fault}")
    assert any(said in problem for problem in bring(source).problems)
