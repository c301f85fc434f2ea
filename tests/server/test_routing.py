"""From a method and a path to the call that is meant."""

from __future__ import annotations

import pytest

from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.errors import HttpError
from quire.server.http import Request
from quire.server.routing import Router
from quire.store.rest.wire.common import Empty

calls = Calls("2.0", "mlflow", tag="Test", preview=True)


@calls.read("GET", "things/get")
def get_thing(context: Context, request: Empty) -> Empty:
    """A thing. More of it."""
    return Empty()


@calls.write("POST", "things/{thing}/parts")
def add_part(context: Context, request: Empty) -> Empty:
    """Add a part."""
    return Empty()


@calls.write("DELETE", "things/{thing}/tags/{key:path}")
def delete_tag(context: Context, request: Empty) -> Empty:
    """Delete a tag."""
    return Empty()


@calls.read("GET", "/plain")
def plain(context: Context, request: Empty) -> Empty:
    """At a path of its own."""
    return Empty()


def find(method: str, raw: str, prefix: str = "") -> tuple[str, dict[str, str]] | None:
    async def nothing() -> dict[str, object]:
        return {}

    from urllib.parse import unquote

    scope = {"method": method, "path": unquote(raw), "raw_path": raw.encode(), "query_string": b"", "headers": []}
    request = Request(scope, nothing, max_bytes=1, timeout=1)
    call = Router(calls.all, prefix).find(request)
    return None if call is None else (call.name, request.parameters)


@pytest.mark.parametrize(
    "prefix", ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/api/2.0/preview/mlflow", "/ajax-api/2.0/preview/mlflow"]
)
def test_a_path_is_served_under_every_prefix(prefix: str) -> None:
    assert find("GET", f"{prefix}/things/get") == ("get_thing", {})
    assert find("POST", f"{prefix}/things/a%2Fb/parts") == ("add_part", {"thing": "a/b"})
    assert find("DELETE", f"{prefix}/things/x/tags/a/b%20c") == ("delete_tag", {"thing": "x", "key": "a/b c"})


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/things",
        "/api/2.0/mlflow/things//parts",
        "/api/2.0/mlflow/things/x/tags/",
        "/api/3.0/mlflow/things/get",
        "/plain/",
    ],
)
def test_another_path_is_not(path: str) -> None:
    assert find("GET", path) is None


def test_a_path_of_its_own_and_a_prefix_for_all() -> None:
    assert find("GET", "/plain") == ("plain", {})
    assert find("HEAD", "/quire/plain", "/quire") == ("plain", {})
    assert find("GET", "/plain", "/quire") is None


def test_another_method_is_refused_with_those_that_are_taken() -> None:
    with pytest.raises(HttpError) as caught:
        find("PUT", "/plain")
    assert (caught.value.http_status, dict(caught.value.headers)[b"allow"]) == (405, b"GET, HEAD")


def test_a_call_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Router([*calls.all, *calls.all])
