"""The recorded traces of MLflow's autologging, made again: the same requests, the same answers, our spans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.openai.autologging.conftest import Recorded
from tests.openai.autologging.upstream import Upstream, events, reply

REPOSITORY = Path(__file__).resolve().parents[3]
GOLDEN = REPOSITORY.parent / "shared" / "golden" / "mlflow-traces.json"
DOC = REPOSITORY / "docs" / "mlflow.md"
TRACES: list[dict[str, Any]] = [
    trace
    for trace in (json.loads(GOLDEN.read_text())["traces"] if GOLDEN.exists() else [])
    if trace["info"]["tags"]["mlflow.traceName"] != "<lambda>"
]
RESOURCES = {"Completions": "chat.completions", "Embeddings": "embeddings", "Responses": "responses"}
USAGE = "mlflow.chat.tokenUsage"
DIFFERENT: dict[str, dict[str, Any]] = {
    "Embeddings": {USAGE: {"input_tokens": 7, "total_tokens": 7}},
    "Completions, streamed": {
        USAGE: {"input_tokens": 8, "output_tokens": 2, "total_tokens": 10},
        "quire.usage.estimated": True,
    },
}
"""Attributes that differ, with what they are here; docs/mlflow.md says why."""
ELSEWHERE = ("mlflow.source.git.", "mlflow.sourceRun", "mlflow.trace.infoFinalized")
"""Metadata that depends on the folder and the active run, or is the store's own."""


def named(trace: dict[str, Any]) -> str:
    name: str = trace["info"]["tags"]["mlflow.traceName"]
    return f"{name}, streamed" if attributes_of(trace)["mlflow.spanInputs"].get("stream") else name


def attributes_of(trace: dict[str, Any]) -> dict[str, Any]:
    (span,) = trace["data"]["spans"]
    return {key: json.loads(value) for key, value in span["attributes"].items()}


def answer(trace: dict[str, Any]) -> Any:
    """What the service sent: the recorded outputs, or the recorded pieces of a stream."""
    pieces = [json.loads(event["attributes"]["mlflow.chunk.value"]) for event in trace["data"]["spans"][0]["events"]]
    return events(*pieces) if pieces else reply(attributes_of(trace)["mlflow.spanOutputs"])


def test_every_difference_stands_in_the_documentation() -> None:
    lines = DOC.read_text().splitlines()
    listed = [line.split("|")[1].strip() for line in lines if line.count("|") == 5]
    start = listed.index("recorded trace") + 2
    assert listed[start : start + len(DIFFERENT)] == list(DIFFERENT)
    if TRACES:
        assert DIFFERENT.keys() <= {named(trace) for trace in TRACES}


@pytest.mark.parametrize("trace", TRACES, ids=named)
async def test_a_recorded_trace(recorded: Recorded, upstream: Upstream, trace: dict[str, Any]) -> None:
    expected = {**attributes_of(trace), **DIFFERENT.get(named(trace), {})}
    upstream.put(answer(trace))
    await call(upstream.base_url, trace["info"]["tags"]["mlflow.traceName"], expected["mlflow.spanInputs"])
    span = recorded.span()
    assert span.name == trace["data"]["spans"][0]["name"]
    assert f"STATUS_CODE_{span.status.status_code}" == trace["data"]["spans"][0]["status"]["code"]
    assert span.inputs == expected.pop("mlflow.spanInputs")
    assert span.outputs == expected.pop("mlflow.spanOutputs")
    expected.pop("mlflow.traceRequestId")
    assert {key: span.attributes.get(key) for key in expected} == expected
    assert (USAGE in span.attributes) == (USAGE in expected)
    ours, theirs = recorded.traces()[0].info, trace["info"]
    assert (ours.state, ours.tags["mlflow.traceName"]) == (theirs["state"], theirs["tags"]["mlflow.traceName"])
    assert {key for key in theirs["trace_metadata"] if not key.startswith(ELSEWHERE)} <= ours.trace_metadata.keys()
    for preview in ("request_preview", "response_preview"):
        if not theirs[preview].startswith("{"):  # an object is shown as JSON, with or without spaces
            assert getattr(ours, preview) == theirs[preview]


async def call(base_url: str, name: str, body: dict[str, Any]) -> None:
    """Make a recorded request."""
    kind: Any = openai.AsyncOpenAI if name.startswith("Async") else openai.OpenAI
    client: Any = kind(base_url=base_url, api_key="any")
    resource = client
    for part in RESOURCES[name.removeprefix("Async")].split("."):
        resource = getattr(resource, part)
    result: Any = resource.create(**body)
    if name.startswith("Async"):
        await result
        await client.close()
    elif body.get("stream"):
        list(result)


@pytest.mark.skipif(not TRACES, reason="recorded facts are absent: shared/ is not beside the repository")
def test_the_recorded_traces_are_here() -> None:
    assert len(TRACES) == 6
