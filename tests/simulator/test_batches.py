"""Batches: a file of requests goes in, files of answers and of refusals come out, with the official SDK as client."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from quire.testing import Simulator


def line(name: str, body: dict[str, Any], url: str = "/v1/chat/completions") -> str:
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body})


def chat(name: str, question: str = "hello", **more: Any) -> str:
    return line(name, {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}], **more})


def started(client: openai.OpenAI, lines: list[str], endpoint: Any = "/v1/chat/completions") -> Any:
    file = client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")


def finished(client: openai.OpenAI, batch: Any) -> tuple[Any, list[str]]:
    seen = [batch.status]
    while batch.status not in {"completed", "failed", "cancelled"}:
        batch = client.batches.retrieve(batch.id)
        seen.append(batch.status)
    return batch, seen


def rows(client: openai.OpenAI, name: str | None) -> dict[str, Any]:
    assert name is not None
    read = [json.loads(text) for text in client.files.content(name).text.splitlines()]
    return {row["custom_id"]: row["response"] for row in read}


def test_a_batch_answers_every_line_as_the_endpoint_would(client: openai.OpenAI) -> None:
    batch = started(client, [chat("a"), chat("b", "other"), chat("bad", temperature=9), chat("s", stream=True)])
    batch, seen = finished(client, batch)
    assert list(dict.fromkeys(seen)) == ["validating", "in_progress", "finalizing", "completed"]
    assert batch.request_counts.to_dict() == {"total": 4, "completed": 2, "failed": 2}
    answers, refusals = rows(client, batch.output_file_id), rows(client, batch.error_file_id)
    direct = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "hello"}])
    assert answers["a"]["body"]["choices"][0]["message"]["content"] == direct.choices[0].message.content
    assert set(answers) == {"a", "b"}
    assert refusals["bad"]["status_code"] == 400
    assert refusals["bad"]["body"]["error"]["param"] == "temperature"
    assert refusals["s"]["body"]["error"]["message"] == "Streaming is not supported in a batch."


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "hello", "dimensions": 4}),
        ("/v1/responses", {"model": "gpt-4o", "input": "hello"}),
        ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "hello"}),
    ],
)
def test_every_endpoint_runs_in_a_batch(client: openai.OpenAI, endpoint: str, body: dict[str, Any]) -> None:
    batch, _ = finished(client, started(client, [line("a", body, endpoint)], endpoint))
    assert rows(client, batch.output_file_id)["a"]["status_code"] == 200


def test_limits_and_faults_do_not_reach_a_batch(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(requests_per_minute=1, error_rates={"500": 1})
    batch, _ = finished(client, started(client, [chat(str(n)) for n in range(20)]))
    assert batch.request_counts.completed == 20


def test_a_cancelled_batch_keeps_what_it_has(client: openai.OpenAI) -> None:
    batch = started(client, [chat("a")])
    assert client.batches.cancel(batch.id).status == "cancelling"
    batch, seen = finished(client, client.batches.retrieve(batch.id))
    assert (seen[0], batch.status) == ("cancelling", "cancelled") or batch.status == "cancelled"
    assert batch.output_file_id is None
    with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'cancelled'"):
        client.batches.cancel(batch.id)


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        ([chat("a"), "", "{"], "invalid_json_line", 3),
        ([chat("a"), chat("a")], "duplicate_custom_id", 2),
        ([line("a", {}, "/v1/embeddings")], "invalid_url", 1),
        (['{"custom_id": "a"}'], "invalid_json_line", 1),
        ([], "empty_file", None),
    ],
)
def test_a_faulty_file_fails_the_batch(client: openai.OpenAI, lines: list[str], code: str, number: int | None) -> None:
    batch = started(client, lines)
    assert batch.status == "failed"
    (error,) = batch.errors.data
    assert (error.code, error.line) == (code, number)


def test_batches_are_listed_newest_first(client: openai.OpenAI) -> None:
    made = [started(client, [chat("a")]).id for _ in range(3)]
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]


def test_what_cannot_start_is_refused(client: openai.OpenAI) -> None:
    other = client.files.create(file=("u.txt", b"x"), purpose="user_data")
    for file, endpoint, kind, message in (
        ("file-none", "/v1/embeddings", openai.NotFoundError, "No such File object: file-none"),
        (other.id, "/v1/embeddings", openai.BadRequestError, "was uploaded for 'user_data', not for 'batch'"),
        (other.id, "/v1/images", openai.BadRequestError, "Invalid value: '/v1/images'. Supported values are:"),
    ):
        with pytest.raises(kind) as error:
            client.batches.create(input_file_id=file, endpoint=endpoint, completion_window="24h")  # type: ignore[arg-type]
        assert message in str(error.value)
