"""Calls about traces, assessments and links."""

from __future__ import annotations

import contextlib
import os
import time

import mlflow
import openai
from mlflow.entities import AssessmentError, AssessmentSource, Expectation, Feedback

HUMAN = AssessmentSource("HUMAN", "ann")
NONE = "tr-" + "0" * 32


def _newest():
    mlflow.flush_trace_async_logging()
    return mlflow.get_trace(mlflow.get_last_active_trace_id())


def _summary(trace):
    return [
        trace.info.state.value, trace.info.request_preview, trace.info.response_preview, trace.info.token_usage,
        sorted(key for key in trace.info.trace_metadata if "size" not in key.lower()), sorted(trace.info.tags),
        [[span.name, span.span_type, span.inputs, span.outputs, span.parent_id is None] for span in trace.data.spans],
    ]  # fmt: skip


def _known(info):
    shape = dict(info.to_dict())
    kept_keys = ("state", "request_preview", "response_preview", "client_request_id", "trace_location")
    return {key: shape.get(key) for key in kept_keys} | {"tags": sorted(info.tags)}


def traces(book, client):
    ask = book.ask
    experiment = book.know_experiment(mlflow.set_experiment(f"traces {book.unique}").experiment_id, "traced")

    @mlflow.trace(span_type="AGENT", attributes={"team": "red"})
    def agent(question, number=1):
        with mlflow.start_span("lookup", span_type="TOOL") as span:
            span.set_inputs({"q": question})
            span.set_outputs([1, 2.5, None, "é", {"deep": True}])
        mlflow.update_current_trace(
            tags={"colour": "blue"},
            metadata={"mlflow.trace.session": "s", "mlflow.trace.user": "u"},
            client_request_id="req-1",
        )
        return {"answer": question.upper()}

    @mlflow.trace
    def boom():
        raise ValueError("no")

    @mlflow.trace
    def stream():
        yield from ("a", "b")

    agent("hello wörld")
    trace = _newest()
    book.know(trace.info.trace_id, "agent trace")
    ask("traces: decorated", _summary, trace)
    ask("traces: read by the client", lambda: _summary(client.get_trace(trace.info.trace_id)))
    ask("traces: info", lambda: _known(trace.info))
    with contextlib.suppress(ValueError):
        boom()
    ask("traces: failed", lambda: _summary(_newest()))
    list(stream())
    ask("traces: streamed", lambda: _summary(_newest()))
    agent("x" * 20000)
    ask(
        "traces: long",
        lambda: [
            len((found := _newest()).info.request_preview),
            len(found.info.response_preview),
            len(found.data.spans[0].inputs["question"]),
        ],
    )
    ask("traces: by hand", _by_hand, book, client, experiment)
    ask("traces: in a run", _in_run, book, experiment)
    ask("traces: get none", client.get_trace, NONE)
    ask("traces: get by nonsense", client.get_trace, "nonsense")
    ask("traces: get none, fluently", mlflow.get_trace, NONE)
    ask("traces: tag", client.set_trace_tag, trace.info.trace_id, "k", "v")
    ask("traces: tag with a number", client.set_trace_tag, trace.info.trace_id, "n", 5)
    ask("traces: tag with a long key", client.set_trace_tag, trace.info.trace_id, "k" * 300, "v")
    ask("traces: tag with a long value", client.set_trace_tag, trace.info.trace_id, "l", "v" * 9000)
    ask("traces: untag", client.delete_trace_tag, trace.info.trace_id, "k")
    ask("traces: untag again", client.delete_trace_tag, trace.info.trace_id, "k")
    ask("traces: untag none", client.delete_trace_tag, NONE, "k")
    ask("traces: a logged one", lambda: _summary(mlflow.get_trace(_logged())))
    ask("traces: a copy", lambda: bool(mlflow.add_trace(trace)) or True)
    autologged = _autologged()
    ask("traces: autologged", lambda: [_said(trace) for trace in autologged])
    ask("traces: metadata of autologged traces", lambda: [_metadata(trace) for trace in autologged])
    ask(
        "traces: attributes of autologged spans", lambda: [sorted(each.data.spans[0].attributes) for each in autologged]
    )
    ids = [item.info.trace_id for item in client.search_traces(locations=[experiment], order_by=["timestamp_ms ASC"])]
    ask("traces: delete by ids", client.delete_traces, experiment, trace_ids=ids[:2])
    ask("traces: delete by ids again", client.delete_traces, experiment, trace_ids=ids[:2])
    ask("traces: delete before time", client.delete_traces, experiment, max_timestamp_millis=1)
    ask(
        "traces: delete the oldest",
        client.delete_traces,
        experiment,
        max_timestamp_millis=int(time.time() * 1000),
        max_traces=1,
    )
    ask("traces: delete without a bound", client.delete_traces, experiment)
    ask("traces: delete with both bounds", client.delete_traces, experiment, 5, trace_ids=["x"])
    ask("traces: delete none of them", client.delete_traces, experiment, 5, max_traces=0)
    ask("traces: delete in no experiment", client.delete_traces, "987654321", 5)
    ask("traces: left", lambda: len(ids) - len(client.search_traces(locations=[experiment])))
    ask("traces: get a deleted one", client.get_trace, ids[0])


