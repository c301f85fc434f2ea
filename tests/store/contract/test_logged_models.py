"""Logged models: what every store promises."""

from __future__ import annotations

import re

import pytest

from quire.domain.entities import Metric, Param, Run, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.registry import LoggedModel, MetricDataset, MetricOrder
from quire.store import Store


@pytest.fixture
def model(store: Store, experiment: str, run: Run) -> LoggedModel:
    """A fresh logged model of the run."""
    return store.create_logged_model(
        experiment,
        name="judge",
        source_run_id=run.info.run_id,
        model_type="openai",
        params=[Param("task", "chat")],
        tags=[Tag("k", "v")],
    )


def test_a_model_begins_pending_with_a_place(store: Store, experiment: str, run: Run, model: LoggedModel) -> None:
    assert re.fullmatch(r"m-[0-9a-f]{32}", model.model_id)
    assert (model.name, model.model_type, model.status) == ("judge", "openai", "PENDING")
    assert (model.experiment_id, model.source_run_id) == (experiment, run.info.run_id)
    assert model.artifact_location.endswith(f"/{experiment}/models/{model.model_id}/artifacts")
    assert (model.params, model.tags, model.metrics) == ({"task": "chat"}, {"k": "v"}, [])
    assert store.get_logged_model(model.model_id) == model


def test_a_model_without_a_name_gets_one(store: Store, experiment: str) -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", store.create_logged_model(experiment).name)


@pytest.mark.parametrize("status", ["READY", "FAILED"])
def test_a_model_is_finalized(store: Store, model: LoggedModel, status: str) -> None:
    assert store.finalize_logged_model(model.model_id, status).status == status  # type: ignore[arg-type]
    assert store.get_logged_model(model.model_id).status == status


def test_an_unknown_status_is_refused(store: Store, model: LoggedModel) -> None:
    with pytest.raises(InvalidInput, match="expected PENDING, READY, FAILED"):
        store.finalize_logged_model(model.model_id, "DONE")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a.b", "a%b", "it's", 'a"b'])
def test_a_bad_name_is_refused(store: Store, experiment: str, name: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid model name"):
        store.create_logged_model(experiment, name=name)


def test_an_id_that_is_no_text_is_refused(store: Store, experiment: str) -> None:
    with pytest.raises(InvalidInput, match="source_run_id is 5, of type int; expected text"):
        store.create_logged_model(experiment, source_run_id=5)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"Ids, names and keys are text|is .* of type list; expected text"):
        store.get_logged_model(["m-1"])  # type: ignore[arg-type]


def test_a_deleted_model_is_not_found(store: Store, experiment: str, model: LoggedModel) -> None:
    store.delete_logged_model(model.model_id)
    with pytest.raises(NotFound, match=model.model_id):
        store.get_logged_model(model.model_id)
    with pytest.raises(NotFound, match=model.model_id):
        store.delete_logged_model(model.model_id)
    assert store.search_logged_models([experiment]) == []


def test_params_are_added_and_do_not_change(store: Store, model: LoggedModel) -> None:
    store.log_model_params(model.model_id, [Param("model", "gpt-4o"), Param("task", "chat")])
    assert store.get_logged_model(model.model_id).params == {"task": "chat", "model": "gpt-4o"}
    with pytest.raises(InvalidInput, match="cannot change"):
        store.log_model_params(model.model_id, [Param("new", "1"), Param("task", "other")])
    assert store.get_logged_model(model.model_id).params == {"task": "chat", "model": "gpt-4o"}


def test_tags_are_set_and_removed(store: Store, model: LoggedModel) -> None:
    store.set_logged_model_tags(model.model_id, [Tag("k", "w"), Tag("x", "1"), Tag("x", "2")])
    assert store.get_logged_model(model.model_id).tags == {"k": "w", "x": "2"}
    store.delete_logged_model_tag(model.model_id, "k")
    assert store.get_logged_model(model.model_id).tags == {"x": "2"}
    with pytest.raises(NotFound, match="no tag 'k'"):
        store.delete_logged_model_tag(model.model_id, "k")


def test_metrics_logged_to_a_run_for_a_model_appear_on_both(store: Store, run: Run, model: LoggedModel) -> None:
    metric = Metric("accuracy", 0.9, 5, 1, model_id=model.model_id, dataset_name="gsm8k", dataset_digest="d1")
    for _ in range(2):
        store.log_batch(run.info.run_id, metrics=[metric, Metric("plain", 1.0)])
    assert store.get_run(run.info.run_id).data.metrics == {"accuracy": 0.9, "plain": 1.0}
    (found,) = store.get_logged_model(model.model_id).metrics
    assert (found.key, found.value, found.timestamp, found.step) == ("accuracy", 0.9, 5, 1)
    assert (found.model_id, found.run_id) == (model.model_id, run.info.run_id)
    assert (found.dataset_name, found.dataset_digest) == ("gsm8k", "d1")


