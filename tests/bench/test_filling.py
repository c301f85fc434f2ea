"""A filled store is one that the store itself could have written: it finds, orders and reads the runs."""

from __future__ import annotations

from bench.filling import METRICS, MODELS, fill, fill_runs
from bench.layouts import QUIRE
from quire.store import open_store


def test_the_store_searches_and_reads_filled_runs(tmp_path):
    database = tmp_path / "filled.db"
    store = open_store(f"sqlite:///{database}")
    experiment_id = store.create_experiment("filled")
    fill_runs(database, int(experiment_id), 200)

    best = store.search_runs([experiment_id], order_by=["metrics.accuracy DESC"], max_results=200)

    accuracies = [run.data.metrics["accuracy"] for run in best]
    assert len(best) == 200
    assert accuracies == sorted(accuracies, reverse=True)
    assert set(best[0].data.metrics) == set(METRICS)
    assert best[0].data.params["model"] in MODELS
    one = store.search_runs([experiment_id], filter_string=f"params.model = '{MODELS[0]}'", max_results=200)
    assert 0 < len(one) < 200
    assert [metric.value for metric in store.get_metric_history(best[0].info.run_id, "accuracy")] == accuracies[:1]


def test_a_filled_postgresql_takes_more_runs_from_the_store(postgres_uri):
    store = open_store(postgres_uri)
    experiment_id = store.create_experiment("filled")
    fill(postgres_uri, QUIRE, int(experiment_id), 50)

    added = store.create_run(experiment_id)

    found = store.search_runs([experiment_id], order_by=["metrics.accuracy DESC"], max_results=100)
    assert len(found) == 51
    assert added.info.run_id in {run.info.run_id for run in found}
    store.close()
