"""Prediction: outputs in order, failures as data, parameters, the journal, limits; over a real socket."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import quire
from quire.caller import Journal
from quire.domain.errors import (
    InvalidInput,
    InvalidState,
    MissingConfiguration,
    PolicyError,
    QuireError,
    SchemaError,
)
from quire.models.signature import ModelSignature
from quire.pyfunc import PredictionError, PyFuncModel, RowFailure
from quire.simulator import Behaviour
from quire.testing import Simulator
from quire.types.schema import ColSpec, ParamSchema, ParamSpec, Schema

MakeModel = Callable[..., PyFuncModel]
OPEN = ModelSignature(params=ParamSchema([ParamSpec("temperature", "float", 0.2, minimum=0, maximum=2)]))
TWO = [{"role": "user", "content": "{x} and {y}"}]


def said(output: str) -> str:
    """What the echoing simulator was told last."""
    return str(json.loads(output)[-1]["content"])


# -- inputs and outputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        ["cats", "dogs"],
        [{"x": "cats"}, {"x": "dogs"}],
        {"x": ["cats", "dogs"]},
        (name for name in ["cats", "dogs"]),
        pd.DataFrame({"n": [1, 2], "x": ["cats", "dogs"]}),
        pl.DataFrame({"x": ["cats", "dogs"]}),
        pa.table({"x": ["cats", "dogs"]}),
        pd.Series(["cats", "dogs"]),
        np.array(["cats", "dogs"]),
    ],
    ids=["texts", "mappings", "columns", "generator", "pandas", "polars", "arrow", "series", "array"],
)
def test_every_kind_of_input_gives_one_text_a_row(echo: Simulator, make_model: MakeModel, data: Any) -> None:
    outputs = make_model().predict(data)
    assert isinstance(outputs, list)
    assert [said(output) for output in outputs] == ["Tell me about cats", "Tell me about dogs"]


def test_one_input_gives_a_list_of_one(echo: Simulator, make_model: MakeModel) -> None:
    assert [said(output) for output in make_model().predict("cats")] == ["Tell me about cats"]
    assert [said(output) for output in make_model(messages=TWO).predict({"x": "a", "y": "b"})] == ["a and b"]


def test_every_task_gives_its_outputs(echo: Simulator, make_model: MakeModel) -> None:
    assert make_model("completions", prompt="Say {x}").predict(["a", "b"]) == ["Say a", "Say b"]
    assert make_model("responses", input="Say {x}").predict(["a"]) == ["Say a"]
    assert make_model("embeddings").predict(["a", "b"]) == [[0.1, 0.2, 0.3]] * 2


def test_outputs_keep_the_order_of_the_rows(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(echo=True, latency_ms="uniform:0:20")
    names = [str(number) for number in range(200)]
    assert [said(output) for output in make_model().predict(names)] == [f"Tell me about {name}" for name in names]


def test_batches_of_completions_and_embeddings_are_put_together(echo: Simulator, make_model: MakeModel) -> None:
    names = [str(number) for number in range(10)]
    signature = ModelSignature(params=ParamSchema([ParamSpec("batch_size", "long", 4)]))
    model = make_model("completions", prompt="Say {x}", signature=signature)
    assert model.predict(names) == [f"Say {name}" for name in names]
    assert sorted(len(request.body["prompt"]) for request in echo.requests) == [2, 4, 4]


def test_the_report_accounts_for_the_batch(echo: Simulator, make_model: MakeModel) -> None:
    report = make_model().predict(["a", "b", "c"]).report
    assert (report.rows, report.failed, report.requests) == (3, 0, 3)
    assert report.usage.input_tokens > 0
    assert report.cost_usd is not None
    assert report.cost_usd > 0


def test_many_threads_share_one_model(echo: Simulator, make_model: MakeModel) -> None:
    model, found = make_model(), {}

    def predict(number: int) -> None:
        found[number] = [said(output) for output in model.predict([f"{number}-{row}" for row in range(20)])]

    threads = [threading.Thread(target=predict, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [f"Tell me about {n}-{row}" for row in range(20)] for n in range(6)}


# -- rows that do not fit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([{"x": "a", "y": "b"}, {"y": "b"}], r"Row 1 lacks the column\(s\) \['x'\]"),
        (pd.DataFrame({"x": ["a"], "y": [1]}), "Row 0, column 'y', is 1, which is an int; expected string"),
        (pd.DataFrame({"x": ["a", None], "y": ["b", "c"]}), "Row 1, column 'x', is null"),
        (pl.DataFrame({"x": ["a"]}), r"Row 0 lacks the column\(s\) \['y'\]; it has \['x'\]"),
        (pd.DataFrame({"x": [], "y": []}), "has no rows"),
        ("text", r"Row 0 is 'text'; the template has the variables \['x', 'y'\]"),
        (None, r"The input is None; expected"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    echo: Simulator, make_model: MakeModel, data: Any, words: str
) -> None:
    with pytest.raises(SchemaError, match=words):
        make_model(messages=TWO).predict(data)
    assert echo.requests == []


def test_a_bad_row_at_the_end_is_found_before_the_first_is_sent(echo: Simulator, make_model: MakeModel) -> None:
    with pytest.raises(SchemaError, match="Row 500, column 'x', is null"):
        make_model().predict(["a"] * 500 + [None])
    assert echo.requests == []


def test_optional_columns_may_be_null(echo: Simulator, make_model: MakeModel) -> None:
    inputs = Schema([ColSpec("string", "x"), ColSpec("string", "y", required=False)])
    model = make_model(messages=TWO, signature=ModelSignature(inputs))
    assert [said(output) for output in model.predict([{"x": "a", "y": None}, {"x": "b"}])] == ["a and ", "b and "]


@pytest.mark.parametrize("task", ["chat.completions", "completions"])
def test_rows_that_do_not_fit_are_failures_when_these_are_wanted(
    echo: Simulator, make_model: MakeModel, task: str
) -> None:
    keywords = {"prompt": "Tell me about {x}"} if task == "completions" else {}
    rows: list[Any] = [None, "a", 3, None, "b", None]
    for data in (rows, iter(rows)):
        outputs = make_model(task, **keywords).predict(data, on_error="return")
        assert [isinstance(output, RowFailure) for output in outputs] == [True, False, True, True, False, True]
        assert [failure.row for failure in outputs.failures] == [0, 2, 3, 5]
        assert {failure.kind for failure in outputs.failures} == {"invalid_row"}
        assert (outputs.report.rows, outputs.report.failed) == (6, 4)


# -- parameters ----------------------------------------------------------------------------------------------


def test_parameters_are_sent_within_their_bounds(echo: Simulator, make_model: MakeModel) -> None:
    model = make_model(signature=OPEN, max_tokens=5)
    model.predict("a")
    model.predict("a", {"temperature": 1})
    assert [(r.body["temperature"], r.body["max_tokens"]) for r in echo.requests] == [(0.2, 5), (1.0, 5)]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"top_p": 1}, "Parameter 'top_p' may not be set at prediction. This model lets a caller set: temperature"),
        ({"temperature": "hot"}, "Parameter 'temperature' is 'hot', a str; expected a float from 0 to 2"),
        ({"temperature": 3}, "Parameter 'temperature' is 3; expected a float from 0 to 2"),
    ],
)
def test_parameters_that_are_not_allowed_are_refused(
    echo: Simulator, make_model: MakeModel, params: dict[str, Any], words: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        make_model(signature=OPEN).predict("a", params)
    assert words in caught.value.message
    assert echo.requests == []


def test_unknown_parameters_are_left_out_with_a_warning_when_asked(echo: Simulator, make_model: MakeModel) -> None:
    with pytest.warns(UserWarning, match="does not open were left out: 'top_p', 'seed'") as caught:
        make_model().predict("a", {"top_p": 1, "seed": 2}, on_unknown_params="ignore")
    assert caught[0].filename == __file__
    assert "top_p" not in echo.requests[0].body


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": 1}, r"predict has no option 'temperature'.*params=\{\.\.\.\}"),
        ({"on_error": "skip"}, r"on_error is 'skip'; expected one of \('raise', 'return'\)"),
        ({"on_unknown_params": "drop"}, "on_unknown_params is 'drop'"),
        ({"max_concurrency": 0}, "max_concurrency is 0; expected a whole number of at least 1"),
        ({"timeout": -1}, "timeout is -1; expected a number above 0"),
    ],
)
def test_options_that_do_not_exist_or_make_no_sense_are_refused(
    echo: Simulator, make_model: MakeModel, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        make_model().predict("a", **options)


def test_an_option_of_the_call_wins_over_the_models_own(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(error_rates={"server_error": 1.0})
    model = make_model(max_retries=5)
    assert model.predict("a", on_error="return", max_retries=0).report.requests == 1


def test_the_models_own_retries_hold_for_a_stream_too(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(error_rates={"server_error": 1.0})
    with pytest.raises(QuireError, match="HTTP 500"):
        list(make_model(max_retries=0).predict_stream("a"))
    assert len(simulator.requests) == 1


# -- the service ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "keywords", "sizes"),
    [
        ("openai", {}, [1024, 1024, 2]),
        ("openai", {"batch_size": 2048}, [2048, 2]),
        ("azure", {}, [16] * 128 + [2]),
        ("azure", {"batch_size": 2048}, [2048, 2]),
    ],
)
def test_an_embeddings_request_carries_as_many_rows_as_the_service_takes(
    simulator_factory: Callable[..., Simulator],
    make_model: MakeModel,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    keywords: dict[str, Any],
    sizes: list[int],
) -> None:
    server = simulator_factory()
    for name, value in (server.azure_environment if service == "azure" else server.environment).items():
        monkeypatch.setenv(name, value)
    model = make_model("embeddings", "text-embedding-3-small", dimensions=2, **keywords)
    answers = model.predict([f"row {number}" for number in range(2050)])
    assert [len(answer) for answer in answers] == [2] * 2050
    assert sorted((len(request.body["input"]) for request in server.requests), reverse=True) == sizes


def test_more_rows_in_a_request_than_the_service_takes_are_refused_with_its_words(
    simulator: Simulator, make_model: MakeModel
) -> None:
    model = make_model("embeddings", "text-embedding-3-small", dimensions=2, batch_size=2049)
    with pytest.raises(PredictionError, match=r"2049 of 2049 rows failed.*HTTP 400.*at most 2048 elements"):
        model.predict(["a"] * 2049)
    assert len(simulator.requests) == 1


def test_a_kind_of_service_that_does_not_exist_is_named(
    simulator: Simulator, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_TYPE", "azur")
    with pytest.raises(InvalidInput, match=r"OPENAI_API_TYPE is 'azur'; expected one of azure, azure_ad"):
        make_model().predict(["a"])
    assert simulator.requests == []


def test_a_missing_key_is_named_before_anything_is_sent_and_not_needed_to_load(
    echo: Simulator, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    model = make_model()
    with pytest.raises(MissingConfiguration, match="OPENAI_API_KEY is not set"):
        model.predict(["a"])
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    assert len(model.predict(["a"])) == 1


def test_azure_is_reached_by_its_own_variables(
    simulator_factory: Callable[..., Simulator], make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = simulator_factory(echo=True)
    for name in [name for name in os.environ if "OPENAI" in name]:
        monkeypatch.delenv(name)
    for name, value in simulator.azure_environment.items():
        monkeypatch.setenv(name, value)
    assert [said(output) for output in make_model().predict(["a"])] == ["Tell me about a"]
    assert simulator.requests[0].path.startswith("/openai/deployments/")
    monkeypatch.delenv("OPENAI_API_VERSION")
    with pytest.raises(MissingConfiguration, match="OPENAI_API_VERSION"):
        make_model().predict(["a"])


def test_an_unreachable_server_is_named(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(PredictionError, match=r"http://127\.0\.0\.1:9/v1 cannot be reached") as caught:
        make_model().predict(["a", "b"])
    assert {failure.kind for failure in caught.value.failures} <= {"unreachable", "not_sent"}


def test_failed_rows_raise_once_the_others_ended_and_their_outputs_are_kept(
    simulator: Simulator, make_model: MakeModel
) -> None:
    simulator.behaviour = Behaviour(
        recording={"Tell me about a": "A", "Tell me about c": "C"}, unknown_question="error"
    )
    with pytest.raises(PredictionError, match=r"1 of 3 rows failed; the first: row 1: \w+: ") as caught:
        make_model().predict(["a", "b", "c"])
    error = caught.value
    assert "The outputs of the other 2 are in this error's `predictions`" in str(error)
    assert [error.predictions[0], error.predictions[2]] == ["A", "C"]
    (failure,) = error.failures
    assert (failure.row, failure.status) == (1, 404)


def test_failures_are_data_when_wanted(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(recording={"Tell me about a": "A"}, unknown_question="error")
    outputs = make_model().predict(["a", "b"], on_error="return")
    assert outputs[0] == "A"
    assert isinstance(outputs[1], RowFailure)
    assert str(outputs[1]).startswith("row 1: ")
    assert outputs.failures == [outputs[1]]


def test_a_service_that_speaks_another_language_is_named(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(error_rates={"malformed": 1.0})
    (failure,) = make_model().predict(["a"], on_error="return", max_retries=1)
    assert failure.kind == "invalid_response"


# -- journals, limits, interruption ------------------------------------------------------------------------------


def test_a_journal_pays_for_no_row_twice(echo: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    model, journal = make_model(), tmp_path / "batch.journal"
    first = model.predict(["a", "b"], resume=journal)
    again = model.predict(["a", "b", "c"], resume=journal)
    assert again[:2] == first
    assert (len(echo.requests), again.report.replayed, again.report.requests) == (3, 2, 1)


def test_a_journal_belongs_to_one_model_and_its_parameters(
    echo: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    model, journal = make_model(signature=OPEN), tmp_path / "batch.journal"
    model.predict(["a"], resume=journal)
    with pytest.raises(InvalidState, match="belongs to another model or other parameters"):
        model.predict(["a"], {"temperature": 1}, resume=journal)
    with pytest.raises(InvalidState, match="belongs to another model or other parameters"):
        make_model(max_tokens=3).predict(["a"], resume=journal)


def test_a_spend_limit_stops_the_batch(echo: Simulator, make_model: MakeModel) -> None:
    outputs = make_model().predict(["a"] * 100, max_cost_usd=1e-4, on_error="return", max_concurrency=4)
    assert 0 < len(outputs.failures) < 100
    assert {failure.kind for failure in outputs.failures} == {"spend_limit"}
    assert len(outputs) == 100


def test_a_spend_limit_on_embeddings_is_used_and_not_passed(simulator: Simulator, make_model: MakeModel) -> None:
    model = make_model("embeddings", "text-embedding-3-small", dimensions=2, batch_size=10)
    rows = [f"{number} {'word ' * 100}" for number in range(500)]
    outputs = model.predict(rows, max_cost_usd=5e-4, on_error="return", max_concurrency=4)
    assert outputs.report.cost_usd is not None
    assert 2.5e-4 < outputs.report.cost_usd <= 5e-4
    assert {failure.kind for failure in outputs.failures} == {"spend_limit"}
    assert model.predict(rows, max_cost_usd=1.0).report.failed == 0


def test_an_interrupted_batch_gives_what_had_finished(echo: Simulator, make_model: MakeModel) -> None:
    def rows() -> Iterator[str]:
        for number in range(8000):
            if number == 6000:  # beyond what is read ahead
                raise KeyboardInterrupt
            yield str(number)

    with pytest.raises(KeyboardInterrupt) as caught:
        make_model().predict(rows())
    finished = caught.value.predictions  # type: ignore[attr-defined]
    assert len(finished) > 0
    assert all(said(output).startswith("Tell me about ") for output in finished)


# -- iterators -----------------------------------------------------------------------------------------------


def test_an_iterator_reads_a_bounded_number_ahead(echo: Simulator, make_model: MakeModel) -> None:
    taken = 0

    def rows() -> Iterator[str]:
        nonlocal taken
        for number in range(1_000_000):
            taken += 1
            yield str(number)

    results = make_model().predict_iter(rows())
    assert [said(next(results)) for _n in range(10)] == [f"Tell me about {n}" for n in range(10)]
    results.close()
    assert taken < 5_000
    assert results.report.rows >= 10


def test_an_iterator_may_give_results_as_they_finish(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(echo=True, latency_ms="uniform:0:30")
    pairs = list(make_model().predict_iter([str(n) for n in range(50)], ordered=False))
    assert sorted(index for index, _output in pairs) == list(range(50))
    assert all(said(output) == f"Tell me about {index}" for index, output in pairs)


def test_an_iterator_raises_at_the_row_that_failed(simulator: Simulator, make_model: MakeModel) -> None:
    simulator.behaviour = Behaviour(
        recording={"Tell me about a": "A", "Tell me about c": "C"}, unknown_question="error"
    )
    results = make_model().predict_iter(iter(["a", "b", "c"]))
    assert next(results) == "A"
    with pytest.raises(PredictionError, match="Row 1"):
        next(results)
    kept = list(make_model().predict_iter(iter(["a", "b", "c"]), on_error="return"))
    assert [type(result) for result in kept] == [str, RowFailure, str]


def test_invalid_rows_keep_their_place_in_an_iterator(echo: Simulator, make_model: MakeModel) -> None:
    for task, keywords in (("chat.completions", {}), ("completions", {"prompt": "{x}"})):
        results = list(make_model(task, **keywords).predict_iter(iter([None, "a", None, "b", 3]), on_error="return"))
        assert [isinstance(result, RowFailure) for result in results] == [True, False, True, False, True]
        assert [result.row for result in results if isinstance(result, RowFailure)] == [0, 2, 4]


# -- async -----------------------------------------------------------------------------------------------------


async def names() -> AsyncIterator[str]:
    for name in ("cats", "dogs", "newts"):
        yield name


ALL = ["Tell me about cats", "Tell me about dogs", "Tell me about newts"]


async def test_async_prediction_takes_async_and_plain_input(echo: Simulator, make_model: MakeModel) -> None:
    model = make_model()
    assert [said(output) for output in await model.apredict(names())] == ALL
    assert [said(output) for output in await model.apredict(["cats", "dogs", "newts"])] == ALL
    assert [said(output) async for output in model.apredict_iter(names())] == ALL
    unordered = [pair async for pair in model.apredict_iter(names(), ordered=False)]
    assert sorted((index, said(output)) for index, output in unordered) == list(enumerate(ALL))


async def test_async_prediction_checks_ahead_and_keeps_failures(echo: Simulator, make_model: MakeModel) -> None:
    model = make_model()
    with pytest.raises(SchemaError, match="Row 1, column 'x', is null"):
        await model.apredict(["a", None])
    assert echo.requests == []
    outputs = await model.apredict(["a", None], on_error="return")
    assert isinstance(outputs[1], RowFailure)


async def test_async_batches_of_completions(echo: Simulator, make_model: MakeModel) -> None:
    model = make_model("completions", prompt="Say {x}", batch_size=2)
    assert await model.apredict(names()) == ["Say cats", "Say dogs", "Say newts"]
    assert sorted(len(request.body["prompt"]) for request in echo.requests) == [1, 2]


async def test_sync_prediction_works_inside_a_running_loop(echo: Simulator, make_model: MakeModel) -> None:
    assert [said(output) for output in make_model().predict(["cats"])] == ALL[:1]


def test_sync_prediction_refuses_async_input(echo: Simulator, make_model: MakeModel) -> None:
    with pytest.raises(SchemaError, match="which only apredict and apredict_iter can read"):
        make_model().predict(names())


# -- streams -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "keywords"),
    [
        ("chat.completions", {}),
        ("completions", {"prompt": "Tell me about {x}"}),
        ("responses", {"input": "Tell me about {x}"}),
    ],
)
async def test_a_stream_gives_the_text_in_pieces(
    echo: Simulator, make_model: MakeModel, task: str, keywords: dict[str, Any]
) -> None:
    model = make_model(task, **keywords)
    (whole,) = model.predict(["cats"])
    pieces = list(model.predict_stream("cats"))
    assert len(pieces) > 1
    assert "".join(pieces) == whole
    assert [piece async for piece in model.apredict_stream({"x": "cats"})] == pieces


async def test_leaving_an_async_iterator_ends_its_batch_and_keeps_what_finished(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    simulator.behaviour = Behaviour(latency_ms="uniform:1:20")
    trouble: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: trouble.append(context))
    results = make_model().apredict_iter((str(n) for n in range(1000)), resume=tmp_path / "j")
    for _ in range(20):
        await anext(results)
    await results.aclose()
    assert len(asyncio.all_tasks()) == 1
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before >= 20
    assert await number_sent(simulator) < 1000
    gc.collect()
    await asyncio.sleep(0)
    assert trouble == []


async def number_sent(simulator: Simulator) -> int:
    """How many requests the simulator got, once no more come: what was on its way is counted too."""
    before = -1
    while before != (now := len(simulator.requests)):
        before = now
        await asyncio.sleep(0.2)
    return now


@pytest.mark.parametrize(
    ("task", "data", "error", "words"),
    [
        ("embeddings", "a", InvalidInput, "An embeddings model answers with vectors, which do not stream"),
        ("chat.completions", ["a", "b"], SchemaError, "predict_stream answers one input, and 2 were given"),
        ("chat.completions", [None], SchemaError, "Row 0, column 'x', is null"),
    ],
)
def test_what_cannot_stream_is_refused(
    echo: Simulator, make_model: MakeModel, task: str, data: Any, error: type[QuireError], words: str
) -> None:
    with pytest.raises(error, match=words):
        make_model(task).predict_stream(data)


# -- what a model says of itself -----------------------------------------------------------------------------------


def test_a_model_tells_what_it_is(make_model: MakeModel) -> None:
    model = make_model(signature=OPEN, input_example=["a"], metadata={"team": "a"})
    assert model.metadata.metadata == {"team": "a"}
    assert model.model_id is None
    assert model.signature.params == OPEN.params
    assert model.input_schema == Schema([ColSpec("string")])
    assert model.input_example == ["a"]
    assert model.get_raw_model()["task"] == "chat.completions"
    assert repr(model) == "PyFuncModel('gpt-4o-mini', 'chat.completions', model_id=None)"


def test_model_config_has_no_meaning(make_model: MakeModel, tmp_path: Path) -> None:
    make_model()
    (folder,) = tmp_path.iterdir()
    with pytest.raises(InvalidInput, match="`model_config` has no meaning for an OpenAI model"):
        quire.pyfunc.load_model(folder, model_config={"a": 1})
    quire.pyfunc.load_model(folder, suppress_warnings=True)
