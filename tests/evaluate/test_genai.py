"""``quire.genai.evaluate``, as a program written for MLflow calls it."""

from __future__ import annotations

import pandas as pd

import quire
from tests.evaluate.helpers import has_word, length, words


def predict(word: str) -> str:
    return word


def test_a_function_is_evaluated_as_mlflow_does() -> None:
    result = quire.genai.evaluate(data=pd.DataFrame(words(3)), scorers=[has_word, length], predict_fn=predict)
    assert result.metrics["has_word/mean"] == 1.0
    assert quire.get_run(result.run_id).data.metrics["length/mean"] == 2.0
    assert list(result.result_df["has_word/value"]) == [True] * 3
    assert list(result.tables["eval_results"]["response"]) == ["w0", "w1", "w2"]
    assert result.run_id in repr(result)


def test_outputs_that_are_there_are_scored_for_a_model() -> None:
    model = quire.create_external_model("mine")
    data = [{**record, "outputs": "w1"} for record in words(2)]
    result = quire.genai.evaluate(data=data, scorers=[has_word], model_id=model.model_id)
    assert result.metrics["has_word/mean"] == 0.5
    logged = quire.get_logged_model(model.model_id)
    assert {metric.key: metric.value for metric in logged.metrics or []}["has_word/mean"] == 0.5


def test_the_active_run_has_the_metrics_too() -> None:
    with quire.start_run() as run:
        quire.genai.evaluate(data=words(2), scorers=[has_word], predict_fn=predict)
    assert quire.get_run(run.info.run_id).data.metrics["has_word/mean"] == 1.0
