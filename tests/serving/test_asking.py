"""Requests that cannot be served: OpenAI's error shape, and what to change."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest

from quire.domain.endpoints import Endpoint, Limits
from quire.testing import Simulator
from tests.serving.serving import Answer, Served

CHAT = "/v1/chat/completions"


@pytest.fixture
def joker(register: Callable[..., str], serve: Callable[..., Served]) -> Served:
    register(messages=[{"role": "user", "content": "A joke."}])
    register("poet", messages=[{"role": "user", "content": "A poem about {thing}."}])
    return serve("joker", "poet")


def said(answer: Answer, status: int, code: str, param: str | None = None) -> str:
    assert answer.status == status, answer.body
    error = answer.error
    assert (error["code"], error["param"]) == (code, param)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-quire-trace-id"].startswith("tr-")
    return str(error["message"])


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "invalid_json", "empty"),
        (b"{", "invalid_json", "not JSON"),
        (b"model=joker", "invalid_json", "not JSON"),
        (b"[1]", "invalid_json", "a list ([1])"),
        (b'"joker"', "invalid_json", "text"),
        (b"null", "invalid_json", "null"),
        (b'{"model": "joker", "user": "\xff"}', "invalid_utf8", "0xff at position 28"),
        (b"\xff\xfe{\x00}\x00", "invalid_utf8", "position 0"),
        (b'{"model": "joker", "user": "\\ud800"}', "invalid_json", "not JSON"),
        (b'{"a":' * 100_000, "invalid_json", ""),
    ],
)
def test_a_body_that_is_no_json_object(joker: Served, raw: bytes, code: str, words: str) -> None:
    assert words in said(joker.call("POST", CHAT, raw), 400, code)


def test_a_compressed_body(joker: Served) -> None:
    import gzip

    body = gzip.compress(b'{"model": "joker"}')
    assert "gzip" in said(
        joker.call("POST", CHAT, body, headers={"content-encoding": "gzip"}), 415, "unsupported_encoding"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", 7),
        ("stream", "yes"),
        ("stream_options", True),
        ("messages", "Hi"),
        ("metadata", ["a"]),
        ("user", 3),
        ("safety_identifier", {}),
        ("variables", "cats"),
        ("prompt", "a joke"),
    ],
)
def test_a_field_of_the_wrong_type(joker: Served, name: str, value: Any) -> None:
    words = said(joker.call("POST", CHAT, {"model": "joker", name: value}), 400, "invalid_type", name)
    assert f"Invalid type for '{name}'" in words


@pytest.mark.parametrize(
    ("prompt", "param"),
    [
        ({"version": "1"}, "prompt.id"),
        ({"id": 4}, "prompt.id"),
        ({"id": "joker", "version": []}, "prompt.version"),
        ({"id": "joker", "variables": "cats"}, "prompt.variables"),
        ({"id": "joker", "variables": {"thing": 5}}, "prompt.variables.thing"),
        ({"id": "joker", "variables": {"thing": {"type": "input_image"}}}, "prompt.variables.thing"),
    ],
)
def test_a_stored_prompt_that_does_not_hold_together(joker: Served, prompt: Any, param: str) -> None:
    said(joker.call("POST", "/v1/responses", {"prompt": prompt}), 400, "invalid_type", param)


def test_a_variable_of_the_metadata_that_is_no_text(joker: Served) -> None:
    said(joker.chat(model="poet", metadata={"thing": 5}), 400, "invalid_type", "metadata.thing")


def test_no_model(joker: Served) -> None:
    assert "GET /v1/models" in said(
        joker.call("POST", CHAT, {"messages": []}), 400, "missing_required_parameter", "model"
    )


def test_a_model_that_is_not_served_with_those_that_are(joker: Served, upstream: Simulator) -> None:
    words = said(joker.chat(model="clown"), 404, "model_not_found", "model")
    assert "'joker', 'poet'" in words
    answer = joker.call("POST", "/v1/responses", {"prompt": {"id": "clown"}})
    said(answer, 404, "model_not_found", "prompt.id")
    assert upstream.requests == []
    assert {code for _path, _status, code in joker.refused} == {"model_not_found"}


def test_two_names_for_one_request(joker: Served) -> None:
    said(joker.chat(model="poet", prompt={"id": "joker"}), 400, "invalid_value", "model")


def test_a_missing_variable(joker: Served, upstream: Simulator) -> None:
    said(joker.chat(model="poet"), 400, "missing_variable", "prompt.variables.thing")
    assert upstream.requests == []
    [done] = joker.wait_for(1)
    assert (done.ending, done.status, done.out) == ("refused", 400, None)


def test_a_parameter_outside_of_the_policy(joker: Served) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        openai.OpenAI(base_url=joker.base_url, api_key="any").chat.completions.create(
            model="joker", messages=[], temperature=1
        )
    assert (caught.value.code, caught.value.param) == ("parameter_not_allowed", "temperature")


def test_an_api_that_the_model_cannot_be_asked_by(joker: Served) -> None:
    words = said(
        joker.call("POST", "/v1/embeddings", {"model": "joker", "input": "a"}), 400, "unsupported_api", "model"
    )
    assert "'chat.completions' or 'responses'" in words


def test_a_body_of_a_hundred_megabytes(joker: Served, upstream: Simulator) -> None:
    """It is refused by its length, and read on, so that a client that is still sending gets to read why."""
    body = b'{"model": "joker", "messages": [{"role": "user", "content": "' + b"x" * 100_000_000 + b'"}]}'
    words = said(joker.call("POST", CHAT, body), 413, "request_too_large")
    assert "100,000,065 bytes" in words
    assert "33,554,432" in words
    assert upstream.requests == []


def test_a_long_body_whose_length_is_not_said(register: Callable[..., str], serve: Callable[..., Served]) -> None:
    register(messages=[{"role": "user", "content": "A joke."}])
    limits = Limits(max_request_bytes=1000)
    served = serve(Endpoint(name="joker", model="models:/joker@champion", limits=limits))
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.request("POST", CHAT, iter([b"x" * 600] * 3), {"transfer-encoding": "chunked"}, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (413, "request_too_large")
    connection.close()


def test_a_long_body_that_is_too_long_by_its_last_piece_alone(
    register: Callable[..., str], serve: Callable[..., Served]
) -> None:
    register(messages=[{"role": "user", "content": "A joke."}])
    limits = Limits(max_request_bytes=1000)
    served = serve(Endpoint(name="joker", model="models:/joker@champion", limits=limits), request_timeout=20)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    connection.putrequest("POST", CHAT)
    connection.putheader("transfer-encoding", "chunked")
    connection.endheaders(b"258\r\n" + b"x" * 600 + b"\r\n")
    time.sleep(0.2)
    connection.send(b"258\r\n" + b"x" * 600 + b"\r\n0\r\n\r\n")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (413, "request_too_large")
    connection.close()


def test_each_endpoint_has_its_own_limit(register: Callable[..., str], serve: Callable[..., Served]) -> None:
    register(messages=[{"role": "user", "content": "A joke."}])
    small = Endpoint(name="small", model="models:/joker@champion", limits=Limits(max_request_bytes=500))
    served = serve(small, "joker")
    long = [{"role": "user", "content": "x" * 600}]
    assert served.chat(messages=long).status == 200
    said(served.chat(model="small", messages=long), 413, "request_too_large")


def test_a_request_that_stops_coming(register: Callable[..., str], serve: Callable[..., Served]) -> None:
    register(messages=[{"role": "user", "content": "A joke."}])
    served = serve("joker", request_timeout=0.1)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.putrequest("POST", CHAT)
    connection.putheader("content-length", "100")
    connection.endheaders(b'{"model": ')
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (408, "request_timeout")
    connection.close()
