"""Runs and what is logged to them: what every store promises."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest

from quire.domain.entities import (
    Dataset,
    DatasetInput,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    Tag,
)
from quire.domain.errors import InvalidInput, NotFound
from quire.store import Store


def test_a_run_begins_running_with_a_name_and_a_place(store: Store, experiment: str) -> None:
    run = store.create_run(experiment, user_id="ada", start_time=1234, tags=[Tag("mlflow.user", "ada")])
    info = run.info
    assert re.fullmatch(r"[0-9a-f]{32}", info.run_id)
    assert info.experiment_id == experiment
    assert info.status == "RUNNING"
    assert info.start_time == 1234
    assert info.end_time is None
    assert info.user_id == "ada"
    assert info.artifact_uri.endswith(f"/{experiment}/{info.run_id}/artifacts")
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", info.run_name)
    assert run.data.tags == {"mlflow.user": "ada", "mlflow.runName": info.run_name}
    assert store.get_run(info.run_id) == run


def test_a_given_name_is_mirrored_as_a_tag_and_a_tag_as_the_name(store: Store, experiment: str) -> None:
    assert store.create_run(experiment, run_name="first").data.tags["mlflow.runName"] == "first"
    assert store.create_run(experiment, tags=[Tag("mlflow.runName", "second")]).info.run_name == "second"
    with pytest.raises(InvalidInput, match=r"'one'.*'two'"):
        store.create_run(experiment, run_name="one", tags=[Tag("mlflow.runName", "two")])


def test_unknown_things_are_not_found(store: Store, run: Run) -> None:
    absent = "0" * 32
    with pytest.raises(NotFound, match=absent):
        store.get_run(absent)
    with pytest.raises(NotFound, match=absent):
        store.log_batch(absent, metrics=[Metric("m", 1.0)])
    with pytest.raises(NotFound, match="987654"):
        store.create_run("987654")
    with pytest.raises(NotFound, match="no tag 'absent'"):
        store.delete_tag(run.info.run_id, "absent")


def test_state_and_name_are_updated(store: Store, run: Run) -> None:
    info = store.update_run(run.info.run_id, status="FINISHED", end_time=99)
    assert (info.status, info.end_time, info.run_name) == ("FINISHED", 99, run.info.run_name)
    info = store.update_run(run.info.run_id, run_name="renamed")
    assert (info.status, info.run_name) == ("FINISHED", "renamed")
    stored = store.get_run(run.info.run_id)
    assert stored.info == info
    assert stored.data.tags["mlflow.runName"] == "renamed"


def test_setting_the_name_tag_renames(store: Store, run: Run) -> None:
    store.log_batch(run.info.run_id, tags=[Tag("mlflow.runName", "by tag")])
    assert store.get_run(run.info.run_id).info.run_name == "by tag"


def test_an_unknown_status_is_refused(store: Store, run: Run) -> None:
    with pytest.raises(InvalidInput, match="expected one of RUNNING"):
        store.update_run(run.info.run_id, status="DONE")  # type: ignore[arg-type]


def test_a_deleted_run_is_kept_and_takes_nothing_until_restored(store: Store, run: Run) -> None:
    run_id = run.info.run_id
    store.delete_run(run_id)
    assert store.get_run(run_id).info.lifecycle_stage == "deleted"
    for change in (
        lambda: store.log_batch(run_id, metrics=[Metric("m", 1.0)]),
        lambda: store.update_run(run_id, status="FINISHED"),
        lambda: store.delete_tag(run_id, "mlflow.runName"),
        lambda: store.log_outputs(run_id, [ModelOutput(model_id="m-1")]),
    ):
        with pytest.raises(InvalidInput, match=rf"restore_run\('{run_id}'\)"):
            change()
    store.restore_run(run_id)
    store.log_batch(run_id, metrics=[Metric("m", 1.0)])
    assert store.get_run(run_id).data.metrics == {"m": 1.0}


def test_a_batch_is_read_back(store: Store, run: Run) -> None:
    store.log_batch(
        run.info.run_id,
        metrics=[Metric("loss", 0.5, timestamp=10, step=1), Metric("acc/val: top-1", 2, timestamp=11)],
        params=[Param("lr", "0.1"), Param("empty", "")],
        tags=[Tag("stage", "dev"), Tag("ünïcode tag", "naïve 日本 🙂")],
    )
    data = store.get_run(run.info.run_id).data
    assert data.metrics == {"loss": 0.5, "acc/val: top-1": 2.0}
    loss = next(metric for metric in data.metric_list if metric.key == "loss")
    assert (loss.timestamp, loss.step) == (10, 1)
    assert data.params == {"lr": "0.1", "empty": ""}
    assert data.tags == {
        "mlflow.runName": run.info.run_name,
        "stage": "dev",
        "ünïcode tag": "naïve 日本 🙂",
    }


@pytest.mark.parametrize(
    ("logged", "latest"),
    [
        ([(1.0, 0, 0), (2.0, 0, 1)], 2.0),
        ([(2.0, 0, 1), (1.0, 0, 0)], 2.0),
        ([(1.0, 5, 0), (2.0, 4, 0)], 1.0),
        ([(1.0, 5, 0), (2.0, 5, 0)], 2.0),
        ([(2.0, 5, 0), (1.0, 5, 0)], 2.0),
        ([(1.0, 9, -3), (2.0, 1, -2)], 2.0),
        ([(math.nan, 0, 0), (1.0, 0, 0)], 1.0),
        ([(math.nan, 0, 0), (-1.0, 0, 0)], math.nan),
        ([(1.0, 0, 0), (math.nan, 0, 1)], math.nan),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_the_latest_metric_has_the_greatest_step_then_time_then_value(
    store: Store, run: Run, logged: list[tuple[float, int, int]], latest: float, together: bool
) -> None:
    metrics = [Metric("m", value, timestamp, step) for value, timestamp, step in logged]
    for batch in [metrics] if together else [[metric] for metric in metrics]:
        store.log_batch(run.info.run_id, metrics=batch)
    found = store.get_run(run.info.run_id).data.metrics["m"]
    assert found == pytest.approx(latest, nan_ok=True)


def test_values_that_are_not_finite_are_kept(store: Store, run: Run) -> None:
    values = {"nan": math.nan, "inf": math.inf, "minus": -math.inf, "tiny": 5e-324, "huge": 1.7976931348623157e308}
    values["large integer"] = 10**20
    store.log_batch(run.info.run_id, metrics=[Metric(key, value) for key, value in values.items()])
    stored = store.get_run(run.info.run_id).data.metrics
    assert stored == pytest.approx(values, nan_ok=True, rel=0, abs=0)
    assert math.isnan(store.get_metric_history(run.info.run_id, "nan")[0].value)


def test_a_history_is_in_order_of_step_then_time_then_logging(store: Store, run: Run) -> None:
    for value, timestamp, step in [(1.0, 50, 2), (2.0, 40, 2), (3.0, 60, 1), (9.0, 40, 2), (0.0, 40, 2)]:
        store.log_batch(run.info.run_id, metrics=[Metric("m", value, timestamp, step), Metric("other", 7.0)])
    history = store.get_metric_history(run.info.run_id, "m")
    assert [metric.value for metric in history] == [3.0, 2.0, 9.0, 0.0, 1.0]
    assert {metric.key for metric in history} == {"m"}


def test_the_same_value_logged_twice_is_in_the_history_once(store: Store, run: Run) -> None:
    for _ in range(2):
        store.log_batch(run.info.run_id, metrics=[Metric("m", 1.0, 5, 1), Metric("m", math.nan, 5, 2)] * 2)
    assert [metric.step for metric in store.get_metric_history(run.info.run_id, "m")] == [1, 2]


def test_a_history_is_paged(store: Store, run: Run) -> None:
    metrics = [Metric("m", float(value), timestamp=value % 3, step=value % 7) for value in range(25)]
    store.log_batch(run.info.run_id, metrics=metrics)
    whole = store.get_metric_history(run.info.run_id, "m")
    assert len(whole) == 25
    paged, token = [], None
    while True:
        page = store.get_metric_history(run.info.run_id, "m", max_results=4, page_token=token)
        paged += page
        token = page.token
        if token is None:
            break
        assert len(page) == 4
    assert paged == list(whole)


def test_a_history_of_what_was_never_logged_is_empty(store: Store, run: Run) -> None:
    assert store.get_metric_history(run.info.run_id, "never") == []


def test_a_param_may_be_logged_again_only_with_the_same_value(store: Store, run: Run) -> None:
    run_id = run.info.run_id
    store.log_batch(run_id, params=[Param("lr", "0.1")])
    store.log_batch(run_id, params=[Param("lr", "0.1")])
    with pytest.raises(InvalidInput, match=r"'lr' is '0.1' and was given as '0.2'"):
        store.log_batch(
            run_id, metrics=[Metric("m", 1.0)], params=[Param("new", "1"), Param("lr", "0.2")], tags=[Tag("t", "1")]
        )
    data = store.get_run(run_id).data
    assert data.params == {"lr": "0.1"}
    assert data.metrics == {}
    assert "t" not in data.tags


def test_a_param_given_twice_in_a_batch_must_agree(store: Store, run: Run) -> None:
    with pytest.raises(InvalidInput, match=r"'lr' is given twice"):
        store.log_batch(run.info.run_id, params=[Param("lr", "1"), Param("lr", "2")])
    assert store.get_run(run.info.run_id).data.params == {}


def test_of_a_tag_given_twice_the_last_counts(store: Store, run: Run) -> None:
    store.log_batch(run.info.run_id, tags=[Tag("t", "1"), Tag("t", "2")])
    store.log_batch(run.info.run_id, tags=[Tag("t", "3")])
    assert store.get_run(run.info.run_id).data.tags["t"] == "3"
    store.delete_tag(run.info.run_id, "t")
    assert "t" not in store.get_run(run.info.run_id).data.tags


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "is missing"),
        ("x" * 251, "at most 250"),
        ("a\nb", "Invalid metric key"),
        ("a;b", "Allowed are letters"),
        ("a//b", "read as a path"),
        ("../a", "read as a path"),
        ("/a", "read as a path"),
        ("a/", "read as a path"),
        (".", "read as a path"),
        ("a\n", "Invalid metric key"),
    ],
)
def test_a_bad_key_is_refused(store: Store, run: Run, key: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        store.log_batch(run.info.run_id, metrics=[Metric(key, 1.0)])


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        (Metric("m", "high"), "expected a number"),
        (Metric("m", True), "expected a number"),
        (Metric("m", None), "expected a number"),
        (Metric("m", 10**400), "too large"),
        (Metric("m", 1.0, timestamp=-1), "milliseconds since 1970"),
        (Metric("m", 1.0, step=2**63), "64 bits"),
        (Metric("m", 1.0, step=1.5), "expected an integer"),
    ],
)
def test_a_bad_metric_is_refused(store: Store, run: Run, metric: Metric, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        store.log_batch(run.info.run_id, metrics=[metric])


@pytest.mark.parametrize(
    ("batch", "problem"),
    [
        ({"metrics": [Metric("m", 1.0)] * 1001}, "at most 1000 metrics"),
        ({"params": [Param(f"p{n}", "") for n in range(101)]}, "at most 100 params"),
        ({"tags": [Tag(f"t{n}", "") for n in range(101)]}, "at most 100 tags"),
        ({"metrics": [Metric("m", 1.0)] * 1000, "tags": [Tag("t", "")]}, "at most 1000 metrics, params and tags"),
        ({"params": [Param("p", "x" * 100_001)]}, "at most 100,000"),
        ({"params": [Param("p", "a\0b")]}, "NUL"),
        ({"params": [Param("p", "\ud800")]}, "surrogate"),
        ({"params": [Param("p", 5)]}, "expected text"),
        ({"tags": [Tag("t", None)]}, "expected text"),
    ],
)
def test_a_bad_batch_is_refused(store: Store, run: Run, batch: dict[str, list[object]], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        store.log_batch(run.info.run_id, **batch)  # type: ignore[arg-type]
    assert store.get_run(run.info.run_id) == run


def test_long_texts_are_kept_whole(store: Store, run: Run) -> None:
    texts = {f"p{length}": "ä" * length for length in (127, 128, 129, 6000, 6001, 100_000)}
    store.log_batch(run.info.run_id, params=[Param(key, text) for key, text in texts.items()])
    assert store.get_run(run.info.run_id).data.params == texts
    store.log_batch(run.info.run_id, params=[Param(key, text) for key, text in texts.items()])
    with pytest.raises(InvalidInput, match="cannot change"):
        store.log_batch(run.info.run_id, params=[Param("p6000", "ä" * 5999 + "b")])


def test_credentials_are_redacted_before_they_are_stored(store: Store, run: Run) -> None:
    secret = "sk-abcdefghijklmnopqrstuv"
    store.log_batch(run.info.run_id, params=[Param("key", secret)], tags=[Tag("note", f"Authorization: {secret}")])
    store.log_batch(run.info.run_id, params=[Param("key", secret)])
    stored = repr(store.get_run(run.info.run_id))
    assert secret not in stored
    assert stored.count("[REDACTED]") == 2


def _dataset(name: str, digest: str = "1", **more: str) -> Dataset:
    return Dataset(name=name, digest=digest, source_type="local", source="file.csv", **more)


def test_inputs_are_recorded_once(store: Store, run: Run) -> None:
    used = DatasetInput(dataset=_dataset("train", schema="{}"), tag_list=[Tag("mlflow.data.context", "training")])
    for _ in range(2):
        store.log_inputs(
            run.info.run_id, datasets=[used, used], models=[ModelInput(model_id="m-1"), ModelInput(model_id="m-1")]
        )
    inputs = store.get_run(run.info.run_id).inputs
    assert inputs.dataset_inputs == [used]
    assert inputs.dataset_inputs[0].tags == {"mlflow.data.context": "training"}
    assert inputs.model_inputs == [ModelInput(model_id="m-1")]


def test_one_dataset_is_shared_by_runs(store: Store, experiment: str, run: Run) -> None:
    other = store.create_run(experiment).info.run_id
    for run_id in (run.info.run_id, other):
        store.log_inputs(run_id, datasets=[DatasetInput(dataset=_dataset("shared"))])
    found = store.search_runs([experiment], filter_string="datasets.name = 'shared'")
    assert {item.info.run_id for item in found} == {run.info.run_id, other}
    assert found[0].inputs.dataset_inputs[0].dataset == found[1].inputs.dataset_inputs[0].dataset


@pytest.mark.parametrize(
    ("dataset", "problem"),
    [
        (_dataset(""), "needs a name"),
        (_dataset("x" * 501), "at most 500"),
        (_dataset("x", "d" * 37), "at most 36"),
    ],
)
def test_a_bad_dataset_is_refused(store: Store, run: Run, dataset: Dataset, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        store.log_inputs(run.info.run_id, datasets=[DatasetInput(dataset=dataset)])


def test_outputs_are_recorded(store: Store, run: Run) -> None:
    outputs = [ModelOutput(model_id="m-1", step=0), ModelOutput(model_id="m-2", step=3)]
    store.log_outputs(run.info.run_id, outputs)
    store.log_outputs(run.info.run_id, outputs[:1])
    assert store.get_run(run.info.run_id).outputs.model_outputs == outputs


def test_a_model_id_that_is_no_text_is_refused(store: Store, run: Run) -> None:
    with pytest.raises(InvalidInput, match="came out is 5, of type int; expected text"):
        store.log_outputs(run.info.run_id, [ModelOutput(model_id=5)])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="went in is 5, of type int; expected text"):
        store.log_inputs(run.info.run_id, models=[ModelInput(model_id=5)])  # type: ignore[arg-type]


def test_what_a_run_holds_is_found_by_search_too(store: Store, experiment: str, add_run: Callable[..., str]) -> None:
    run_id = add_run(metrics={"m": 1.0}, params={"p": "1"}, tags={"t": "1"})
    store.log_inputs(run_id, datasets=[DatasetInput(dataset=_dataset("d"))])
    store.log_outputs(run_id, [ModelOutput(model_id="m-1")])
    assert list(store.search_runs([experiment])) == [store.get_run(run_id)]
