"""Answers of every kind of variant, repeats, failures that count, one budget, one order."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quire
from quire.evaluate import EvaluationStopped
from quire.models.signature import ModelSignature
from quire.scorers import Cost, Latency
from quire.testing import Simulator
from quire.types.schema import ParamSchema, ParamSpec
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, length, said, words


def test_rows_come_in_the_order_of_the_data_with_answers_scores_and_costs(
    echo: Simulator, make_model: MakeModel
) -> None:
    echo.behave(latency_ms="uniform:0:20")
    result = quire.evaluate(words(60), {"a": make_model(), "b": make_model("Repeat {word}")}, [has_word, Cost()])
    for name, start in (("a", "Say"), ("b", "Repeat")):
        rows = list(result.rows(name))
        assert [row.index for row in rows] == list(range(60))
        assert [said(row.outputs) for row in rows] == [f"{start} w{n}" for n in range(60)]
        assert all(row.measured.cost_usd and row.measured.latency_s for row in rows)
        assert [score.name for score in rows[0].scores] == ["has_word", "cost_usd"]
    assert result.scores("a", "has_word").shape == (60, 1)
    assert result.aggregates["a"]["has_word/mean"] == 1.0
    assert result.aggregates["a"]["cost_usd"] == pytest.approx(float(result.scores("a", "cost_usd").sum()))
    assert len(echo.requests) == 120


def test_variants_take_turns_so_that_none_is_ahead(echo: Simulator, make_model: MakeModel) -> None:
    quire.evaluate(
        words(20), {"a": make_model(), "b": make_model("Repeat {word}")}, [has_word], max_concurrency=1, cache=False
    )
    asked = [request.body["messages"][0]["content"].split()[0] for request in echo.requests]
    assert asked == ["Say", "Repeat"] * 20


def test_repeats_are_calls_of_their_own(simulator: Simulator, make_model: MakeModel) -> None:
    result = quire.evaluate(words(5), {"a": make_model()}, [length], repeats=3)
    assert len(simulator.requests) == 15
    assert result.scores("a", "length").shape == (5, 3)
    assert [(row.index, row.repeat) for row in result.rows("a")] == [(n, r) for n in range(5) for r in range(3)]


def test_the_seed_goes_to_models_that_open_one_and_differs_between_repeats(
    echo: Simulator, make_model: MakeModel
) -> None:
    opened = make_model(signature=ModelSignature(params=ParamSchema([ParamSpec("seed", "long", 1)])))
    quire.evaluate(words(1), {"open": opened, "closed": make_model("Repeat {word}")}, [length], repeats=2, seed=40)
    seeds = {request.body["messages"][0]["content"].split()[0]: [] for request in echo.requests}
    for request in echo.requests:
        seeds[request.body["messages"][0]["content"].split()[0]].append(request.body.get("seed"))
    assert sorted(seeds["Say"]) == [40, 41]
    assert seeds["Repeat"] == [None, None]


def test_params_go_to_every_model(echo: Simulator, make_model: MakeModel) -> None:
    signature = ModelSignature(params=ParamSchema([ParamSpec("temperature", "double", 0.5)]))
    quire.evaluate(words(1), {"a": make_model(signature=signature)}, [length], params={"temperature": 0.125})
    assert echo.requests[0].body["temperature"] == 0.125


def test_variants_that_ask_the_same_are_asked_once(simulator: Simulator, make_model: MakeModel) -> None:
    result = quire.evaluate(words(10), {"a": make_model(), "again": make_model()}, [length], cache=False)
    assert len(simulator.requests) == 10
    assert [row.outputs for row in result.rows("a")] == [row.outputs for row in result.rows("again")]
    assert all(row.measured.replayed for row in result.rows("again"))
    assert result.aggregates["a"]["replayed"] == 0


def test_a_record_that_comes_again_is_asked_once(simulator: Simulator, make_model: MakeModel) -> None:
    result = quire.evaluate([*words(2), *words(1)], {"a": make_model()}, [length])
    assert len(simulator.requests) == 2
    assert len(list(result.rows("a"))) == 2


# -- functions and recorded outputs ----------------------------------------------------------------


def by_name(word: str, suffix: str = "!") -> str:
    return word + suffix


def by_mapping(inputs: dict[str, Any]) -> str:
    return f"{inputs['word']}!"


async def in_a_loop(word: str) -> str:
    await asyncio.sleep(0)
    return f"{word}!"


@pytest.mark.parametrize("function", [by_name, by_mapping, in_a_loop, lambda **inputs: f"{inputs['word']}!"])
def test_functions_are_given_inputs_by_name_or_all_of_them(function: Any) -> None:
    result = quire.evaluate(words(30), {"f": function}, [has_word, Latency()])
    assert [row.outputs for row in result.rows("f")] == [f"w{n}!" for n in range(30)]
    assert all(row.measured.latency_s is not None for row in result.rows("f"))


def test_functions_run_at_the_same_time(simulator: Simulator) -> None:
    together = threading.Barrier(8, timeout=30)

    def waits(word: str) -> str:
        together.wait()
        return word

    result = quire.evaluate(words(16), waits, [has_word], max_concurrency=8)
    assert result.variants == ["waits"]
    assert result.aggregates["waits"]["failed"] == 0


def test_a_function_that_raises_gives_rows_with_missing_scores() -> None:
    def fails(word: str) -> str:
        if word in ("w1", "w3"):
            raise ValueError(f"no {word}, api_key=sk-abcdefghijklmnopqrstuvwxyz123456")
        return word

    result = quire.evaluate(words(5), {"fails": fails, "works": by_name}, [has_word])
    rows = list(result.rows("fails"))
    assert [row.error is None for row in rows] == [True, False, True, False, True]
    assert rows[1].error == "ValueError: no w1, api_key=[REDACTED]"
    assert (result.aggregates["fails"]["failed"], result.aggregates["fails"]["has_word/missing"]) == (2, 2)
    assert np.isnan(result.scores("fails", "has_word")[:, 0]).tolist() == [False, True, False, True, False]
    comparison = result.compare("works", "fails")
    assert (comparison["has_word"].n, comparison["has_word"].missing_b) == (3, 2)


def test_recorded_outputs_are_scored_as_they_are() -> None:
    data = words(3)
    for record, output in zip(data, ["w0", "other", None], strict=True):
        record["outputs"] = output
    result = quire.evaluate(data, None, [has_word])
    assert result.variants == ["recorded"]
    assert [row.outputs for row in result.rows()] == ["w0", "other", None]
    assert result.scores()[:2, 0].tolist() == [1, 0]
    assert result.aggregates["recorded"]["has_word/missing"] == 1


def test_a_model_a_function_and_recorded_outputs_side_by_side(echo: Simulator, make_model: MakeModel) -> None:
    data = [{**record, "outputs": "nothing"} for record in words(4)]
    result = quire.evaluate(data, {"model": make_model(), "function": by_name, "recorded": None}, [has_word])
    assert [result.aggregates[name]["has_word/mean"] for name in result.variants] == [1, 1, 0]


def test_a_prompt_with_a_model(echo: Simulator) -> None:
    prompt = quire.register_prompt("greet", template=[{"role": "user", "content": "Greet {{word}}"}])
    result = quire.evaluate(words(2), {"p": (prompt, "gpt-4o-mini"), "uri": ("prompts:/greet/1", "gpt-4o")}, [has_word])
    assert [said(row.outputs) for row in result.rows("p")] == ["Greet w0", "Greet w1"]
    assert {request.body["model"] for request in echo.requests} == {"gpt-4o-mini", "gpt-4o"}
    assert result.described["p"].prompt == "prompts:/greet/1"


def test_a_registered_model_is_known_by_its_version(echo: Simulator) -> None:
    quire.openai.log_model(
        name="greeter",
        model="gpt-4o-mini",
        task="chat.completions",
        messages=[{"role": "user", "content": "Greet {word}"}],
        registered_model_name="greeter",
    )
    quire.MlflowClient().set_registered_model_alias("greeter", "champion", "1")
    result = quire.evaluate(words(1), {"champion": "models:/greeter@champion"}, [has_word])
    known = result.described["champion"]
    assert (known.registered_name, known.registered_version) == ("greeter", "1")
    assert known.model_id is not None
    run = quire.get_run(result.run_ids["champion"])
    assert [read.model_id for read in run.inputs.model_inputs] == [known.model_id]


# -- what fails --------------------------------------------------------------------------------------


def test_rows_that_fail_are_counted_and_never_dropped(echo: Simulator, make_model: MakeModel) -> None:
    echo.behave(error_rates={"server_error": 0.4}, seed=2)
    data = words(40)
    data[7]["inputs"]["word"] = None
    result = quire.evaluate(data, {"a": make_model()}, [has_word], max_retries=0)
    rows = list(result.rows("a"))
    failed = [row for row in rows if row.error is not None]
    assert len(rows) == 40
    assert 3 < len(failed) < 37
    assert rows[7].error is not None
    assert rows[7].error.startswith("invalid_row: Row 7, column 'word', is null")
    assert result.aggregates["a"]["failed"] == len(failed)
    assert result.aggregates["a"]["has_word/missing"] == len(failed)
    assert int(np.isnan(result.scores("a", "has_word")).sum()) == len(failed)


def test_a_refused_key_stops_everything_and_what_finished_is_kept(echo: Simulator, make_model: MakeModel) -> None:
    model = make_model()
    quire.evaluate(words(6), {"a": model}, [has_word])
    echo.behave(api_keys=("another",))
    with pytest.raises(EvaluationStopped, match=r"The evaluation stopped: .*401.* answers are missing; the 6 ") as stop:
        quire.evaluate(words(30), {"a": model}, [has_word])
    run = quire.get_run(stop.value.run_id)
    assert run.info.status == "FAILED"
    kept = quire.load_evaluation(stop.value.run_id)
    assert len(list(kept.rows("a"))) == stop.value.rows == 6
    assert kept.settings.stopped is not None


def test_the_spend_limit_is_shared_and_a_higher_one_goes_on(echo: Simulator, make_model: MakeModel) -> None:
    variants = {"a": make_model(max_tokens=16), "b": make_model("Repeat {word}", max_tokens=16)}
    with pytest.raises(EvaluationStopped, match="the spend limit of"):
        quire.evaluate(words(40), variants, [has_word], max_cost_usd=0.0002, max_concurrency=2)
    paid = len(echo.requests)
    assert 0 < paid < 80
    result = quire.evaluate(words(40), variants, [has_word], max_cost_usd=1.0)
    assert len(echo.requests) == 80
    assert result.aggregates["a"]["rows"] == 40


def test_a_scorer_that_raises_or_says_nonsense_leaves_a_missing_score(caplog: pytest.LogCaptureFixture) -> None:
    @quire.scorer
    def breaks(outputs: str) -> bool:
        raise KeyError("gone")

    @quire.scorer
    def nonsense(outputs: str) -> object:
        return object()

    @quire.scorer
    def nan(outputs: str) -> float:
        return float("nan")

    result = quire.evaluate(words(3), {"f": by_name, "g": by_mapping}, [has_word, breaks, nonsense, nan])
    row = next(result.rows("f"))
    assert [score.error is None for score in row.scores] == [True, False, False, True]
    missing = {name: result.aggregates["f"][f"{name}/missing"] for name in ("has_word", "breaks", "nonsense", "nan")}
    assert missing == {"has_word": 0, "breaks": 3, "nonsense": 3, "nan": 3}
    assert result.compare("f", "g")["nan"].verdict == "no difference shown"
    assert "The scorer 'breaks' gave no score on any row; the first error: KeyError: 'gone'" in caplog.text


def test_scorers_that_wait_are_asked_for_many_rows_at_once() -> None:
    together = threading.Barrier(4, timeout=30)
    tried: list[int] = []

    @quire.scorer
    def waits(outputs: str) -> bool:
        tried.append(1)
        if len(tried) <= 8:
            threading.Event().wait(0.03)
        else:
            together.wait()
        return True

    result = quire.evaluate(words(16), {"f": by_name}, [waits], max_concurrency=4)
    assert result.aggregates["f"]["waits/mean"] == 1
    assert [row.index for row in result.rows("f")] == list(range(16))


def test_scorers_that_take_rows_together_are_given_all_of_them() -> None:
    from collections.abc import Iterable, Iterator

    from quire.scorers import Score, ScoredRow, Scorer

    class Together(Scorer):
        name = "together"
        kind = "number"

        def __call__(self, *, outputs: str) -> float:
            raise AssertionError("asked for one row")

        def score_batch(self, rows: Iterable[ScoredRow]) -> Iterator[list[Score]]:
            for place, row in enumerate(list(rows)):
                yield [Score(name="together", value=None if row.error else float(place))]

    def fails(word: str) -> str:
        if word == "w1":
            raise ValueError("no")
        return word

    result = quire.evaluate(words(3), {"f": fails, "g": by_name}, [has_word, Together()])
    assert result.scores("f", "together")[[0, 2], 0].tolist() == [0, 2]
    assert result.scores("g", "together")[:, 0].tolist() == [3, 4, 5]
    assert result.aggregates["f"]["together/missing"] == 1
    assert [score.name for score in next(result.rows("g")).scores] == ["has_word", "together"]


def test_a_scorer_of_several_scores_has_a_column_for_each() -> None:
    @quire.scorer(higher_is_better=False)
    def sizes(outputs: str) -> dict[str, int]:
        return {"letters": len(outputs), "words": 1}

    result = quire.evaluate(words(2), {"f": by_name, "g": by_mapping}, [sizes])
    assert result.score_names == ["sizes/letters", "sizes/words"]
    assert not result.compare("f", "g")["sizes/letters"].higher_is_better
    assert "sizes/missing" not in result.aggregates["f"]


def test_scores_may_have_names_that_metrics_may_not() -> None:
    @quire.scorer
    def parts(outputs: str) -> dict[str, bool]:
        return {"is “right”?": True}

    result = quire.evaluate(words(2), {"f": by_name}, [parts])
    assert result.scores().tolist() == [[1], [1]]
    assert quire.get_run(result.run_ids["f"]).data.metrics["parts/is _right__/mean"] == 1


def test_the_journal_of_one_evaluation_counts_against_its_limit(
    echo: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    model = make_model(max_tokens=16)
    settings: dict[str, Any] = {"cache": False, "resume": tmp_path / "j", "max_cost_usd": 0.0001, "max_concurrency": 1}
    for _attempt in range(2):
        with pytest.raises(EvaluationStopped):
            quire.evaluate(words(40), {"a": model}, [has_word], **settings)
    paid = len(echo.requests)
    settings["max_cost_usd"] = 1.0
    quire.evaluate(words(40), {"a": model}, [has_word], **settings)
    assert len(echo.requests) == 40
    assert 0 < paid < 40
