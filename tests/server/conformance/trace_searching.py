"""Searches of traces: filters, orders and pages."""

from __future__ import annotations

import contextlib
import time

import mlflow
from mlflow.entities import AssessmentSource

HUMAN = AssessmentSource("HUMAN", "ann")


TRACE_FILTERS = (
    "", "status = 'OK'", "status = 'ERROR'", "attributes.status = 'OK'", "trace.status = 'OK'", "status != 'OK'",
    "status IN ('OK', 'ERROR')", "status LIKE 'O%'", "state = 'OK'", "name = 'one'", "name LIKE 'o%'",
    "attributes.name = 'one'", "trace.name = 'one'", "name != 'one'", "name ILIKE 'ONE'", "name IN ('one')",
    "timestamp_ms > 0", "timestamp > 0", "attributes.timestamp_ms <= 5", "timestamp_ms = 5",
    "execution_time_ms >= 0", "execution_time > 100000", "attributes.execution_time_ms != 5",
    "execution_time_ms < 'x'", "end_time_ms > 0", "end_time > 0", "duration > 0",
    "tags.colour = 'red'", "tag.colour = 'red'", "tags.colour != 'red'", "tags.colour LIKE 'r%'",
    "tags.colour ILIKE 'R%'", "tags.`colour` = 'red'", "tags.\"colour\" = 'red'", "tags.none = 'x'",
    "tags.colour IS NULL", "tags.colour IS NOT NULL", "tags.mlflow.traceName = 'one'",
    "tags.`mlflow.traceName` = 'one'", "tags.colour IN ('red')",
    "metadata.k = 'v'", "metadata.k != 'v'", "metadata.k LIKE 'v%'", "request_metadata.k = 'v'",
    "metadata.`mlflow.trace.session` = 's1'", "metadata.`mlflow.trace.user` = 'u'", "metadata.none IS NULL",
    "metadata.k IS NOT NULL", "session_id = 's1'", "user = 'u'",
    "run_id = 'x'", "attributes.run_id = 'x'", "request_id = 'x'", "trace_id = 'x'", "client_request_id = 'c1'",
    "client_request_id LIKE 'c%'", "attributes.client_request_id = 'c1'", "experiment_id = '0'",
    "span.name = 'step'", "span.name LIKE 's%'", "span.name ILIKE 'S%'", "span.name != 'step'",
    "span.name IN ('step', 'x')", "span.name NOT IN ('step')", "span.type = 'TOOL'", "span.type != 'TOOL'",
    "span.status = 'OK'", "span.status = 'ERROR'", "span.content LIKE '%needle%'", "span.content ILIKE '%NEEDLE%'",
    "span.content = 'x'", "span.attributes.team = 'red'", "span.attributes.team LIKE '%red%'",
    "span.attributes.team ILIKE '%RED%'", "span.attributes.`team` LIKE '%red%'", "span.duration > 0",
    "span.nonsense = 'x'", "spans.name = 'step'",
    "trace.text LIKE '%needle%'", "trace.text ILIKE '%NEEDLE%'", "trace.text = 'x'", "trace.text LIKE 'needle'",
    "request LIKE '%needle%'", "response LIKE '%x%'",
    "feedback.good = 'true'", "feedback.good = 'True'", "feedback.good = true", "feedback.good != 'true'",
    "feedback.good LIKE '%'", "feedback.score = 3", "feedback.score = '3'", "feedback.score > 2",
    "feedback.score > '2'", "feedback.`good` = 'true'", "feedback.none = 'x'", "feedback.good IS NULL",
    "feedback.good IS NOT NULL", "expectation.fact = 'yes'", "expectation.fact != 'yes'", "expectation.fact IS NULL",
    "assessment.good = 'true'", "expectations.fact = 'yes'",
    "prompt = 'x/1'", "prompt LIKE 'x'", "status = 'OK' AND tags.colour = 'red'",
    "status = 'OK' and span.type = 'TOOL' AND span.name = 'step'", "status = 'OK' OR tags.colour = 'red'",
    "nonsense = 'x'", "status", "status =", "status = OK", "(status = 'OK')", "metrics.m > 0", "issue.x = 'y'",
    "issue_id = 'x'", "linked_prompts = 'x'", "tags.colour RLIKE 'r.*'",
)  # fmt: skip
TRACE_ORDERS = (
    "timestamp_ms", "timestamp_ms ASC", "timestamp_ms DESC", "timestamp DESC", "attributes.timestamp_ms ASC",
    "execution_time_ms DESC", "execution_time", "status", "name", "name DESC", "tags.colour", "tags.colour DESC",
    "metadata.k", "request_metadata.k", "experiment_id", "nonsense", "timestamp_ms down",
    "trace.timestamp_ms", "feedback.score", "client_request_id", "run_id", "end_time_ms",
)  # fmt: skip