def test_a_metric_for_an_unknown_model_is_refused_whole(store: Store, run: Run) -> None:
    with pytest.raises(NotFound, match="m-absent"):
        store.log_batch(run.info.run_id, metrics=[Metric("a", 1.0), Metric("b", 1.0, model_id="m-absent")])
    assert store.get_run(run.info.run_id).data.metrics == {}


def test_search(store: Store, experiment: str, run: Run) -> None:
    def add(name: str, accuracy: float | None, **tags: str) -> str:
        model = store.create_logged_model(
            experiment, name=name, params=[Param("size", name)], tags=[Tag(*tag) for tag in tags.items()]
        )
        if accuracy is not None:
            store.log_batch(run.info.run_id, metrics=[Metric("acc", accuracy, model_id=model.model_id)])
        return model.model_id

    small, large, none = add("small", 0.5, team="x"), add("large", 0.9, team="y"), add("none", None)
    store.finalize_logged_model(large, "READY")

    def names(filter_string: str = "", *order_by: str) -> list[str]:
        found = store.search_logged_models([experiment], filter_string=filter_string, order_by=order_by)
        return [model.name for model in found]

    assert names("", "name") == ["large", "none", "small"]
    assert names("", "metrics.acc DESC") == ["large", "small", "none"]
    assert names("", "metrics.acc ASC") == ["small", "large", "none"]
    assert names("metrics.acc > 0.6") == ["large"]
    assert names("params.size = 'small' AND tags.team = 'x'") == ["small"]
    assert names(f"model_id IN ('{small}', '{none}')", "name") == ["none", "small"]
    assert names("status = 'READY'") == ["large"]
    assert names("name LIKE 's%'") == ["small"]
    assert names("creation_timestamp > 0 AND source_run_id = 'x'") == []
    first = store.search_logged_models([experiment], order_by=["metrics.acc DESC"], max_results=2)
    assert first.token is not None
    second = store.search_logged_models(
        [experiment], order_by=["metrics.acc DESC"], max_results=2, page_token=first.token
    )
    assert [model.name for model in (*first, *second)] == ["large", "small", "none"]
    assert store.search_logged_models(["987654"]) == []


def test_a_deleted_experiment_takes_no_models(store: Store, experiment: str) -> None:
    store.delete_experiment(experiment)
    with pytest.raises(InvalidInput, match="is deleted"):
        store.create_logged_model(experiment)


def test_search_by_the_dataset_that_metrics_were_measured_on(store: Store, experiment: str, run: Run) -> None:
    for name, measured in {
        "a": [("d", "1", 0.5), ("e", "1", 0.1)],
        "b": [("d", "2", 0.7)],
        "c": [(None, None, 0.9)],
    }.items():
        model = store.create_logged_model(experiment, name=name).model_id
        for at, (data, digest, value) in enumerate(measured):
            metric = Metric("acc", value, at, 0, model_id=model, dataset_name=data, dataset_digest=digest)
            store.log_batch(run.info.run_id, metrics=[metric])

    def names(filter_string: str = "", order: str | MetricOrder = "name", *datasets: MetricDataset) -> list[str]:
        found = store.search_logged_models(
            [experiment], filter_string=filter_string, datasets=datasets, order_by=[order]
        )
        return [model.name for model in found]

    one = MetricDataset("d", "1")
    assert names("", "name", one) == ["a"]
    assert names("", "name", one, MetricDataset("d", "2")) == ["a", "b"]
    assert names("metrics.acc > 0.4", "name", one) == ["a"]
    assert names("metrics.acc > 0.6", "name", one) == []
    assert names("metrics.acc > 0.6 AND name != 'c'") == ["b"]
    assert names("", MetricOrder("metrics.acc DESC", one))[0] == "a"
    with pytest.raises(InvalidInput):
        names("", MetricOrder("name", one))


def test_a_dataset_without_a_digest_is_of_every_digest(store: Store, experiment: str, run: Run) -> None:
    model = store.create_logged_model(experiment, name="a").model_id
    metric = Metric("acc", 0.5, 1, 0, model_id=model, dataset_name="d", dataset_digest="1")
    store.log_batch(run.info.run_id, metrics=[metric])
    assert [found.name for found in store.search_logged_models([experiment], datasets=[MetricDataset("d")])] == ["a"]
    assert store.search_logged_models([experiment], datasets=[MetricDataset("e")]) == []
