"""Params, metrics and tags: what is kept, what is refused, what starts a run."""

from __future__ import annotations

import decimal
import math

import numpy as np
import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound


def logged() -> quire.entities.Run:
    run = quire.active_run()
    assert run is not None
    return quire.get_run(run.info.run_id)


def test_logging_without_a_run_starts_one() -> None:
    quire.log_metric("a", 1)
    run = quire.active_run()
    assert run is not None
    quire.log_param("b", 2)
    assert quire.active_run() is run
    assert (logged().data.metrics, logged().data.params) == ({"a": 1.0}, {"b": "2"})


def test_params_are_kept_as_text_and_given_back_as_they_were() -> None:
    with quire.start_run():
        assert quire.log_param("list", [1, 2]) == [1, 2]
        quire.log_params({"none": None, "float": 0.1, "text": "ü", "empty": ""})
        assert logged().data.params == {"list": "[1, 2]", "none": "None", "float": "0.1", "text": "ü", "empty": ""}


def test_a_param_cannot_change() -> None:
    with quire.start_run():
        quire.log_param("p", 1)
        quire.log_param("p", 1)
        with pytest.raises(InvalidInput, match=r"'p'.*'1'"):
            quire.log_param("p", 2)
        assert logged().data.params == {"p": "1"}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7.0),
        (np.array(2.5), 2.5),
        (decimal.Decimal("0.25"), 0.25),
        ("1.5", 1.5),
        (math.inf, math.inf),
    ],
)
def test_any_number_is_a_metric(value: object, number: float) -> None:
    quire.log_metric("m", value)  # type: ignore[arg-type]
    assert logged().data.metrics["m"] == number


@pytest.mark.parametrize("value", ["high", None, [1], {"a": 1}, np.array([1, 2]), 1j, b"1", object])
def test_a_metric_that_is_no_number_is_refused_naming_key_and_value(value: object) -> None:
    with quire.start_run():
        with pytest.raises(
            InvalidInput, match=r"The value of metric 'accuracy' is .*, which is not a number"
        ) as refusal:
            quire.log_metrics({"fine": 1, "accuracy": value})  # type: ignore[dict-item]
        assert type(value).__name__ in refusal.value.message
        assert logged().data.metrics == {}


def test_a_metric_has_a_history() -> None:
    with quire.start_run() as run:
        for step in (2, 1, 3):
            quire.log_metric("loss", 1 / step, step=step, timestamp=1000 + step)
        quire.log_metric("loss", 0.1, step=3, timestamp=2000)
        quire.log_metrics({"a": 1, "b": 2}, step=5)
    history = quire.Client().get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.timestamp, point.value) for point in history] == [
        (1, 1001, 1.0),
        (2, 1002, 0.5),
        (3, 1003, 1 / 3),
        (3, 2000, 0.1),
    ]
    assert quire.get_run(run.info.run_id).data.metrics == {"loss": 0.1, "a": 1, "b": 2}


def test_a_long_history_comes_back_whole(client: quire.Client) -> None:
    run = client.create_run("0")
    points = [quire.entities.Metric("m", float(step), 1, step) for step in range(2500)]
    client.log_batch(run.info.run_id, metrics=points)
    assert [point.step for point in client.get_metric_history(run.info.run_id, "m")] == list(range(2500))
    assert client.get_metric_history(run.info.run_id, "other") == []


def test_step_and_timestamp_are_whole_numbers() -> None:
    quire.log_metric("m", 1, step=np.int32(4))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"`step` is 1\.5 \(float\); expected a whole number"):
        quire.log_metric("m", 1, step=1.5)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="`timestamp` is 'now'"):
        quire.log_metric("m", 1, timestamp="now")  # type: ignore[arg-type]


def test_many_params_metrics_and_tags_are_all_kept() -> None:
    with quire.start_run():
        quire.log_params({f"p{number}": number for number in range(250)})
        quire.log_metrics({f"m{number}": number for number in range(2100)})
        quire.set_tags({f"t{number}": number for number in range(130)})
        data = logged().data
    assert (len(data.params), len(data.metrics)) == (250, 2100)
    assert data.tags["t129"] == "129"


