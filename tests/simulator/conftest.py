"""Clients of a simulator over a real socket, and OpenAI's published schemas."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from quire.testing import Simulator


class Raw:
    """Sends plain HTTP, so that a test sees status, headers and bytes as they are."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(
        self,
        path: str,
        body: Any = None,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        key: str | None = "any",
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        sent = {"content-type": "application/json", **(headers or {})}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, data, sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, path: str, body: Any = None, **more: Any) -> Any:
        return json.loads(self(path, body, **more)[2])

    def error(self, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        status, _, content = self(path, body, **more)
        return status, json.loads(content)["error"]

    def events(self, path: str, body: Any) -> list[tuple[str | None, Any]]:
        """The events of a stream: name and decoded data (``"[DONE]"`` as it is)."""
        content = self(path, body)[2].decode()
        result: list[tuple[str | None, Any]] = []
        for frame in content.split("\n\n")[:-1]:
            lines = dict(line.split(": ", 1) for line in frame.split("\n"))
            data = lines["data"]
            result.append((lines.get("event"), data if data == "[DONE]" else json.loads(data)))
        return result


@pytest.fixture
def raw(simulator: Simulator) -> Raw:
    return Raw(simulator.port)


@pytest.fixture
def client(simulator: Simulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(max_retries=0) as made:
        yield made


@pytest.fixture(scope="session")
def validate(shared: Path) -> Callable[[str, Any], None]:
    """Checks an instance against a schema of OpenAI's published description, by the schema's name."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    description = json.loads((shared / "data" / "openai-openapi.json").read_text())
    _make_nullable(description["components"]["schemas"])
    registry: Any = Registry().with_resource("urn:openai", Resource(description, DRAFT202012))

    def check(name: str, instance: Any) -> None:
        schema = {"$ref": f"urn:openai#/components/schemas/{name}"}
        errors = sorted(Draft202012Validator(schema, registry=registry).iter_errors(instance), key=lambda e: e.path)
        assert not errors, f"{name}: {[(list(e.absolute_path), e.message[:300]) for e in errors]}"

    return check


def _make_nullable(node: Any) -> None:
    """Turn OpenAPI 3.0's ``nullable`` and boolean bounds, which the description still uses, into JSON schema."""
    if isinstance(node, list):
        for item in node:
            _make_nullable(item)
    if not isinstance(node, dict):
        return
    for value in list(node.values()):
        _make_nullable(value)
    if node.get("exclusiveMinimum") is True:
        node["exclusiveMinimum"] = node.pop("minimum")
    if node.get("nullable") is True:
        rest = {key: node.pop(key) for key in list(node)}
        del rest["nullable"]
        node["anyOf"] = [rest, {"type": "null"}]
