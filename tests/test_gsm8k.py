"""The main job on real data: four models, 800 recorded questions each, and exactly the recorded scores.

The questions and answers are GSM8K's published model solutions; the simulator replays them.
"""

from __future__ import annotations

import pytest

import quire
from bench.gsm8k import CORRECT, MODELS, final_number, is_correct, read
from quire.simulator import Behaviour


@pytest.fixture(scope="module")
def recording(shared):
    return shared / "data" / "gsm8k_recorded.jsonl"


@pytest.fixture(scope="module")
def rows(recording):
    return read(recording)


@pytest.mark.parametrize("model", MODELS)
def test_scoring_agrees_with_every_recorded_verdict(rows, model):
    wrong = [
        row["question"]
        for row in rows
        if is_correct(row[model]["solution"], row["ground_truth"]) != row[model]["is_correct"]
    ]
    assert wrong == []


def test_the_final_number_is_read_without_separators_and_units():
    assert final_number("so 2 + 1 = 3\nA: 1,234 dollars") == 1234
    assert final_number("A: $.50") == final_number("A: 0.5")
    assert final_number("A: -7") == -7
    assert final_number("A: none") is None
    assert final_number("12") is None


def test_the_runs_show_exactly_the_recorded_scores(simulator, recording, rows, tmp_path, monkeypatch):
    simulator.behaviour = Behaviour(recording=str(recording), unknown_question="error")
    monkeypatch.chdir(tmp_path)
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    experiment = quire.set_experiment("gsm8k")
    for model in MODELS:
        _evaluate(model, rows)

    runs = quire.search_runs([experiment.experiment_id], order_by=["metrics.correct DESC"], output_format="list")

    assert [(run.data.params["model"], run.data.metrics["correct"]) for run in runs] == sorted(
        CORRECT.items(), key=lambda item: -item[1]
    )
    assert runs[0].data.metrics["accuracy"] == 461 / 800


def _evaluate(model, rows):
    with quire.start_run(run_name=model):
        info = quire.openai.log_model(
            model=model, task="chat.completions", name="model", messages=[{"role": "user", "content": "{question}"}]
        )
        answers = quire.pyfunc.load_model(info.model_uri).predict([row["question"] for row in rows])
        correct = sum(is_correct(answer, row["ground_truth"]) for answer, row in zip(answers, rows, strict=True))
        quire.log_param("model", model)
        quire.log_metrics({"correct": correct, "accuracy": correct / len(rows)})
