"""Flows of a real MLflow client over traces, prompts, datasets and evaluation; prints what each found, as JSON.

Run by the interpreter that has MLflow, against the server named by MLFLOW_TRACKING_URI.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import traceback

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Feedback, SpanEvent
from mlflow.exceptions import MlflowException
from mlflow.genai import datasets as evaluation_datasets
from mlflow.genai.scorers import scorer

logging.disable(logging.WARNING)
client = MlflowClient()
UNIQUE = sys.argv[1]
EXPERIMENT = mlflow.set_experiment(f"genai {UNIQUE}").experiment_id
USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


def refused(call, *arguments, **named):
    """The code of the error that a call ends in."""
    try:
        call(*arguments, **named)
    except MlflowException as error:
        return error.error_code
    return None


def newest():
    """The trace made last, read back from the server."""
    mlflow.flush_trace_async_logging()
    return mlflow.get_trace(mlflow.get_last_active_trace_id())


def found(filter_string="", **options):
    return mlflow.search_traces(locations=[EXPERIMENT], filter_string=filter_string, return_type="list", **options)


def traces():
    @mlflow.trace(span_type="AGENT", attributes={"team": "red"})
    def agent(question):
        with mlflow.start_span("lookup", span_type="TOOL") as span:
            span.set_inputs({"q": question})
            span.set_outputs({"a": [1, 2.5, None, "é"]})
            span.set_attribute("mlflow.chat.tokenUsage", USAGE)
            span.add_event(SpanEvent("looked", attributes={"n": 1}))
        mlflow.update_current_trace(tags={"colour": "blue"}, metadata={"mlflow.trace.session": "s1"})
        return {"answer": question.upper()}

    with mlflow.start_run() as run:
        agent("hello wörld")
    trace = newest()
    return {
        "state": str(trace.info.state.value),
        "previews": [trace.info.request_preview, trace.info.response_preview],
        "spans": [[s.name, s.span_type, s.inputs, s.outputs, s.parent_id is None] for s in trace.data.spans],
        "attribute": trace.data.spans[0].get_attribute("team"),
        "event": [trace.data.spans[1].events[0].name, dict(trace.data.spans[1].events[0].attributes)],
        "usage": trace.info.token_usage,
        "tags": [trace.info.tags[key] for key in ("colour", "mlflow.traceName", "mlflow.trace.spansLocation")],
        "run": trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id,
        "of run": len(found(run_id=run.info.run_id)),
        "of session": len(found("metadata.`mlflow.trace.session` = 's1'")),
    }


def failures():
    @mlflow.trace
    def boom(x):
        raise ValueError("no")

    with contextlib.suppress(ValueError):
        boom(1)
    trace = newest()
    span = trace.data.spans[0]
    return [trace.info.state.value, span.status.status_code.value, span.events[0].name, len(found("status = 'ERROR'"))]


def tags():
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.set_trace_tag(trace_id, "k", "v")
    read = mlflow.get_trace(trace_id).info.tags.get("k")
    mlflow.delete_trace_tag(trace_id, "k")
    return [read, "k" in mlflow.get_trace(trace_id).info.tags, refused(mlflow.set_trace_tag, "tr-none", "k", "v")]


def search():
    page = client.search_traces(locations=[EXPERIMENT], max_results=1)
    rest = client.search_traces(locations=[EXPERIMENT], max_results=10, page_token=page.token)
    table = mlflow.search_traces(locations=[EXPERIMENT])
    return {
        "pages": [len(page), bool(page.token), len(rest), rest.token],
        "table": [len(table), "trace_id" in table.columns],
        "spans": len(found("span.name = 'lookup' AND span.type = 'TOOL'")),
        "text": len(found("trace.text ILIKE '%WÖRLD%'")),
        "order": [trace.info.tags["mlflow.traceName"] for trace in found(order_by=["timestamp_ms ASC"])],
        "bad": refused(found, "colour = 'red'"),
    }


def assessments():
    trace_id = found()[0].info.trace_id
    human = AssessmentSource("HUMAN", "ann")
    good = mlflow.log_feedback(
        trace_id=trace_id, name="good", value=True, rationale="r", source=human, metadata={"a": "b"}
    )
    mlflow.log_expectation(trace_id=trace_id, name="facts", value={"a": [1]}, source=human)
    mlflow.log_feedback(trace_id=trace_id, name="broken", error=ValueError("no judge"))
    read = mlflow.get_assessment(trace_id, good.assessment_id)
    changed = mlflow.update_assessment(trace_id, good.assessment_id, Feedback(name="good", value=False))
    other = mlflow.override_feedback(trace_id=trace_id, assessment_id=good.assessment_id, value="bad")
    judged = mlflow.get_trace(trace_id).info.assessments
    listed = sorted([a.name, str(a.value), a.valid is not False] for a in judged)
    by_value = len(found("feedback.good = 'bad'"))
    mlflow.delete_assessment(trace_id, other.assessment_id)
    valid = mlflow.get_assessment(trace_id, good.assessment_id).valid
    return {
        "read": [read.value, read.rationale, read.source.source_type, read.source.source_id, read.metadata],
        "changed": changed.value,
        "listed": listed,
        "found": by_value,
        "valid again": valid,
        "missing": refused(mlflow.get_assessment, trace_id, "a-none"),
    }


def client_calls():
    root = client.start_trace("by hand", inputs={"a": 1}, experiment_id=EXPERIMENT, tags={"t": "1"})
    child = client.start_span("child", trace_id=root.trace_id, parent_id=root.span_id)
    client.end_span(child.trace_id, child.span_id)
    client.end_trace(root.trace_id, outputs="z")
    mlflow.flush_trace_async_logging()
    trace = client.get_trace(root.trace_id)
    logged = mlflow.log_trace(name="elsewhere", request={"a": 1}, response="b", tags={"x": "y"}, execution_time_ms=5)
    mlflow.flush_trace_async_logging()
    return [
        trace.info.state.value,
        len(trace.data.spans),
        trace.info.tags["t"],
        mlflow.get_trace(logged).info.tags["x"],
    ]


def prompts():
    name = f"greeting-{UNIQUE}"
    chat = [{"role": "system", "content": "You {{x}}"}, {"role": "user", "content": "{{q}}"}]
    shape = {"type": "object", "properties": {"a": {"type": "string"}}}
    mlflow.genai.register_prompt(name=name, template="Hi {{name}}", commit_message="first", tags={"a": "b"})
    mlflow.genai.register_prompt(
        name=name, template=chat, commit_message="second", response_format=shape,
        model_config={"model_name": "gpt-4o", "temperature": 0.2},
    )  # fmt: skip
    mlflow.genai.set_prompt_alias(name, alias="prod", version=1)
    by_alias = mlflow.genai.load_prompt(f"prompts:/{name}@prod")
    second = mlflow.genai.load_prompt(f"prompts:/{name}/2")
    mlflow.genai.set_prompt_tag(name, "k", "v")
    of_prompt = mlflow.genai.get_prompt_tags(name)
    mlflow.genai.set_prompt_version_tag(name, 1, "vk", "vv")
    read = {
        "by alias": [by_alias.template, by_alias.version, by_alias.commit_message, by_alias.format(name="Bo")],
        "chat": [second.template == chat, second.response_format == shape, second.model_config],
        "latest": mlflow.genai.load_prompt(f"prompts:/{name}@latest").version,
        "listed": [item.name for item in mlflow.genai.search_prompts(f"name = '{name}'")] == [name],
        "among all": name in [item.name for item in mlflow.genai.search_prompts()],
        "tags": [of_prompt["k"], mlflow.genai.load_prompt(name, version=1).tags["vk"]],
        "versions": [item.version for item in client.search_prompt_versions(name)],
        "no model": name not in [model.name for model in client.search_registered_models()],
        "missing": mlflow.genai.load_prompt(f"prompts:/{name}/99", allow_missing=True),
    }

    @mlflow.trace
    def use():
        return mlflow.genai.load_prompt(f"prompts:/{name}/1").format(name="x")

    use()
    linked = newest().info.tags.get("mlflow.linkedPrompts")
    read["linked"] = [json.loads(linked)[0]["version"], len(found(f"prompt = '{name}/1'"))]
    mlflow.genai.delete_prompt_alias(name, "prod")
    read["alias gone"] = mlflow.genai.load_prompt(f"prompts:/{name}@prod", allow_missing=True)
    for version in ("1", "2"):
        client.delete_prompt_version(name, version)
    client.delete_prompt(name)
    read["gone"] = client.get_prompt(name)
    return read


def datasets():
    name = f"questions-{UNIQUE}"
    made = evaluation_datasets.create_dataset(name=name, experiment_id=[EXPERIMENT], tags={"t": "1"})
    made.merge_records(
        [
            {"inputs": {"q": "a"}, "expectations": {"e": 1}},
            {"inputs": {"q": "b"}, "outputs": "o"},
            {"inputs": {"q": "a"}, "expectations": {"f": 2}},
        ]
    )
    read = evaluation_datasets.get_dataset(dataset_id=made.dataset_id)
    table = read.to_df()
    expectations = {row.inputs["q"]: row.expectations for row in table.itertuples()}
    read.merge_records(found()[:1])
    with_trace = evaluation_datasets.get_dataset(dataset_id=made.dataset_id).to_df()
    evaluation_datasets.set_dataset_tags(dataset_id=made.dataset_id, tags={"u": "2"})
    evaluation_datasets.delete_dataset_tag(dataset_id=made.dataset_id, key="t")
    other = client.create_experiment(f"other {UNIQUE}")
    evaluation_datasets.add_dataset_to_experiments(dataset_id=made.dataset_id, experiment_ids=[other])
    seen = evaluation_datasets.get_dataset(dataset_id=made.dataset_id).experiment_ids
    evaluation_datasets.remove_dataset_from_experiments(dataset_id=made.dataset_id, experiment_ids=[other])
    deleted = read.delete_records([table["dataset_record_id"][0]])
    left = evaluation_datasets.get_dataset(name=name)
    answer = {
        "records": len(table),
        "merged": expectations["a"],
        "schema": json.loads(read.schema)["inputs"],
        "profile": json.loads(read.profile),
        "from traces": [len(with_trace), sorted({str(kind) for kind in with_trace["source_type"] if kind})],
        "tags": sorted(key for key in left.tags if not key.startswith("mlflow.")),
        "experiments": sorted(seen) == sorted([EXPERIMENT, other]),
        "left": [deleted, len(left.to_df())],
        "listed": [item.name for item in evaluation_datasets.search_datasets(experiment_ids=[EXPERIMENT])] == [name],
    }
    evaluation_datasets.delete_dataset(dataset_id=made.dataset_id)
    answer["gone"] = refused(evaluation_datasets.get_dataset, dataset_id=made.dataset_id)
    return answer


@scorer
def exact(outputs, expectations):
    return outputs == expectations["expected"]


@scorer
def length(outputs):
    return Feedback(name="length", value=len(outputs), rationale="counted")


def evaluate():
    data = [
        {"inputs": {"q": "a"}, "expectations": {"expected": "A"}},
        {"inputs": {"q": "b"}, "expectations": {"expected": "x"}},
    ]
    result = mlflow.genai.evaluate(data=data, predict_fn=lambda q: q.upper(), scorers=[exact, length])
    mlflow.flush_trace_async_logging()
    evaluated = found(run_id=result.run_id)
    judged = sorted([a.name, str(a.value)] for trace in evaluated for a in trace.info.assessments)
    stored = evaluation_datasets.create_dataset(name=f"evaluated-{UNIQUE}", experiment_id=[EXPERIMENT])
    stored.merge_records(data[:1])
    from_dataset = mlflow.genai.evaluate(data=stored, predict_fn=lambda q: q.upper(), scorers=[exact])
    inputs = mlflow.get_run(from_dataset.run_id).inputs.dataset_inputs
    from_traces = mlflow.genai.evaluate(data=evaluated, scorers=[length])
    return {
        "metrics": {key: float(value) for key, value in sorted(result.metrics.items())},
        "of run": dict(sorted(mlflow.get_run(result.run_id).data.metrics.items())),
        "judged": judged,
        "dataset": [float(from_dataset.metrics["exact/mean"]), inputs[0].dataset.name == f"evaluated-{UNIQUE}"],
        "traces": float(from_traces.metrics["length/mean"]),
    }


def deletion():
    mlflow.flush_trace_async_logging()
    ids = [trace.info.trace_id for trace in found()]
    by_id = client.delete_traces(experiment_id=EXPERIMENT, trace_ids=ids[:1])
    now = int(time.time() * 1000)
    by_age = client.delete_traces(experiment_id=EXPERIMENT, max_timestamp_millis=now, max_traces=1)
    return [by_id, by_age, len(ids) - len(found()), refused(mlflow.get_trace, ids[0])]


FLOWS = (traces, failures, tags, search, assessments, client_calls, prompts, datasets, evaluate, deletion)


def main():
    answers = {}
    for flow in FLOWS:
        try:
            answers[flow.__name__] = flow()
        except Exception:
            answers[flow.__name__] = traceback.format_exc(limit=-4)
    print("ANSWERS " + json.dumps(answers))


main()