def test_tags_are_replaced_and_removed() -> None:
    with quire.start_run():
        quire.set_tag("a", 1)
        quire.set_tag("a", 2)
        assert logged().data.tags["a"] == "2"
        quire.delete_tag("a")
        assert "a" not in logged().data.tags
        with pytest.raises(NotFound, match="'a'"):
            quire.delete_tag("a")


@pytest.mark.parametrize("key", ["", "a#b", "../a", "a//b", 3, None])
def test_a_wrong_key_is_refused(key: object) -> None:
    with quire.start_run():
        for log in (quire.log_param, quire.log_metric, quire.set_tag):
            with pytest.raises(InvalidInput, match="key"):
                log(key, 1)  # type: ignore[operator]
        assert (logged().data.metrics, logged().data.params) == ({}, {})


def test_dictionaries_are_expected() -> None:
    with pytest.raises(InvalidInput, match="`metrics` must be a dictionary of keys and values, not list"):
        quire.log_metrics([("a", 1)])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="`params` must be a dictionary"):
        quire.log_params("a=1")  # type: ignore[arg-type]


def test_a_run_that_ended_can_still_be_logged_to_by_its_id() -> None:
    with quire.start_run() as run:
        pass
    quire.log_metric("late", 1, run_id=run.info.run_id)
    quire.log_params({"late": 1}, run_id=run.info.run_id)
    assert quire.active_run() is None
    stored = quire.get_run(run.info.run_id)
    assert (stored.data.metrics, stored.data.params, stored.info.status) == ({"late": 1}, {"late": "1"}, "FINISHED")


def test_a_deleted_run_cannot_be_logged_to(client: quire.Client) -> None:
    with quire.start_run() as run:
        pass
    run_id = run.info.run_id
    quire.delete_run(run_id)
    for log in (
        lambda: client.log_metric(run_id, "m", 1),
        lambda: client.log_param(run_id, "p", 1),
        lambda: client.set_tag(run_id, "t", 1),
        lambda: client.log_text(run_id, "x", "x.txt"),
    ):
        with pytest.raises((InvalidState, InvalidInput), match=f"{run_id}.*deleted"):
            log()


def test_what_looks_like_a_credential_is_not_stored() -> None:
    with quire.start_run():
        quire.log_param("key", "sk-abcdefghijklmnopqrstuvwxyz123456")
        quire.set_tag("header", "Authorization: Bearer abcdefghijklmnop1234567890")
        text = repr(logged())
    assert "abcdefghijklmnop" not in text


def test_metrics_belong_to_the_model_that_the_run_logged_at_that_step() -> None:
    with quire.start_run():
        model = quire.create_external_model("m")
        quire.log_outputs([quire.entities.LoggedModelOutput(model_id=model.model_id, step=2)])
        quire.log_metric("other", 1, step=1)
        quire.log_metric("mine", 3, step=2)
    assert [(metric.key, metric.value) for metric in quire.get_logged_model(model.model_id).metrics] == [("mine", 3.0)]


def test_a_metric_can_name_the_model_and_dataset_it_was_measured_on() -> None:
    model = quire.create_external_model("m")
    dataset = quire.data.from_dict({"a": [1]}, name="d")
    with quire.start_run() as run:
        quire.log_metric("accuracy", 0.5, model_id=model.model_id, dataset=dataset)
    metric = quire.get_logged_model(model.model_id).metrics[0]
    assert (metric.dataset_name, metric.dataset_digest, metric.run_id) == ("d", dataset.digest, run.info.run_id)
    inputs = quire.get_run(run.info.run_id).inputs
    assert [each.model_id for each in inputs.model_inputs] == [model.model_id]
    assert [each.dataset.name for each in inputs.dataset_inputs] == ["d"]


def test_a_run_keeps_its_store_when_another_becomes_current() -> None:
    with quire.start_run() as run:
        quire.set_tracking_uri("sqlite:///other.db")
        quire.log_metric("m", 1)
        quire.log_text("x", "x.txt")
    quire.set_tracking_uri(None)
    stored = quire.get_run(run.info.run_id)
    assert (stored.data.metrics, stored.info.status) == ({"m": 1}, "FINISHED")
    assert quire.artifacts.load_text(f"runs:/{run.info.run_id}/x.txt") == "x"
