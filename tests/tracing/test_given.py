"""What a program may say when a span begins: where its trace goes, which share is kept, how much it matters."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from typing import Any

import pytest

import quire
from quire import tracing
from quire.domain.errors import InvalidInput
from quire.entities import MlflowExperimentLocation, SpanLogLevel, Trace, TraceLocation
from tests.tracing.conftest import last_trace


def traces_of(*experiments: str) -> list[Trace]:
    found: list[Trace] = quire.search_traces(locations=list(experiments), return_type="list")
    return found


# -- where it goes -----------------------------------------------------------------------------------


def test_a_trace_goes_to_the_experiment_that_is_its_destination() -> None:
    other = quire.create_experiment("other")
    place = MlflowExperimentLocation(other)

    @quire.trace(trace_destination=place)
    def function() -> None:
        with quire.start_span("step"):
            pass

    @quire.trace(trace_destination=place)
    def generator() -> Any:
        yield 1

    function()
    list(generator())
    with quire.start_span("block", trace_destination=TraceLocation(mlflow_experiment=place)):
        pass
    with quire.start_span("by id", None, None, place):
        pass
    assert len(traces_of(other)) == 4
    with quire.start_span("here", trace_destination=MlflowExperimentLocation()):
        pass
    assert [trace.info.tags["mlflow.traceName"] for trace in traces_of("0")] == ["here"]


def test_a_destination_counts_for_roots_alone(caplog: pytest.LogCaptureFixture) -> None:
    other = quire.create_experiment("other")

    @quire.trace(trace_destination=MlflowExperimentLocation(other), name="inner of this test")
    def inner() -> None: ...

    with caplog.at_level(logging.WARNING), quire.start_span("outer"):
        inner()
        inner()
        with quire.start_span("block of this test", run_id="some"):
            pass
    assert [span.name for span in last_trace().data.spans[1:]] == ["inner of this test"] * 2 + ["block of this test"]
    assert traces_of(other) == []
    said = [record.message for record in caplog.records]
    assert sum("trace_destination of the span 'inner of this test' is not used" in text for text in said) == 1
    assert sum("run_id of the span 'block of this test' is not used" in text for text in said) == 1


def test_all_traces_go_to_a_destination_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [quire.create_experiment(name) for name in ("all", "mine", "named")]
    everything, mine, named = (MlflowExperimentLocation(name) for name in names)
    tracing.set_destination(everything)

    def set_and_trace() -> None:
        tracing.set_destination(mine, context_local=True)
        quire.start_span_no_context("in a thread").end()

    thread = threading.Thread(target=set_and_trace)
    thread.start()
    thread.join()
    with quire.start_run() as run, quire.start_span("in a run"):
        pass
    with quire.start_span("for itself", trace_destination=named):
        pass
    tracing.set_destination(None)
    with quire.start_span("after"):
        pass
    found = {trace.info.tags["mlflow.traceName"]: trace.info for trace in traces_of("0", *names)}
    assert {name: info.experiment_id for name, info in found.items()} == {
        "in a thread": names[1],
        "in a run": names[0],
        "for itself": names[2],
        "after": "0",
    }
    assert found["in a run"].trace_metadata["mlflow.sourceRun"] == run.info.run_id
    monkeypatch.setenv("MLFLOW_TRACING_DESTINATION", names[1])
    tracing.reset()
    with quire.start_span("by the environment"):
        pass
    assert last_trace().info.experiment_id == names[1]
    with pytest.raises(InvalidInput, match="traces go to experiments"):
        tracing.set_destination(5)


def test_a_destination_that_is_no_experiment_is_refused() -> None:
    for make in (
        lambda: quire.start_span("s", trace_destination=5),
        lambda: quire.trace(trace_destination=object()),
    ):
        with pytest.raises(InvalidInput, match="traces go to experiments"):
            make()


def test_a_trace_of_a_run_is_in_the_runs_experiment() -> None:
    other = quire.create_experiment("other")
    run = quire.Client().create_run(other)
    with quire.start_span("of the run", run_id=run.info.run_id):
        pass
    (trace,) = traces_of(other)
    assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
    assert len(quire.search_traces(locations=[other], run_id=run.info.run_id, return_type="list")) == 1


def test_something_may_be_said_of_a_runs_trace_before_it_ends() -> None:
    other = quire.create_experiment("other")
    run = quire.Client().create_run(other)
    with quire.start_span("s", run_id=run.info.run_id) as span:
        quire.log_feedback(trace_id=span.trace_id, name="good", value=True)
    assert [trace.info.experiment_id for trace in traces_of(other)] == [other]
    assert last_trace().search_assessments("good")[0].value is True


def test_a_run_that_there_is_not_leaves_its_trace_in_the_default_experiment(caplog: pytest.LogCaptureFixture) -> None:
    with quire.start_span("s", run_id="f" * 32):
        pass
    assert len(traces_of("0")) == 1
    assert "go to the default experiment instead" in caplog.text


# -- which share -------------------------------------------------------------------------------------


def test_a_functions_share_counts_instead_of_the_configured_one() -> None:
    @quire.trace(sampling_ratio_override=1.0, name="all")
    def all_of_it() -> None:
        never()

    @quire.trace(sampling_ratio_override=0.0, name="none")
    def never() -> None:
        plain()

    @quire.trace(name="plain")
    def plain() -> None: ...

    tracing.configure(sample_rate=0)
    plain()
    all_of_it()
    (trace,) = traces_of("0")
    assert [span.name for span in trace.data.spans] == ["all", "none", "plain"]
    tracing.configure(sample_rate=1)
    never()
    plain()
    assert sorted(trace.info.tags["mlflow.traceName"] for trace in traces_of("0")) == ["all", "plain"]


def test_errors_are_kept_whatever_a_functions_share() -> None:
    @quire.trace(sampling_ratio_override=0.0)
    def fail() -> None:
        raise ValueError("kept")

    with pytest.raises(ValueError, match="kept"):
        fail()
    assert traces_of("0")[0].info.state == "ERROR"


@pytest.mark.parametrize("share", [-0.1, 1.1, "half"])
def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(InvalidInput, match="expected a share from 0 to 1"):
        quire.trace(sampling_ratio_override=share)


# -- level and description ---------------------------------------------------------------------------


def test_level_and_description_are_stored() -> None:
    @quire.trace(log_level="warning", description="decorated")
    def function() -> None: ...

    with quire.start_span("root", log_level=SpanLogLevel.CRITICAL, description="a block") as root:
        assert (root.log_level, root.description) == (50, "a block")
        quire.start_span_no_context("child", parent_span=root, log_level="INFO", description="alone").end()
        function()
        with quire.start_span("later") as later:
            later.set_log_level("ERROR")
            later.set_description("set later")
    found = {span.name: (span.log_level, span.description) for span in last_trace().data.spans}
    assert found == {
        "root": (SpanLogLevel.CRITICAL, "a block"),
        "child": (SpanLogLevel.INFO, "alone"),
        "function": (SpanLogLevel.WARNING, "decorated"),
        "later": (SpanLogLevel.ERROR, "set later"),
    }


def test_a_level_that_was_not_said_follows_from_type_and_errors() -> None:
    with suppress(ValueError), quire.start_span("failed", log_level="INFO"):
        with quire.start_span("step", "CHAIN"), quire.start_span("tool", "TOOL"):
            pass
        raise ValueError
    levels = {span.name: span.log_level for span in last_trace().data.spans}
    assert levels == {"failed": SpanLogLevel.ERROR, "step": SpanLogLevel.DEBUG, "tool": SpanLogLevel.INFO}


@pytest.mark.parametrize("level", ["LOUD", 15, None.__class__])
def test_a_level_that_is_none_is_refused(level: Any) -> None:
    for make in (
        lambda: quire.start_span("s", log_level=level),
        lambda: quire.trace(log_level=level),
        lambda: quire.start_span_no_context("s", log_level=level),
    ):
        with pytest.raises(InvalidInput, match="no log level"):
            make()


# -- outputs and reducers ----------------------------------------------------------------------------


def test_outputs_that_a_function_has_set_itself_stay() -> None:
    @quire.trace
    def function() -> str:
        span = quire.get_current_active_span()
        assert span is not None
        span.set_outputs("short")
        return "long"

    assert function() == "long"
    assert last_trace().data.spans[0].outputs == "short"


def test_a_reducer_needs_a_generator() -> None:
    with pytest.raises(InvalidInput, match="no generator"):

        @quire.trace(output_reducer=len)
        def function() -> None: ...


# -- the trace that is being made --------------------------------------------------------------------


def test_what_cannot_be_said_of_a_trace_is_refused() -> None:
    with quire.start_span("s"):
        with pytest.raises(InvalidInput, match="'OK' or 'ERROR'"):
            quire.update_current_trace(state="IN_PROGRESS")
        with pytest.raises(InvalidInput, match="request_preview is a int"):
            quire.update_current_trace(request_preview=5)  # type: ignore[arg-type]
        quire.update_current_trace(None, None, None, None, None, None, None, "talk", "ada")
    metadata = last_trace().info.trace_metadata
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("talk", "ada")


# -- what MLflow writes at the end -------------------------------------------------------------------


def test_a_finished_trace_tells_its_size_and_how_it_begins() -> None:
    with quire.start_span("root") as root:
        root.set_inputs({"text": "x" * 5000})
        root.set_outputs("short")
        with quire.start_span("child"):
            pass
    trace = last_trace()
    metadata = trace.info.trace_metadata
    stats = json.loads(metadata["mlflow.trace.sizeStats"])
    sizes = sorted(len(span.record.content) for span in trace.data.spans)
    assert stats == {
        "total_size_bytes": sum(sizes),
        "num_spans": 2,
        "max": sizes[1],
        "p25": int(sizes[0] + 0.25 * (sizes[1] - sizes[0])),
        "p50": int(sizes[0] + 0.5 * (sizes[1] - sizes[0])),
        "p75": int(sizes[0] + 0.75 * (sizes[1] - sizes[0])),
    }
    assert metadata["mlflow.trace.sizeBytes"] == str(sum(sizes))
    assert metadata["mlflow.trace_schema.version"] == "3"
    assert metadata["mlflow.traceInputs"] == '{"text":"' + "x" * 238 + "..."
    assert metadata["mlflow.traceOutputs"] == "short"


def test_a_trace_that_was_handed_on_in_parts_tells_no_size() -> None:
    with quire.start_span("root"):
        for _ in range(250):
            quire.start_span_no_context("step", parent_span=quire.get_current_active_span()).end()
    trace = last_trace()
    assert len(trace.data.spans) == 251
    assert "mlflow.trace.sizeStats" not in trace.info.trace_metadata


def test_without_content_no_words_stand_in_the_metadata() -> None:
    tracing.configure(content=False)
    with quire.start_span("root") as root:
        root.set_inputs({"question": "private words"})
        quire.update_current_trace(response_preview="private words")
    assert "private" not in json.dumps(last_trace().info.trace_metadata)
