"""Endpoints, which MLflow does not have: ``/api/quire/v1/endpoints…``."""

from __future__ import annotations

from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput, NotFound
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.unsigned import kept_change
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.serving import DeleteEndpoint, EndpointResponse, EndpointsResponse, OfEndpoint, PutEndpoint
from quire.store.serving import serving_of

calls = Calls("quire", "v1", tag="Endpoints")
_ENDPOINTS = "/api/quire/v1/endpoints"


@calls.read("GET", _ENDPOINTS, reads="point")
def list_endpoints(context: Context, request: Empty) -> EndpointsResponse:
    """All endpoints, by name."""
    return EndpointsResponse(endpoints=serving_of(context.store).list_endpoints())


@calls.read("GET", f"{_ENDPOINTS}/{{name}}", reads="point")
def get_endpoint(context: Context, request: OfEndpoint) -> EndpointResponse:
    """An endpoint by its name."""
    return EndpointResponse(endpoint=serving_of(context.store).get_endpoint(request.name))


@calls.write("PUT", f"{_ENDPOINTS}/{{name}}")
def put_endpoint(context: Context, request: PutEndpoint) -> EndpointResponse:
    """Create or replace an endpoint; with an expected revision, only if that is the one it replaces (0: none)."""
    if request.endpoint.name != request.name:
        raise InvalidInput(
            f"The path names the endpoint {request.name!r:.120} and the body {request.endpoint.name!r:.120}. Give both "
            "the same name."
        )
    serving = serving_of(context.store)

    def put() -> EndpointResponse:
        return EndpointResponse(endpoint=serving.put_endpoint(request.endpoint, expected=request.expected))

    return kept_change(context, "put_endpoint", request, lambda: _before(context, request.name), put)


@calls.write("DELETE", f"{_ENDPOINTS}/{{name}}")
def delete_endpoint(context: Context, request: DeleteEndpoint) -> Empty:
    """Remove an endpoint; its trials stay. Refused while one of them runs."""

    def delete() -> Empty:
        serving_of(context.store).delete_endpoint(request.name)
        return Empty()

    return kept_change(context, "delete_endpoint", request, lambda: _before(context, request.name), delete)


def _before(context: Context, name: str) -> Endpoint | None:
    try:
        return serving_of(context.store).get_endpoint(name)
    except NotFound:
        return None
