"""One limit for all that an evaluation pays for: answers, and the scorers that ask a service, shown apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.caller import CallerOptions
from quire.domain.errors import InvalidInput
from quire.evaluate import EvaluationStopped
from quire.judges import make_judge
from quire.scorers import EmbeddingSimilarity
from quire.testing import Behaviour, Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, words


@pytest.fixture
def service(simulator: Simulator) -> Simulator:
    """Answers variants and judges alike."""
    said = json.dumps({"rationale": "Because.", "result": True})
    simulator.behaviour = Behaviour(recording={"Say": said, "Tell": said, "polite": said}, unknown_question="error")
    return simulator


def polite(**more: Any) -> Any:
    """A judge that says how long an answer may be, so that the limit holds."""
    text = "Is this polite? {{ inputs }} {{ outputs }}"
    params = {"max_tokens": 40}
    return make_judge("polite", text, model="gpt-4o-mini", feedback_value_type=bool, inference_params=params, **more)


def judged(simulator: Simulator) -> int:
    """How many judgements were asked for."""
    return sum("polite" in json.dumps(one.body) for one in simulator.requests)


def test_what_judges_cost_is_shown_apart_and_kept(service: Simulator, make_model: MakeModel) -> None:
    variants = {"a": make_model(max_tokens=40), "b": make_model("Tell {word}", max_tokens=40)}
    judge = polite()
    result = quire.evaluate(words(5), variants, [has_word, judge], max_cost_usd=1.0)
    costs = result.costs
    assert costs.answers_usd == pytest.approx(sum(result.aggregates[name]["cost_usd"] for name in "ab"))
    assert costs.scorers_usd == {"polite": pytest.approx(judge.spent.cost_usd)}
    assert costs.total_usd == costs.answers_usd + costs.scorers_usd["polite"] > costs.answers_usd > 0
    each = [result.aggregates[name]["polite/cost_usd"] for name in "ab"]
    assert min(each) > 0
    assert sum(each) == pytest.approx(judge.spent.cost_usd)
    assert judge.options is None

    metrics = quire.get_run(result.run_id).data.metrics
    assert metrics["spent_usd"] == pytest.approx(costs.total_usd)
    assert (metrics["answers_usd"], metrics["scorers_usd"]) == pytest.approx((costs.answers_usd, sum(each)))
    assert quire.get_run(result.run_ids["a"]).data.metrics["polite/cost_usd"] == pytest.approx(each[0])
    stored = quire.load_evaluation(result.run_id)
    assert stored.costs == costs
    assert stored.aggregates == result.aggregates
    assert "cost of scorers" in " ".join(str(stored).split())
    for kind in ("html", "markdown"):
        assert "Paid by this evaluation" in stored.report(format=kind)


def test_the_limit_covers_judges_and_a_higher_one_goes_on(service: Simulator, make_model: MakeModel) -> None:
    model = make_model(max_tokens=40)
    answers = quire.evaluate(words(20), {"a": model}, [has_word], cache=False).costs.answers_usd
    limit = answers + 0.0004
    judge = polite()
    with pytest.raises(
        EvaluationStopped, match=r"spend limit of .* on answers, .* have no score of 'polite'"
    ) as stopped:
        quire.evaluate(words(20), {"a": model}, [has_word, judge], max_cost_usd=limit)
    first = judged(service)
    assert 0 < first < 20
    assert answers + judge.spent.cost_usd <= limit
    kept = quire.load_evaluation(stopped.value.run_id)
    assert kept.table("a").rows == 20
    assert kept.table("a").missing("polite") == 20 - first
    assert kept.table("a").missing("has_word") == 0
    assert kept.costs.total_usd <= limit
    assert kept.settings.stopped is not None

    sent = len(service.requests)
    result = quire.evaluate(words(20), {"a": model}, [has_word, polite()], max_cost_usd=1.0)
    assert len(service.requests) - sent == 20 - first
    assert result.aggregates["a"]["polite/missing"] == 0


def test_a_scorer_after_the_one_that_ran_out_is_not_asked(service: Simulator, make_model: MakeModel) -> None:
    model = make_model(max_tokens=40)
    scorers = [polite(), EmbeddingSimilarity()]
    with pytest.raises(EvaluationStopped, match="of 'polite'"):
        quire.evaluate(words(6), {"a": model}, scorers, max_cost_usd=0.00013)
    assert not any(one.path.endswith("/embeddings") for one in service.requests)


def test_embeddings_are_paid_from_the_same_sum(service: Simulator) -> None:
    data = words(300)
    with pytest.raises(EvaluationStopped, match="of 'embedding_similarity'"):
        quire.evaluate(data, {"f": lambda word: word * 40}, [EmbeddingSimilarity()], max_cost_usd=0.00000005)


def test_a_judges_own_limit_holds_where_it_is_lower(service: Simulator) -> None:
    judge = polite(options=CallerOptions(max_cost_usd=0.0002, max_concurrency=2))
    own = judge.options
    result = quire.evaluate(words(20), {"f": lambda word: word}, [judge], max_cost_usd=1.0)
    assert 0 < result.aggregates["f"]["polite/missing"] < 20
    assert 0 < judge.spent.cost_usd <= 0.0002
    assert judge.options is own


def test_without_a_limit_of_the_evaluation_a_judge_that_ran_out_stops_nothing(service: Simulator) -> None:
    judge = polite(options=CallerOptions(max_cost_usd=0.0002))
    result = quire.evaluate(words(20), {"f": lambda word: word}, [judge])
    assert 0 < result.aggregates["f"]["polite/missing"] < 20


def test_a_journal_counts_judgements_too(service: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model(max_tokens=40)
    settings: dict[str, Any] = {"cache": False, "resume": tmp_path / "j", "max_cost_usd": 0.0008}
    for _attempt in range(2):
        with pytest.raises(EvaluationStopped):
            quire.evaluate(words(20), {"a": model}, [polite()], **settings)
    stopped = len(service.requests)
    assert judged(service) > 0
    settings["max_cost_usd"] = 1.0
    quire.evaluate(words(20), {"a": model}, [polite()], **settings)
    assert len(service.requests) == 40 > stopped


def test_a_judge_whose_price_is_not_known_is_refused_before_anything_is_asked(
    service: Simulator, make_model: MakeModel
) -> None:
    judge = make_judge("polite", "Polite? {{ outputs }}", model="my-own-model", feedback_value_type=bool)
    with pytest.raises(InvalidInput, match=r"price of 'my-own-model', which the scorer 'polite' asks, is not known"):
        quire.evaluate(words(1), {"a": make_model()}, [judge], max_cost_usd=1.0)
    assert service.requests == []
