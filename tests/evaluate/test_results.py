"""What an evaluation leaves behind: runs that can be searched, opened again and compared with others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import quire
from quire.testing import Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, length, words


def one(word: str) -> str:
    return word


def two(word: str) -> str:
    return f"{word}!" if word != "w2" else "no"


def test_a_parent_run_with_a_child_for_each_variant(echo: Simulator, make_model: MakeModel) -> None:
    quire.set_experiment("jokes")
    result = quire.evaluate(
        words(4), {"a": make_model(), "f": one}, [has_word, length], repeats=2, run_name="evaluated"
    )
    parent = quire.get_run(result.run_id)
    assert (parent.info.run_name, parent.info.status) == ("evaluated", "FINISHED")
    assert parent.data.params["scorers"] == "has_word, length"
    assert parent.data.metrics["rows"] == 16
    for name, run_id in result.run_ids.items():
        child = quire.get_run(run_id)
        assert child.data.tags["mlflow.parentRunId"] == result.run_id
        assert child.info.run_name == name
        assert child.data.metrics == pytest.approx(result.aggregates[name])
        (read,) = child.inputs.dataset_inputs
        assert (read.dataset.digest, read.tags["mlflow.data.context"]) == (result.dataset.digest, "evaluation")
    found = quire.search_runs(filter_string="metrics.`has_word/mean` > 0.5", output_format="list")
    assert {run.info.run_id for run in found} == set(result.run_ids.values())


def test_it_is_below_the_run_that_is_active() -> None:
    with quire.start_run() as outer:
        result = quire.evaluate(words(2), {"f": one}, [has_word])
        assert quire.active_run().info.run_id == outer.info.run_id  # type: ignore[union-attr]
    assert quire.get_run(result.run_id).data.tags["mlflow.parentRunId"] == outer.info.run_id


def test_an_experiment_may_be_named() -> None:
    result = quire.evaluate(words(2), {"f": one}, [has_word], experiment="elsewhere", tags={"why": "test"})
    experiment = quire.get_experiment_by_name("elsewhere")
    assert experiment is not None
    run = quire.get_run(result.run_id)
    assert (run.info.experiment_id, run.data.tags["why"]) == (experiment.experiment_id, "test")


def same(first: quire.evaluate.Evaluation, second: quire.evaluate.Evaluation) -> None:  # type: ignore[name-defined]
    assert first.variants == second.variants
    assert first.record_ids == second.record_ids
    assert first.groups == second.groups
    assert first.aggregates == second.aggregates
    assert first.settings == second.settings
    for name in first.variants:
        for score in first.score_names:
            assert np.array_equal(first.scores(name, score), second.scores(name, score), equal_nan=True)
        assert list(first.rows(name)) == list(second.rows(name))


def test_a_stored_evaluation_is_the_same_opened_again() -> None:
    data = [{**record, "group": f"g{place % 2}"} for place, record in enumerate(words(6))]
    result = quire.evaluate(data, {"one": one, "two": two}, [has_word, length], repeats=2)
    same(quire.load_evaluation(result.run_id), result)
    same(quire.load_evaluation(result.run_ids["two"]), result)
    assert str(quire.load_evaluation(result.run_id).compare()) == str(result.compare())


def test_it_is_kept_on_a_server_and_opened_from_there(quire_server: str) -> None:
    quire.set_tracking_uri(quire_server)
    result = quire.evaluate(words(5), {"one": one, "two": two}, [has_word], experiment="evaluated-on-a-server")
    same(quire.load_evaluation(result.run_id), result)


def test_a_model_that_was_logged_to_another_store_is_evaluated_all_the_same(echo: Simulator, workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace}/other.db")
    messages = [{"role": "user", "content": "Say {word}"}]
    logged = quire.openai.log_model(name="m", model="gpt-4o-mini", task="chat.completions", messages=messages)
    folder = quire.artifacts.download_artifacts(logged.model_uri, dst_path=workspace / "copied")
    quire.set_tracking_uri(f"sqlite:///{workspace}/quire.db")
    result = quire.evaluate(words(2), {"copied": folder}, [has_word])
    assert result.described["copied"].model_id == logged.model_id
    run = quire.get_run(result.run_ids["copied"])
    assert run.data.metrics["has_word/mean"] == 1
    assert run.inputs.model_inputs == []


def test_variants_of_two_evaluations_are_compared_by_record() -> None:
    first = quire.evaluate(words(6), {"one": one}, [has_word])
    second = quire.evaluate(list(reversed(words(9))), {"two": two}, [has_word])
    comparison = second.compare(first.table("one"), "two")
    metric = comparison["has_word"]
    assert (metric.n, metric.missing_a, metric.missing_b) == (6, 3, 0)
    assert (metric.won, metric.lost, metric.tied) == (0, 1, 5)


def test_what_looks_like_a_credential_is_not_stored(workspace: Path) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"

    def leaks(word: str) -> dict[str, str]:
        return {"text": f"key {secret}", "password": "hunter2hunter2"}

    result = quire.evaluate([{"inputs": {"word": secret}}], {"f": leaks}, [quire.scorers.Latency()])
    row = next(result.rows("f"))
    assert row.outputs == {"text": "key [REDACTED]", "password": "[REDACTED]"}
    stored = b"".join(path.read_bytes() for path in workspace.rglob("*") if path.is_file())
    assert secret.encode() not in stored
    assert b"hunter2" not in stored


def test_outputs_of_any_kind_are_kept() -> None:
    class Thing:
        def __str__(self) -> str:
            return "a thing"

    for outputs, kept in [
        ({"a": [1, 2.5, None]}, {"a": [1, 2.5, None]}),
        (np.float64(0.5), 0.5),
        (np.arange(3), [0, 1, 2]),
        (Thing(), "a thing"),
        ("half a \ud83d pair", "half a ? pair"),
    ]:
        result = quire.evaluate(words(1), {"f": lambda word, outputs=outputs: outputs}, [quire.scorers.Latency()])
        assert next(result.rows("f")).outputs == kept


def test_it_prints_as_a_table() -> None:
    result = quire.evaluate(words(3), {"one": one, "two": two}, [has_word, length])
    shown = str(result)
    assert "data: 3 records" in shown
    assert "100.0%" in shown
    assert "66.7%" in shown
    assert "Evaluation(run_id=" in repr(result)
    assert result.run_id in repr(result)
