"""What MLflow wrote is read back from Quire's store, the same."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import quire
from quire.importing import import_mlflow
from quire.store.opening import open_store
from tests.importing.conftest import Source

pytestmark = pytest.mark.mlflow


def test_runs_come_with_their_ids_times_and_every_metric_value(source: Source, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    report = import_mlflow(source.uri, open_store(uri), artifact_root=str(tmp_path / "kept"))
    assert report.problems == []
    assert report.count("runs").added == report.count("runs").found == 7
    client = quire.Client(uri)
    run = client.get_run(source.made["runs"][4])
    assert (run.info.run_name, run.info.start_time, run.info.status) == ("run 4", 1_700_000_000_005, "RUNNING")
    assert run.data.metrics["m1"] == 3.0
    assert math.isnan(run.data.metrics["nan"])
    assert (run.data.metrics["inf"], run.data.metrics["minus"]) == (math.inf, -math.inf)
    assert run.data.params["long"] == "x" * 5000
    history = client.get_metric_history(run.info.run_id, "m1")
    assert [(item.step, item.value) for item in history] == [(step, step * 0.5 + 1) for step in range(5)]
