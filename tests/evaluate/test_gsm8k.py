"""Real questions, real recorded answers of four models: exactly the recorded scores, and what SciPy makes of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

import quire
from bench.gsm8k import CORRECT, MODELS
from quire.evaluate import Evaluation
from quire.scorers import Cost, ExactAnswer, Latency
from quire.testing import Simulator


@pytest.fixture(scope="module")
def recorded(shared: Any) -> list[dict[str, Any]]:
    text = (shared / "data" / "gsm8k_recorded.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def result(shared: Any, recorded: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("gsm8k")
    with (
        pytest.MonkeyPatch.context() as patch,
        Simulator(recording=str(shared / "data" / "gsm8k_recorded.jsonl"), unknown_question="error") as simulator,
    ):
        for name, value in simulator.environment.items():
            patch.setenv(name, value)
        patch.setenv("QUIRE_CACHE_DIR", str(folder / "cache"))
        quire.set_tracking_uri(f"sqlite:///{folder}/quire.db")
        models = {}
        for name in MODELS:
            message = {"role": "user", "content": "{question}"}
            quire.openai.save_model(name, "chat.completions", folder / name, messages=[message])
            models[name] = folder / name
        data = [
            {"inputs": {"question": row["question"]}, "expectations": {"expected_response": row["ground_truth"]}}
            for row in recorded
        ]
        yield quire.evaluate(data, models, [ExactAnswer(), Latency(), Cost()])
    quire.set_tracking_uri(None)  # it outlives the tests of the module, which is whose store it is


@pytest.fixture(autouse=True)
def workspace() -> None:
    """The module's own store."""


def test_every_score_is_the_recorded_one(result: Evaluation, recorded: list[dict[str, Any]]) -> None:
    right = {name: int(np.nansum(result.scores(name, "exact_answer"))) for name in MODELS}
    assert (
        right
        == CORRECT
        == {"6b_finetuning": 177, "6b_verification": 322, "175b_finetuning": 274, "175b_verification": 461}
    )
    for name in MODELS:
        assert result.scores(name, "exact_answer")[:, 0].tolist() == [row[name]["is_correct"] for row in recorded]
        assert result.aggregates[name]["exact_answer/missing"] == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("6b_finetuning", "6b_verification"),
        ("6b_verification", "175b_finetuning"),
        ("175b_finetuning", "175b_verification"),
    ],
)
def test_comparisons_agree_with_scipy_and_statsmodels(
    result: Evaluation, recorded: list[dict[str, Any]], a: str, b: str
) -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    first = np.array([row[a]["is_correct"] for row in recorded], dtype=float)
    second = np.array([row[b]["is_correct"] for row in recorded], dtype=float)
    won, lost = int((second > first).sum()), int((second < first).sum())
    counts = [[int(((first == x) & (second == y)).sum()) for y in (1, 0)] for x in (1, 0)]

    metric = result.compare(a, b, scorers=["exact_answer"])["exact_answer"]

    assert (metric.won, metric.lost, metric.tied) == (won, lost, 800 - won - lost)
    assert metric.p_value == pytest.approx(binomtest(won, won + lost).pvalue, rel=1e-9)
    assert metric.p_value == pytest.approx(float(mcnemar(counts, exact=True).pvalue), rel=1e-9)
    assert metric.difference == pytest.approx((second - first).mean())
    drawn = bootstrap((second - first,), np.mean, n_resamples=9999, method="BCa", random_state=1).confidence_interval
    assert metric.interval.low == pytest.approx(drawn.low, abs=0.005)
    assert metric.interval.high == pytest.approx(drawn.high, abs=0.005)


def test_the_ranking_is_the_one_of_the_paper(result: Evaluation) -> None:
    ranking = result.ranking("exact_answer", baseline="6b_finetuning")
    assert [one.name for one in ranking.variants] == [
        "175b_verification",
        "6b_verification",
        "175b_finetuning",
        "6b_finetuning",
    ]
    assert [one.comparison.verdict for one in ranking.variants[:3] if one.comparison] == ["better"] * 3


def test_the_report_names_the_verdict_first(result: Evaluation) -> None:
    page = result.report(a="175b_finetuning", b="175b_verification")
    assert "175b_verification is better than 175b_finetuning on exact_answer" in page
