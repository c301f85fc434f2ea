"""The Azure paths: deployments, the version in the query, keys and tokens, refusals in Azure's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from quire.testing import Simulator
from tests.simulator.conftest import Raw

USER: list[Any] = [{"role": "user", "content": "hello"}]
DEPLOYMENT = "/openai/deployments/mine"
VERSION = "?api-version=2024-10-21"


@pytest.fixture
def azure(simulator: Simulator) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI(
        azure_endpoint=simulator.azure_endpoint, api_key="key", api_version="2024-10-21", max_retries=0
    ) as client:
        yield client


def test_every_task_goes_to_a_deployment(simulator: Simulator, azure: openai.AzureOpenAI) -> None:
    chat = azure.chat.completions.create(model="mine", messages=USER)
    assert chat.model == "mine"
    stream = azure.chat.completions.create(model="mine", messages=USER, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == chat.choices[0].message.content
    azure.completions.create(model="mine", prompt="hello")
    azure.embeddings.create(model="mine", input="hello")
    azure.responses.create(model="mine", input="hello")
    assert [request.url for request in simulator.requests] == [
        f"{DEPLOYMENT}/chat/completions{VERSION}",
        f"{DEPLOYMENT}/chat/completions{VERSION}",
        f"{DEPLOYMENT}/completions{VERSION}",
        f"{DEPLOYMENT}/embeddings{VERSION}",
        f"/openai/responses{VERSION}",
    ]
    assert {request.headers["api-key"] for request in simulator.requests} == {"key"}


async def test_a_token_will_do_instead_of_a_key(simulator: Simulator) -> None:
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=simulator.azure_endpoint, azure_ad_token_provider=lambda: "token", api_version="2024-10-21"
    ) as client:
        await client.chat.completions.create(model="mine", messages=USER)
    assert simulator.requests[0].headers["authorization"] == "Bearer token"


def test_the_deployment_stands_in_for_the_model(raw: Raw) -> None:
    answer = raw.json(f"{DEPLOYMENT}/chat/completions{VERSION}", {"messages": USER})
    assert answer["model"] == "mine"


def test_the_newer_path_needs_no_version(raw: Raw) -> None:
    assert raw("/openai/v1/chat/completions", {"model": "mine", "messages": USER})[0] == 200


def test_files_and_batches_lie_beside_the_deployments(azure: openai.AzureOpenAI) -> None:
    line = b'{"custom_id": "a", "method": "POST", "url": "/chat/completions", "body": {"model": "m", "messages": ['
    line += b'{"role": "user", "content": "hello"}]}}'
    file = azure.files.create(file=("in.jsonl", line), purpose="batch")
    endpoint: Any = "/chat/completions"
    batch = azure.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")
    while batch.status != "completed":
        batch = azure.batches.retrieve(batch.id)
    assert batch.request_counts is not None
    assert batch.request_counts.completed == 1


@pytest.mark.parametrize(
    ("path", "key", "status", "code", "message"),
    [
        (f"{DEPLOYMENT}/chat/completions", "k", 404, "404", "the query parameter 'api-version'"),
        (f"{DEPLOYMENT}/chat/completions?api-version=", "k", 404, "404", "Resource not found."),
        (f"{DEPLOYMENT}/nothing{VERSION}", "k", 404, "404", "Resource not found."),
        (f"{DEPLOYMENT}/chat/completions{VERSION}", None, 401, "401", "Send it in the header 'api-key'"),
    ],
)
def test_refusals_read_like_azures(raw: Raw, path: str, key: str | None, status: int, code: str, message: str) -> None:
    met, error = raw.error(path, {"messages": USER}, key=key)
    assert (met, error["code"]) == (status, code)
    assert message in error["message"]


def test_limits_count_by_deployment(simulator: Simulator, azure: openai.AzureOpenAI) -> None:
    simulator.behave(requests_per_minute=1)
    azure.chat.completions.create(model="one", messages=USER)
    azure.chat.completions.create(model="two", messages=USER)
    with pytest.raises(openai.RateLimitError):
        azure.chat.completions.create(model="one", messages=USER)
