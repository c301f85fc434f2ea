"""Inside of an evaluation calls are traced: each trace belongs to its variant's run, and its row names it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import quire
from quire.testing import Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, words


@pytest.fixture
def traced() -> Iterator[None]:
    quire.openai.autolog()
    yield
    quire.openai.autolog(disable=True)


def test_answers_of_models_are_traces_of_their_variants(traced: None, echo: Simulator, make_model: MakeModel) -> None:
    variants = {"a": make_model(), "b": make_model("Repeat {word}")}
    result = quire.evaluate(words(4), variants, [has_word])
    for name in variants:
        rows = list(result.rows(name))
        assert len({row.trace_id for row in rows}) == 4
        for row in rows:
            assert row.trace_id is not None
            trace = quire.get_trace(row.trace_id)
            assert trace is not None
            assert trace.info.trace_metadata["mlflow.sourceRun"] == result.run_ids[name]
            assert trace.data.spans[0].outputs["choices"][0]["message"]["content"] == row.outputs


def test_calls_of_functions_are_traces_of_their_variant(traced: None, echo: Simulator) -> None:
    import openai

    @quire.trace
    def asks(word: str) -> str:
        answer = openai.OpenAI().chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Say {word}"}]
        )
        return str(answer.choices[0].message.content)

    result = quire.evaluate(words(3), {"asks": asks}, [has_word])
    for row in result.rows("asks"):
        assert row.trace_id is not None
        trace = quire.get_trace(row.trace_id)
        assert trace is not None
        assert [span.name for span in trace.data.spans] == ["asks", "Completions"]
        assert trace.info.trace_metadata["mlflow.sourceRun"] == result.run_ids["asks"]


def test_scorers_may_ask_for_the_trace(traced: None, echo: Simulator, make_model: MakeModel) -> None:
    @quire.scorer
    def spans(trace: object) -> int:
        return len(trace.data.spans)  # type: ignore[attr-defined]

    result = quire.evaluate(words(2), {"a": make_model()}, [spans])
    assert result.scores("a", "spans")[:, 0].tolist() == [1, 1]


def test_without_tracing_rows_name_no_trace(echo: Simulator, make_model: MakeModel) -> None:
    result = quire.evaluate(words(2), {"a": make_model(), "f": lambda word: word}, [has_word])
    assert [row.trace_id for name in result.variants for row in result.rows(name)] == [None] * 4


def test_what_used_a_prompt_names_evaluations_of_it_and_of_models_made_of_it(traced: None, echo: Simulator) -> None:
    prompt = quire.register_prompt("greet", template=[{"role": "user", "content": "Greet {{word}}"}])
    logged = quire.openai.log_model(name="m", model="gpt-4o-mini", task="chat.completions", messages=prompt)
    result = quire.evaluate(words(2), {"p": (prompt, "gpt-4o-mini"), "m": logged.model_uri}, [has_word])
    quire.flush_trace_async_logging()
    usage = quire.prompt_usage(prompt)
    assert {result.run_ids["p"], result.run_ids["m"]} <= {run.info.run_id for run in usage.runs}
    assert [run.info.run_id for run in usage.evaluations] == [result.run_id]
    assert {row.trace_id for row in result.rows("p")} <= {trace.trace_id for trace in usage.traces}


def test_traces_are_data_and_their_scorers_see_them() -> None:
    @quire.trace
    def answers(word: str) -> str:
        return f"{word}!"

    @quire.scorer
    def spans(outputs: str, trace: object) -> bool:
        return [span.outputs for span in trace.data.spans] == [outputs]  # type: ignore[attr-defined]

    for record in words(3):
        answers(**record["inputs"])
    quire.flush_trace_async_logging()
    traces = quire.search_traces(return_type="list")
    result = quire.evaluate(traces, None, [spans])
    assert result.scores().tolist() == [[1]] * 3
    assert {row.trace_id for row in result.rows()} == {trace.info.trace_id for trace in traces}