def traces(book, client):
    ask = book.ask
    experiment = book.know_experiment(
        mlflow.set_experiment(f"traces searched {book.unique}").experiment_id, "searched traces"
    )
    run = book.know(client.create_run(experiment).info.run_id, "run of traces")
    made = {}
    for number, name in enumerate(("one", "two", "three", "four")):
        with contextlib.suppress(ValueError), mlflow.start_span(name, span_type="CHAIN") as root:
            root.set_inputs({"text": "a needle" if number == 0 else "hay"})
            mlflow.update_current_trace(
                tags={"colour": ("red", "blue", "rosy")[number]} if number < 3 else {}, client_request_id=f"c{number}",
                metadata={"k": "v", "mlflow.trace.session": f"s{number}"} if number % 2 else {"mlflow.trace.user": "u"},
            )  # fmt: skip
            with mlflow.start_span("step" if number < 2 else "Stage", span_type="TOOL" if number else "LLM") as span:
                span.set_attributes({"team": "red" if number == 0 else "blue"})
                time.sleep((0.02, 0.15, 0.4, 0.9)[number])  # so far apart that a busy machine keeps their order
            if number == 3:
                raise ValueError("no")
        made[name] = root.trace_id
        book.know(root.trace_id, f"trace {name}")
        time.sleep(0.003)
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=made["one"], name="good", value=True, source=HUMAN)
    mlflow.log_feedback(trace_id=made["two"], name="good", value=False, source=HUMAN)
    mlflow.log_feedback(trace_id=made["one"], name="score", value=3, source=HUMAN)
    mlflow.log_expectation(trace_id=made["two"], name="fact", value="yes", source=HUMAN)
    client.link_traces_to_run([made["one"]], run)

    def names(text=None, order=("timestamp_ms ASC",), **named):
        found = client.search_traces(locations=[experiment], filter_string=text, order_by=list(order), **named)
        return [trace.info.tags["mlflow.traceName"] for trace in found]

    for text in TRACE_FILTERS:
        ask(f"search traces: {text}", names, text)
    for order in TRACE_ORDERS:
        ask(f"order traces: {order}", names, None, (order,))
    ask("order traces: by default", names, None, ())
    ask("search traces: of a run", names, run_id=run)
    ask("search traces: of a run by a filter", names, f"run_id = '{run}'")
    ask("search traces: of a run by an attribute", names, f"attributes.run_id = '{run}'")
    ask("search traces: of a run by metadata", names, f"metadata.`mlflow.sourceRun` = '{run}'")
    ask("search traces: of a model", names, model_id="m-" + "0" * 32)
    ask("search traces: by an id", names, f"trace_id = '{made['one']}'")
    ask("search traces: by ids", names, f"trace_id IN ('{made['one']}', '{made['two']}')")
    ask("search traces: by a request id", names, f"request_id = '{made['one']}'")
    for size in (0, -1, 1, 500, 501, 100000):
        ask(f"search traces: {size} of them", names, max_results=size)
    ask(
        "search traces: without spans",
        lambda: [len(t.data.spans) for t in client.search_traces(locations=[experiment], include_spans=False)],
    )
    ask("search traces: nowhere", client.search_traces, locations=[])
    ask("search traces: in no experiment", client.search_traces, locations=["987654321"])
    ask("search traces: by the older name", lambda: len(client.search_traces(experiment_ids=[experiment])))
    ask("search traces: a bad token", client.search_traces, locations=[experiment], page_token="nonsense")
    pages, token = [], None
    while True:
        page = client.search_traces(
            locations=[experiment], max_results=3, order_by=["tags.colour DESC"], page_token=token
        )
        pages.append([trace.info.tags["mlflow.traceName"] for trace in page])
        token = page.token
        if not token:
            break
    book.outcomes["search traces: all pages"] = pages
    ask("search traces: a table", lambda: mlflow.search_traces(locations=[experiment]))
    ask(
        "search traces: fields",
        lambda: mlflow.search_traces(
            locations=[experiment], extract_fields=["step.attributes", "one.inputs.text"], return_type="pandas"
        ),
    )
