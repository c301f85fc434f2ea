"""Bodies generated from OpenAI's published schemas, and broken ones, never make the simulator fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quire.simulator import Behaviour, SimulatorApp
from quire.simulator.instances import instance

NEEDED: dict[str, dict[str, Any]] = {"/v1/responses": {"model": "gpt-4o-mini", "input": "hello"}}
"""What a request needs although the schema calls it optional."""
UNWANTED = {"/v1/chat/completions": "top_logprobs"}
"""What is refused unless another parameter comes with it, and would leave little else to test."""
PATHS = {
    "/v1/chat/completions": "CreateChatCompletionRequest",
    "/v1/completions": "CreateCompletionRequest",
    "/v1/embeddings": "CreateEmbeddingRequest",
    "/v1/responses": "CreateResponse",
    "/v1/moderations": "CreateModerationRequest",
    "/v1/batches": "CreateBatchRequest",
    "/v1/fine_tuning/jobs": "CreateFineTuningJobRequest",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-3, 3) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def schemas(shared: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads((shared / "data" / "openai-openapi.json").read_text())
    found: dict[str, Any] = description["components"]["schemas"]
    return found


def send(app: SimulatorApp, path: str, body: bytes) -> tuple[int, bytes]:
    """One request through the ASGI interface: a socket would only make thousands of them slower."""
    status, parts = 0, []

    waiting = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else await asyncio.Future()

    async def write(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    headers = [(b"authorization", b"Bearer any"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, write))
    return status, b"".join(parts)


class Alternatives:
    """Chooses properties and branches of a schema by draws, and leaves the values to the simulator's own builder."""

    def __init__(self, schemas: dict[str, Any], draw: Any) -> None:
        self._schemas = schemas
        self._draw = draw

    def build(self, schema: dict[str, Any], depth: int = 0) -> Any:
        if "$ref" in schema:
            return self.build(self._schemas[schema["$ref"].rsplit("/", 1)[1]], depth + 1)
        if "allOf" in schema:
            parts = [self.build(part, depth) for part in schema["allOf"]]
            return {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
        if schema.get("nullable") and self._draw(st.booleans()):
            return None
        for name in ("anyOf", "oneOf"):
            if name in schema:
                return self.build(self._draw(st.sampled_from(schema[name])), depth + 1)
        if schema.get("type") == "object" or "properties" in schema:
            return self._object(schema, depth)
        if schema.get("type") == "array":
            least = schema.get("minItems", 0)
            size = self._draw(st.integers(least, max(least, 0 if depth > 12 else 2)))
            return [self.build(schema.get("items", {}), depth + 1) for _ in range(size)]
        return instance(schema, self._draw(st.binary(min_size=2, max_size=2)))

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties, required = schema.get("properties", {}), set(schema.get("required", ()))
        optional = sorted(set(properties) - required)
        chosen = set(self._draw(st.lists(st.sampled_from(optional), max_size=4))) if optional and depth < 12 else set()
        return {name: self.build(properties.get(name, {}), depth + 1) for name in sorted(required | chosen)}


def allowed_body(path: str, data: st.DataObject, schemas: dict[str, Any]) -> dict[str, Any]:
    built = Alternatives(schemas, data.draw).build({"$ref": f"#/components/schemas/{PATHS[path]}"})
    body: dict[str, Any] = {**NEEDED.get(path, {}), **built}
    body.pop(UNWANTED.get(path, ""), None)
    return body


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(data=st.data())
def test_bodies_that_the_schema_allows(path: str, data: st.DataObject, schemas: dict[str, Any]) -> None:
    body = allowed_body(path, data, schemas)
    status, answer = send(SimulatorApp(Behaviour()), path, json.dumps(body).encode())
    assert status < 500, answer
    assert status == 200 or set(json.loads(answer)["error"]) == {"message", "type", "param", "code"}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a body in which a value stands or could stand, however deep."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from places(inner)
    if isinstance(value, dict):
        yield value, "surprise"


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(data=st.data())
def test_bodies_with_one_wrong_value(path: str, data: st.DataObject, schemas: dict[str, Any]) -> None:
    body = allowed_body(path, data, schemas)
    holder, key = data.draw(st.sampled_from(list(places(body))))
    holder[key] = data.draw(JSON)
    status, answer = send(SimulatorApp(Behaviour(call_tools="auto")), path, json.dumps(body).encode())
    assert status < 500, answer


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(body=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_bodies_of_any_kind(path: str, body: bytes) -> None:
    status, answer = send(SimulatorApp(Behaviour()), path, body)
    assert 400 <= status < 500
    assert json.loads(answer)["error"]["message"]