def _logged():
    made = mlflow.log_trace(
        name="elsewhere",
        request={"a": 1},
        response="b",
        tags={"x": "y"},
        execution_time_ms=5,
        start_time_ms=1_700_000_000_000,
    )
    mlflow.flush_trace_async_logging()
    return made


def _by_hand(book, client, experiment):
    root = client.start_trace("by hand", "CHAIN", {"a": 1}, {"k": "v"}, {"t": "1"}, experiment)
    child = client.start_span("child", root.trace_id, root.span_id, "LLM", {"b": 2})
    client.end_span(child.trace_id, child.span_id, {"c": 3}, {"d": 4}, "ERROR")
    client.end_trace(root.trace_id, "z")
    mlflow.flush_trace_async_logging()
    return _summary(client.get_trace(root.trace_id))


def _in_run(book, experiment):
    with mlflow.start_run() as run, mlflow.start_span("inside"):
        pass
    mlflow.flush_trace_async_logging()
    found = mlflow.search_traces(locations=[experiment], run_id=run.info.run_id, return_type="list")
    return [len(found), found[0].info.trace_metadata["mlflow.sourceRun"] == run.info.run_id]


def _autologged():
    """The traces of calls to an OpenAI service, which A_SIMULATOR names; without it, of one that fails."""
    mlflow.openai.autolog()
    url = os.environ.get("A_SIMULATOR", "http://127.0.0.1:9/v1")
    service = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    chat = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    calls = (
        lambda: service.chat.completions.create(**chat),
        lambda: list(service.chat.completions.create(**chat, stream=True)),
        lambda: service.embeddings.create(model="text-embedding-3-small", input=["a"]),
        lambda: service.responses.create(model="gpt-4o-mini", input="hi"),
    )
    found = []
    for call in calls if "A_SIMULATOR" in os.environ else calls[:1]:
        with contextlib.suppress(openai.APIConnectionError):
            call()
        found.append(_newest())
    mlflow.openai.autolog(disable=True)
    return found


def _metadata(trace):
    return sorted(key for key in trace.info.trace_metadata if "size" not in key.lower())


def _said(trace):
    span = trace.data.spans[0]
    return [
        trace.info.state.value, trace.info.token_usage, sorted(trace.info.tags), span.name, span.span_type,
        span.inputs, span.outputs and sorted(span.outputs),
    ]  # fmt: skip


