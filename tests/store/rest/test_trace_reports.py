"""Many traces at once to a server: one request to Quire's, MLflow's protocol to others."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from quire.domain.errors import InvalidInput, QuireError, Unauthenticated
from quire.domain.traces import Trace, trace_info
from quire.store.rest import RestStore
from tests.spans import START, new_trace, span
from tests.store.rest.conftest import OK, Request, Scripted, answer

Servers = Callable[..., Scripted]
QUIRE = answer("200 OK", b'{"name":"quire","version":"0.1.0"}')
MISSING = answer("404 Not Found", b"<html>", "text/html")


def _traces(count: int) -> list[Trace]:
    made = []
    for _ in range(count):
        info = trace_info(new_trace(), "7", timestamp_ms=START, execution_time_ms=5, state="OK")
        made.append(Trace(info, [span(info.trace_id, "root"), span(info.trace_id, "below", parent="00000000000000aa")]))
    return made


def test_a_quire_server_takes_many_in_one_request(scripted: Servers) -> None:
    server = scripted(QUIRE, OK)
    store = RestStore(server.url)
    store.log_traces(_traces(30))
    store.log_traces(_traces(2))
    store.log_traces([])
    assert [(one.method, one.target) for one in server.requests] == [
        ("GET", "/api/quire/v1"),
        ("POST", "/api/quire/v1/traces/log"),
        ("POST", "/api/quire/v1/traces/log"),
    ]
    sent = msgspec.json.decode(server.requests[1].body)
    assert (sent["experiment_id"], len(sent["traces"]), len(sent["traces"][0]["spans"])) == ("7", 30, 2)


def test_another_server_is_spoken_to_in_mlflows_protocol(scripted: Servers) -> None:
    def served(request: Request) -> bytes:
        if request.target == "/api/quire/v1":
            return MISSING
        info = {"trace_id": "tr-1", "trace_location": {}, "state": "OK"}
        return (
            OK
            if request.target == "/v1/traces"
            else answer("200 OK", msgspec.json.encode({"trace": {"trace_info": info}}))
        )

    server = scripted(served)
    store = RestStore(server.url)
    store.log_traces(_traces(2))
    targets = [one.target for one in server.requests]
    assert targets == ["/api/quire/v1", "/v1/traces", *["/api/3.0/mlflow/traces"] * 2]
    with pytest.raises(
        InvalidInput, match=rf"{server.url} cannot sum up what traces used: it speaks MLflow's protocol"
    ):
        store.trace_usage(["7"], by="model")
    with pytest.raises(InvalidInput, match="cannot say which traces to prune"):
        store.plan_pruning(["7"], keep_bytes=5)
    assert len(server.requests) == len(targets)


def test_what_a_server_is_stays_open_while_it_cannot_say(scripted: Servers) -> None:
    denied = answer("401 Unauthorized", b'{"error_code":"UNAUTHENTICATED","message":"no"}')
    broken = answer("500 Internal Server Error", b'{"error_code":"INTERNAL_ERROR","message":"no"}')
    store = RestStore(scripted(denied, broken, QUIRE, OK).url)
    with pytest.raises(Unauthenticated):
        store.log_traces(_traces(1))
    with pytest.raises(QuireError):
        store.log_traces(_traces(1))
    store.log_traces(_traces(1))
    assert store.speaks_quire()
