"""``/invocations`` of a running server: rows in every form, MLflow's errors, each row a request of its own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.access import Scope
from quire.domain.allowances import Allowance, ParameterRule
from quire.domain.credentials import hash_token, new_token
from quire.domain.endpoints import Endpoint, Limits
from quire.domain.schema import ColSpec, ParamSchema, ParamSpec, Schema
from quire.domain.signature import ModelSignature
from quire.server.auth import AuthSettings
from quire.store import open_store
from quire.store.access import access_of
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import Simulator
from tests.serving.serving import Answer, Served

JSON = "application/json"
ABOUT = [{"role": "user", "content": "A joke about {animal}."}]
PARAMS = ParamSchema([ParamSpec("temperature", "double", 0.2, minimum=0, maximum=2)])


def invoke(served: Served, body: Any, content_type: str = JSON, path: str = "/invocations", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return served.call("POST", path, raw, headers={"Content-Type": content_type, **headers})


def said(answer: Answer) -> list[str]:
    """The last message of each prediction, which the simulator repeats."""
    assert answer.status == 200, answer.body
    return [json.loads(text)[-1]["content"] for text in answer.json["predictions"]]


@pytest.fixture
def joker(register: Callable[..., str], serve: Callable[..., Served]) -> Served:
    register("joker", messages=ABOUT, signature=ModelSignature(params=PARAMS))
    return serve("joker")


CATS_AND_DOGS = [
    {"dataframe_split": {"columns": ["animal"], "data": [["cats"], ["dogs"]]}},
    {"dataframe_split": {"columns": ["animal"], "index": [7, 9], "data": ["cats", "dogs"]}},
    {"dataframe_split": {"data": [["cats"], ["dogs"]]}},
    {"dataframe_records": [{"animal": "cats"}, {"animal": "dogs"}]},
    {"dataframe_records": ["cats", "dogs"]},
    {"inputs": ["cats", "dogs"]},
    {"inputs": [["cats"], ["dogs"]]},
    {"inputs": {"animal": ["cats", "dogs"]}},
    {"instances": [{"animal": "cats"}, {"animal": "dogs"}]},
    {"instances": ["cats", "dogs"], "params": {"temperature": 1}},
]


def test_every_form_of_rows_is_answered_in_order(joker: Served) -> None:
    for body in CATS_AND_DOGS:
        assert said(invoke(joker, body)) == ["A joke about cats.", "A joke about dogs."], body
    answer = invoke(joker, "animal,other\ncats,1\n\ndogs,2\n", "text/csv; charset=utf-8")
    assert said(answer) == ["A joke about cats.", "A joke about dogs."]
    assert answer.headers["x-quire-endpoint"] == "joker"
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-quire-model-version"] == "1"


def test_an_endpoint_has_a_path_of_its_own(register: Callable[..., str], serve: Callable[..., Served]) -> None:
    register("joker", messages=ABOUT)
    register("poet", messages=[{"role": "user", "content": "A poem about {thing}."}])
    served = serve("joker", "poet")
    assert said(invoke(served, {"inputs": "rain"}, path="/endpoints/poet/invocations")) == ["A poem about rain."]
    answer = invoke(served, {"inputs": "rain"})
    assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "/endpoints/joker/invocations, /endpoints/poet/invocations" in answer.json["message"]
    assert invoke(served, {"inputs": "rain"}, path="/endpoints/none/invocations").status == 404
    assert served.call("GET", "/endpoints/poet/invocations").status == 405
    assert invoke(served, {"inputs": "rain"}, path="/endpoints/a/b/invocations").status == 404


def test_the_bare_form_is_answered_bare(joker: Served) -> None:
    answer = invoke(joker, {"prompt": "cats", "temperature": 0})
    assert json.loads(answer.json[0])[-1]["content"] == "A joke about cats."


def test_each_row_is_told_as_a_request(joker: Served, upstream: Simulator) -> None:
    named = {"x-quire-key": "ann", "x-request-id": "mine"}
    answer = invoke(joker, {"inputs": ["cats", "dogs"], "params": {"temperature": 1}}, **named)
    assert answer.headers["x-request-id"] == "mine"
    done = joker.wait_for(2)
    assert sorted(one.ask.variables["input"] for one in done) == ["cats", "dogs"]
    assert {(one.ask.endpoint, one.given.version, one.ask.key, one.ending) for one in done} == {
        ("joker", "1", "ann", "answered")
    }
    traces = answer.headers["x-quire-trace-id"].split(", ")
    asked = {one.trace_id: one.ask.variables["input"] for one in done}
    assert [asked[trace] for trace in traces] == ["cats", "dogs"]
    assert {one.ask.request_id for one in done} == {"mine"}
    assert {request.body["temperature"] for request in upstream.requests} == {1}
    assert all(one.status == 200 and one.body for one in done)
    assert "x-quire-trace-id" not in invoke(joker, {"inputs": ["cats"] * 65}).headers


def test_embeddings_go_in_batches(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    register("vectors", model="text-embedding-3-small", task="embeddings")
    served = serve("vectors")
    answer = invoke(served, {"inputs": [f"text {number}" for number in range(40)]})
    assert len(answer.json["predictions"]) == 40
    assert all(isinstance(value, float) for vector in answer.json["predictions"] for value in vector)
    assert [len(request.body["input"]) for request in upstream.requests] == [40]


def test_values_are_brought_to_the_types_of_their_columns(
    register: Callable[..., str], serve: Callable[..., Served]
) -> None:
    columns = [
        ColSpec("long", "count"),
        ColSpec("double", "weight"),
        ColSpec("boolean", "good"),
        ColSpec("string", "name"),
    ]
    register(
        "typed",
        messages=[{"role": "user", "content": "{count} {weight} {good} {name}"}],
        signature=ModelSignature(inputs=Schema(columns)),
    )
    served = serve("typed")
    rows = [
        {"count": 1, "weight": 1, "good": True, "name": "x"},
        {"count": "2", "weight": "2.5", "good": "false", "name": 3},
        {"count": 3.0, "weight": True, "good": False, "name": 1.5},
    ]
    assert said(invoke(served, {"dataframe_records": rows})) == ["1 1.0 True x", "2 2.5 False 3", "3 1.0 False 1.5"]
    assert said(invoke(served, "count,weight,good,name\n1,2,True,7\n", "text/csv")) == ["1 2.0 True 7"]
    for wrong in ({"count": "x"}, {"count": 1.5}, {"good": "yes"}, {"good": 1}, {"name": ["x"]}, {"name": None}):
        answer = invoke(served, {"dataframe_records": [{**rows[0], **wrong}]})
        assert answer.status == 400, wrong
        assert f"Row 0, column {next(iter(wrong))!r}" in answer.json["message"]


BAD = [
    ({"inputs": []}, "INVALID_PARAMETER_VALUE", "has no rows"),
    ({"inputs": None}, "BAD_REQUEST", "is null"),
    ({"inputs": {}}, "BAD_REQUEST", "an empty object"),
    ({"inputs": {"a": ["x"], "b": ["x", "y"]}}, "INVALID_PARAMETER_VALUE", "differ in length"),
    ({"inputs": ["a"], "instances": ["b"]}, "BAD_REQUEST", "exactly one of the keys"),
    ({"foo": 1}, "BAD_REQUEST", "has none of them, but ['foo']"),
    ([], "BAD_REQUEST", "The body is a list"),
    ("", "BAD_REQUEST", "The body is not JSON"),
    ("{", "BAD_REQUEST", "The body is not JSON"),
    (b'{"inputs": ["\xff"]}', "BAD_REQUEST", "The body is not JSON"),
    ("[" * 100_000, "BAD_REQUEST", "nested too deeply"),
    ({"messages": ABOUT}, "INVALID_PARAMETER_VALUE", "/v1/chat/completions"),
    ({"dataframe_split": []}, "BAD_REQUEST", "is a list"),
    ({"dataframe_split": {"columns": ["animal"]}}, "BAD_REQUEST", "expected data"),
    ({"dataframe_split": {"data": [["a"]], "rows": 1}}, "BAD_REQUEST", "expected data"),
    ({"dataframe_split": {"columns": "animal", "data": [["a"]]}}, "BAD_REQUEST", "a list of names"),
    ({"dataframe_split": {"columns": ["a", "a"], "data": [["x", "y"]]}}, "BAD_REQUEST", "several columns named 'a'"),
    ({"dataframe_split": {"columns": ["a", "b"], "data": [["x"]]}}, "BAD_REQUEST", "1 values for 2 columns"),
    (
        {"dataframe_split": {"columns": ["a"], "index": [1, 2], "data": [["x"]]}},
        "BAD_REQUEST",
        "does not have 1 entries",
    ),
    ({"dataframe_records": {}}, "BAD_REQUEST", "is an object"),
    ({"dataframe_records": [{}]}, "INVALID_PARAMETER_VALUE", "Row 0 is empty"),
    ({"dataframe_records": [{"animal": None}]}, "INVALID_PARAMETER_VALUE", "is null"),
    ({"inputs": ["a"], "params": [1]}, "INVALID_PARAMETER_VALUE", "`params` is a list"),
    ({"inputs": ["a"], "params": {"temperature": 5}}, "INVALID_PARAMETER_VALUE", "from 0 to 2"),
    ({"inputs": ["a"], "params": {"temperature": "hot"}}, "INVALID_PARAMETER_VALUE", "from 0 to 2"),
    ({"inputs": ["a"], "params": {"top_p": 1}}, "INVALID_PARAMETER_VALUE", "'top_p' may not be set"),
]


def test_what_is_wrong_is_said_with_mlflows_codes(joker: Served, upstream: Simulator) -> None:
    for body, code, message in BAD:
        answer = invoke(joker, body)
        assert (answer.status, answer.json["error_code"]) == (400, code), body
        assert message in answer.json["message"], answer.json["message"]
    assert upstream.requests == [], "nothing is asked until all rows are known to fit"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The body is empty"),
        (b"animal\n\xff\n", "not UTF-8"),
        ('animal\n"cats', "not CSV"),
        ("animal\ncats,dogs\n", "Row 0 of the CSV has 2 values"),
        ("animal,animal\na,b\n", "several columns named 'animal'"),
        ('{"inputs": ["cats"]}', "lacks the column(s) ['animal']"),
    ],
)
def test_csv_that_is_wrong_is_refused(joker: Served, text: str | bytes, message: str) -> None:
    answer = invoke(joker, text, "text/csv")
    assert (answer.status, answer.json["error_code"]) == (400, "BAD_REQUEST")
    assert message in answer.json["message"]


def test_a_table_without_rows_has_no_predictions(joker: Served) -> None:
    assert invoke(joker, "animal\n", "text/csv").json == {"predictions": []}
    assert invoke(joker, {"dataframe_split": {"columns": ["animal"], "data": []}}).json == {"predictions": []}


def test_parquet_is_read(joker: Served) -> None:
    import io

    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"animal": ["cats", "dogs"]}), file)
    kind = "application/vnd.apache.parquet"
    assert said(invoke(joker, file.getvalue(), kind)) == ["A joke about cats.", "A joke about dogs."]
    assert "not a Parquet file" in invoke(joker, b"PAR1 nothing", kind).json["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json;a=b",
    ],
)
def test_another_content_type_is_refused_in_plain_text(joker: Served, content_type: str) -> None:
    answer = invoke(joker, {"inputs": ["cats"]}, content_type)
    assert (answer.status, answer.headers["content-type"]) == (415, "text/plain; charset=utf-8")
    assert b"content type" in answer.body


@pytest.mark.parametrize("content_type", ["APPLICATION/JSON", "application/json;", 'application/json; charset="UTF-8"'])
def test_a_content_type_is_read_as_http_says(joker: Served, content_type: str) -> None:
    assert said(invoke(joker, {"inputs": ["cats"]}, content_type)) == ["A joke about cats."]


def test_an_upstreams_refusal_names_the_row(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    register("broken", model="no such model", messages=ABOUT)
    upstream.behave(models=("gpt-4o-mini",))
    answer = invoke(serve("broken"), {"inputs": ["cats"]})
    assert (answer.status, answer.json["error_code"]) == (400, "BAD_REQUEST")
    assert "Row 0: the upstream answered with status 404" in answer.json["message"]


def test_a_large_body_is_refused_and_a_smaller_one_read(
    register: Callable[..., str], serve: Callable[..., Served]
) -> None:
    register("joker", messages=ABOUT)
    limits = Limits(max_request_bytes=200_000)
    served = serve(Endpoint(name="joker", model="models:/joker/1", limits=limits))
    answer = invoke(served, {"inputs": "x" * 300_000})
    assert (answer.status, answer.json["error_code"]) == (413, "BAD_REQUEST")
    assert len(said(invoke(served, {"inputs": "x" * 150_000}))[0]) > 150_000


def test_one_arm_answers_all_rows_of_a_request(register: Callable[..., str], serve: Callable[..., Served]) -> None:
    for kind in ("long", "short"):
        register("joker", messages=[{"role": "user", "content": f"A {kind} joke about {{animal}}."}])
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    trial = trials.start("joker", {"short": "models:/joker/2"}, ["latency_s"])
    served = serve("joker")
    seen = set()
    for number in range(12):
        key = f"user-{number}"
        answer = invoke(served, {"inputs": ["cats", "dogs"]}, **{"x-quire-key": key})
        given = trials.assign(trial, key)
        assert given is not None
        kind = "short" if given.arm == "short" else "long"
        assert said(answer) == [f"A {kind} joke about cats.", f"A {kind} joke about dogs."]
        assert answer.headers["x-quire-arm"] == given.arm
        seen.add(kind)
    assert seen == {"long", "short"}


def test_the_control_answers_all_rows_where_an_arm_fails(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    register("joker", messages=ABOUT)
    register("joker", model="gone", messages=ABOUT)
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    upstream.behave(models=("gpt-4o-mini",))
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    trial = trials.start("joker", {"gone": "models:/joker/2"}, ["latency_s"])
    served = serve("joker")
    key = next(key for key in map(str, range(100)) if (given := trials.assign(trial, key)) and given.arm == "gone")
    answer = invoke(served, {"inputs": ["cats", "dogs"]}, **{"x-quire-key": key})
    assert said(answer) == ["A joke about cats.", "A joke about dogs."]
    assert answer.headers["x-quire-arm"] == "champion"
    failed = [one for one in served.wait_for(4) if one.fell_back]
    assert {(one.given.arm, one.ending) for one in failed} == {("gone", "failed")}
    assert 404 in {one.status for one in failed}
    answered = [one for one in served.done if not one.fell_back and one.ending == "answered"]
    assert {one.given.trial_id for one in answered} == {None}
    assert failed[0].trace_id in {one.trace_id for one in answered}, "the failure is a part of the row's trace"


def test_the_control_answers_where_rows_do_not_fit_an_arm(
    register: Callable[..., str], serve: Callable[..., Served]
) -> None:
    register("joker", messages=ABOUT)
    register("joker", messages=[{"role": "user", "content": "A {tone} joke about {animal}."}])
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    trial = trials.start("joker", {"toned": "models:/joker/2"}, ["latency_s"])
    served = serve("joker")
    key = next(key for key in map(str, range(100)) if (given := trials.assign(trial, key)) and given.arm == "toned")
    assert said(invoke(served, {"inputs": ["cats"]}, **{"x-quire-key": key})) == ["A joke about cats."]
    told = {("toned", "failed", True), ("champion", "answered", False)}
    assert {(one.given.arm, one.ending, one.fell_back) for one in served.wait_for(2)} == told
    assert invoke(served, {"inputs": None}, **{"x-quire-key": key}).status == 400
    assert len(served.done) == 2, "what fits no arm says nothing of one"


def test_what_is_refused_before_any_row_is_told_too(joker: Served) -> None:
    invoke(joker, "{")
    invoke(joker, {"inputs": ["cats"]}, "text/plain")
    assert [(path, status) for path, status, _code in joker.refused] == [("/invocations", 400), ("/invocations", 415)]


def test_a_token_holds_for_rows_as_for_any_request(
    register: Callable[..., str], serve: Callable[..., Served], store: str
) -> None:
    register("joker", messages=ABOUT, signature=ModelSignature(params=PARAMS))
    access = access_of(open_store(store))
    access.create_user("ada", password_hash=None, role="editor")
    secrets = {"all": new_token(), "few": new_token(), "other": new_token()}
    rule = ParameterRule(most={"temperature": 0.5})
    few = Scope(endpoints=("joker",), parameters=rule, allowance=Allowance(requests_per_minute=2))
    for name, scope in (("all", Scope()), ("few", few), ("other", Scope(endpoints=("poet",)))):
        access.create_token("ada", hash_token(secrets[name]), scope=scope)
    served = serve("joker", auth=AuthSettings())

    def ask(name: str, **body: Any) -> Answer:
        return invoke(served, {"inputs": ["cats"], **body}, Authorization=f"Bearer {secrets[name]}")

    assert said(ask("all")) == ["A joke about cats."]
    refused = invoke(served, {"inputs": ["cats"]})
    assert (refused.status, refused.json["error_code"]) == (401, "UNAUTHENTICATED")
    assert (ask("other").status, ask("other").json["error_code"]) == (403, "PERMISSION_DENIED")
    too_hot = ask("few", params={"temperature": 1})
    assert (too_hot.status, too_hot.json["error_code"]) == (400, "BAD_REQUEST")
    assert "at most 0.5" in too_hot.json["message"]
    full = ask("few", inputs=["cats", "dogs", "cows"])
    assert (full.status, full.json["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert int(full.headers["retry-after"]) > 0


def test_a_caller_that_leaves_ends_what_is_under_way(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    register("joker", messages=ABOUT)
    served = serve("joker")
    upstream.behave(latency_ms=60_000)
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        body = json.dumps({"inputs": ["cats", "dogs"]}).encode()
        head = f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        deadline = time.monotonic() + 20
        while len(upstream.requests) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert {one.ending for one in served.wait_for(2)} == {"disconnected"}
