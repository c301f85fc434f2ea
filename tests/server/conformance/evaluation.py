"""Calls about evaluation."""

from __future__ import annotations

import mlflow
from mlflow.entities import Feedback
from mlflow.genai import datasets as kept
from mlflow.genai.scorers import scorer


@scorer
def exact(outputs, expectations):
    return outputs == expectations["expected"]


@scorer
def length(outputs):
    return Feedback(name="length", value=len(outputs), rationale="counted")


@scorer
def broken(outputs):
    raise ValueError("no")


def calls(book, client):
    ask = book.ask
    experiment = book.know_experiment(mlflow.set_experiment(f"evaluated {book.unique}").experiment_id, "evaluated")
    data = [
        {"inputs": {"q": "a"}, "expectations": {"expected": "A"}},
        {"inputs": {"q": "b"}, "expectations": {"expected": "x"}, "tags": {"t": "u"}},
    ]

    def shown(result):
        mlflow.flush_trace_async_logging()
        judged = mlflow.search_traces(locations=[experiment], run_id=result.run_id, return_type="list")
        return [
            sorted([key, float(value)] for key, value in result.metrics.items()),
            sorted([key, value] for key, value in mlflow.get_run(result.run_id).data.metrics.items()),
            sorted(
                [a.name, str(a.value), a.error is None if hasattr(a, "error") else True]
                for t in judged
                for a in t.info.assessments
            ),
            sorted(column for column in result.result_df.columns),
            mlflow.get_run(result.run_id).info.status,
            [item.dataset.source_type for item in mlflow.get_run(result.run_id).inputs.dataset_inputs],
        ]

    def predict(q):
        with mlflow.start_span("inner"):
            return q.upper()

    first = mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=[exact, length])
    ask("evaluation: of a function", shown, first)
    ask(
        "evaluation: of outputs",
        lambda: shown(mlflow.genai.evaluate(data=[{**row, "outputs": "A"} for row in data], scorers=[exact])),
    )
    ask(
        "evaluation: with a scorer that fails",
        lambda: shown(mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=[broken, length])),
    )
    ask(
        "evaluation: of traces",
        lambda: shown(
            mlflow.genai.evaluate(
                data=mlflow.search_traces(locations=[experiment], run_id=first.run_id), scorers=[length]
            )
        ),
    )
    stored = kept.create_dataset(name=f"evaluated-{book.unique}", experiment_id=[experiment])
    stored.merge_records(data)
    ask(
        "evaluation: of a dataset",
        lambda: shown(mlflow.genai.evaluate(data=stored, predict_fn=predict, scorers=[exact])),
    )
    ask("evaluation: in a run", lambda: _evaluate_in_run(shown, data, predict))


def _evaluate_in_run(shown, data, predict):
    with mlflow.start_run() as run:
        result = mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=[length])
    return [result.run_id == run.info.run_id, shown(result)]
