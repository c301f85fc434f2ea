"""Answers of served models, and refusals, fit OpenAI's published schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quire.domain.endpoints import STRUCTURE
from quire.testing import SimulatorProcess
from tests.serving.clients.packages import endpoint
from tests.serving.served import Served
from tests.simulator.conftest import Raw
from tests.simulator.test_conformance import CHATS, RESPONSES, USER, Validate

pytestmark = pytest.mark.slow

OPENED = [
    *STRUCTURE,
    "n",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "reasoning_effort",
    "reasoning",
    "temperature",
    "top_p",
    "truncation",
    "echo",
]


@pytest.fixture(scope="module")
def served(upstream: SimulatorProcess, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Every parameter that the cases set is opened."""
    endpoints = [endpoint(name, passes=OPENED) for name in ("joker", "fable", "writer", "embedder")]
    endpoints.append(endpoint("thinker", model="models:/joker@champion", passes=OPENED, upstream={"model": "gpt-5"}))
    with Served(tmp_path_factory.mktemp("serve"), store, endpoints, upstream.environment) as running:
        yield running


@pytest.fixture
def raw(served: Served) -> Raw:
    return Raw(served.port)


def named(case: dict[str, Any]) -> dict[str, Any]:
    """A case, asked of an endpoint: one of a model that reasons where the case wants that."""
    return {**case, "model": "thinker" if "model" in case else "joker"}


@pytest.mark.parametrize("case", CHATS)
def test_a_chat_completion_fits(case: str, raw: Raw, validate: Validate) -> None:
    status, headers, body = raw("/v1/chat/completions", {"messages": USER, **named(CHATS[case])})
    assert status == 200, body
    validate("CreateChatCompletionResponse", json.loads(body))
    assert headers["x-quire-endpoint"] in ("joker", "thinker")


@pytest.mark.parametrize("usage", [True, False])
@pytest.mark.parametrize("case", sorted(CHATS.keys() - {"custom tool"}))  # the published chunk knows functions only
def test_a_chat_stream_fits(case: str, usage: bool, raw: Raw, validate: Validate) -> None:
    options = {"stream_options": {"include_usage": True}} if usage else {}
    events = raw.events("/v1/chat/completions", {"messages": USER, **named(CHATS[case]), "stream": True, **options})
    assert events[-1] == (None, "[DONE]")
    for _, chunk in events[:-1]:
        validate("CreateChatCompletionStreamResponse", chunk)
    counted = [chunk for _, chunk in events[:-1] if not chunk["choices"]]
    assert len(counted) == usage, "tokens are counted for those who asked for it, and for nobody else"


@pytest.mark.parametrize("case", sorted(RESPONSES.keys() - {"stored prompt"}))
def test_a_response_fits(case: str, raw: Raw, validate: Validate) -> None:
    status, _, body = raw("/v1/responses", {"input": "JSON, please", **named(RESPONSES[case])})
    assert status == 200, body
    validate("Response", json.loads(body))


@pytest.mark.parametrize("case", sorted(RESPONSES.keys() - {"stored prompt"}))
def test_a_stream_of_a_response_fits(case: str, raw: Raw, validate: Validate) -> None:
    events = raw.events("/v1/responses", {"input": "JSON, please", **named(RESPONSES[case]), "stream": True})
    assert events[0][0] == "response.created"
    assert events[-1][0] in ("response.completed", "response.incomplete")
    for kind, data in events:
        assert kind == data["type"]
        validate("ResponseStreamEvent", data)


def test_a_stored_prompt_of_the_api_names_a_model_and_fills_its_template(raw: Raw, validate: Validate) -> None:
    prompt = {"id": "fable", "version": "1", "variables": {"animal": "stork"}}
    status, headers, body = raw("/v1/responses", {"prompt": prompt})
    assert status == 200, body
    validate("Response", json.loads(body))
    assert headers["x-quire-model-version"] == "1"


def test_a_completion_fits(raw: Raw, validate: Validate) -> None:
    validate("CreateCompletionResponse", raw.json("/v1/completions", {"model": "writer", "prompt": "Say", "n": 2}))


def test_embeddings_fit(raw: Raw, validate: Validate) -> None:
    validate("CreateEmbeddingResponse", raw.json("/v1/embeddings", {"model": "embedder", "input": ["one", "two"]}))


def test_the_list_of_models_fits(raw: Raw, validate: Validate) -> None:
    listed = raw.json("/v1/models")
    validate("ListModelsResponse", listed)
    assert {model["id"] for model in listed["data"]} == {"joker", "fable", "writer", "embedder", "thinker"}
    validate("Model", raw.json("/v1/models/joker"))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/chat/completions", {"model": "nobody", "messages": USER}, 404),
        ("/v1/chat/completions", {"model": "joker", "messages": USER, "seed": 1}, 400),
        ("/v1/chat/completions", {"model": "fable", "messages": USER}, 400),
        ("/v1/chat/completions", {"model": "embedder", "messages": USER}, 400),
        ("/v1/chat/completions", b"{", 400),
        ("/v1/chat/completions", b"[]", 400),
        ("/v1/chat/completions", b'{"model": "\xff"}', 400),
        ("/v1/chat/completions", {"messages": USER}, 400),
        ("/v1/responses", {"model": "joker", "input": 5}, 400),
        ("/v1/nothing", {}, 404),
    ],
)
def test_a_refusal_fits(path: str, body: Any, status: int, raw: Raw, validate: Validate) -> None:
    found, headers, content = raw(path, body)
    assert found == status, content
    assert headers["content-type"] == "application/json"
    validate("ErrorResponse", json.loads(content))


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    upstream: SimulatorProcess, store: str, tmp_path: Path, validate: Validate
) -> None:
    small = endpoint("joker", limits={"max_request_bytes": 10_000})
    with Served(tmp_path, store, [small], upstream.environment) as served:
        status, _, content = Raw(served.port)(
            "/v1/chat/completions", {"model": "joker", "messages": [{"role": "user", "content": "x" * 20_000}]}
        )
    assert status == 413
    validate("ErrorResponse", json.loads(content))