def assessments(book, client):
    ask = book.ask
    mlflow.set_experiment(f"judged {book.unique}")
    with mlflow.start_span("judged") as span:
        pass
    mlflow.flush_trace_async_logging()
    trace = book.know(span.trace_id, "judged trace")
    for value in (True, 0, 1.5, "good", ["a", 1], {"a": [1]}, "é" * 10):
        ask(
            f"assessments: feedback {value!r}",
            lambda value=value: mlflow.log_feedback(trace_id=trace, name="f", value=value, source=HUMAN),
        )
        ask(
            f"assessments: expectation {value!r}",
            lambda value=value: mlflow.log_expectation(trace_id=trace, name="e", value=value, source=HUMAN),
        )
    ask(
        "assessments: with all",
        mlflow.log_feedback,
        trace_id=trace,
        name="all",
        value=1,
        rationale="r",
        metadata={"k": "v"},
        span_id=span.span_id,
        source=AssessmentSource("LLM_JUDGE", "m"),
    )
    ask(
        "assessments: an error",
        mlflow.log_feedback,
        trace_id=trace,
        name="bad",
        error=AssessmentError("CODE", "message"),
    )
    ask("assessments: without a source", mlflow.log_feedback, trace_id=trace, name="plain", value="x")
    ask("assessments: without a value", mlflow.log_feedback, trace_id=trace, name="plain")
    ask("assessments: of no trace", mlflow.log_feedback, trace_id=NONE, name="x", value=1)
    ask("assessments: without a name", mlflow.log_feedback, trace_id=trace, name="", value=1)
    ask("assessments: with a long name", mlflow.log_feedback, trace_id=trace, name="n" * 300, value=1)
    ask(
        "assessments: a long rationale",
        lambda: len(mlflow.log_feedback(trace_id=trace, name="long", value=1, rationale="r" * 20000).rationale),
    )
    first = mlflow.log_feedback(trace_id=trace, name="first", value=1, rationale="r", source=HUMAN, metadata={"a": "b"})
    book.know(first.assessment_id, "first feedback")
    fact = mlflow.log_expectation(trace_id=trace, name="fact", value="x", source=HUMAN)
    book.know(fact.assessment_id, "fact")
    ask("assessments: get", mlflow.get_assessment, trace, first.assessment_id)
    ask("assessments: get none", mlflow.get_assessment, trace, "a-" + "0" * 32)
    ask("assessments: get of another trace", mlflow.get_assessment, NONE, first.assessment_id)
    ask("assessments: update", mlflow.update_assessment, trace, first.assessment_id, Feedback(name="first", value=2))
    ask(
        "assessments: update the rationale",
        mlflow.update_assessment,
        trace,
        first.assessment_id,
        Feedback(name="first", value=2, rationale="new", metadata={"c": "d"}),
    )
    ask(
        "assessments: update the name",
        mlflow.update_assessment,
        trace,
        first.assessment_id,
        Feedback(name="renamed", value=2),
    )
    ask(
        "assessments: update to another kind",
        mlflow.update_assessment,
        trace,
        first.assessment_id,
        Expectation(name="first", value=2),
    )
    ask(
        "assessments: update an expectation",
        mlflow.update_assessment,
        trace,
        fact.assessment_id,
        Expectation(name="fact", value=["y"]),
    )
    ask("assessments: update none", mlflow.update_assessment, trace, "a-" + "0" * 32, Feedback(name="x", value=2))
    ask(
        "assessments: override",
        lambda: [
            (
                other := mlflow.override_feedback(
                    trace_id=trace, assessment_id=first.assessment_id, value=5, rationale="no"
                )
            ).value,
            other.overrides == first.assessment_id,
            mlflow.get_assessment(trace, first.assessment_id).valid,
        ],
    )
    ask("assessments: override none", mlflow.override_feedback, trace_id=trace, assessment_id="a-" + "0" * 32, value=5)
    ask(
        "assessments: of the trace",
        lambda: sorted([a.name, str(a.value), str(a.valid)] for a in mlflow.get_trace(trace).info.assessments),
    )
    ask(
        "assessments: searched",
        lambda: [
            a["name"] if isinstance(a, dict) else a.name
            for a in mlflow.get_trace(trace).search_assessments(name="fact")
        ][:1],
    )
    ask("assessments: delete", mlflow.delete_assessment, trace, first.assessment_id)
    ask("assessments: delete again", mlflow.delete_assessment, trace, first.assessment_id)
    ask(
        "assessments: of a span that is not there",
        mlflow.log_feedback,
        trace_id=trace,
        name="s",
        value=1,
        span_id="0" * 16,
    )


def links(book, client):
    ask = book.ask
    experiment = book.know_experiment(mlflow.set_experiment(f"links {book.unique}").experiment_id, "linked")
    run = book.know(client.create_run(experiment).info.run_id, "linked run")
    ids = []
    for number in range(3):
        with mlflow.start_span(f"linked {number}") as span:
            pass
        ids.append(book.know(span.trace_id, f"linked trace {number}"))
    mlflow.flush_trace_async_logging()
    of_run = lambda: sorted(t.info.trace_id for t in client.search_traces(locations=[experiment], run_id=run))  # noqa: E731
    ask("links: traces to a run", client.link_traces_to_run, ids[:2], run)
    ask("links: the same again", client.link_traces_to_run, ids[:2], run)
    ask(
        "links: of the run",
        lambda: of_run() == sorted(ids[:2]),
    )
    ask("links: to no run", client.link_traces_to_run, ids[:1], "0" * 32)
    ask("links: of no trace", client.link_traces_to_run, [NONE], run)
    ask("links: none at all", client.link_traces_to_run, [], run)
    ask("links: too many", client.link_traces_to_run, [f"tr-{n:032x}" for n in range(101)], run)
    ask("links: undone", client.unlink_traces_from_run, ids[:1], run)
    ask("links: undone again", client.unlink_traces_from_run, ids[:1], run)
    ask("links: left", lambda: len(of_run()))
    prompt = client.register_prompt(f"linked-{book.unique}", "Say {{x}}")
    ask("links: prompts to a trace", client.link_prompt_versions_to_trace, [prompt], ids[0])
    ask("links: prompts to no trace", client.link_prompt_versions_to_trace, [prompt], NONE)
    ask(
        "links: traces of a prompt",
        lambda: len(client.search_traces(locations=[experiment], filter_string=f"prompt = 'linked-{book.unique}/1'")),
    )
