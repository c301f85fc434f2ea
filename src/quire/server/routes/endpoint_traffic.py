"""The traffic of an endpoint: ``/api/quire/v1/endpoints/{name}/traffic``."""

from __future__ import annotations

from functools import partial

import msgspec

from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.protojson import Int64, Message
from quire.domain.traffic import MOST_PARTS, MOST_TRACES, Traffic, TrafficBy, TrafficQuery
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.kept import Kept
from quire.store.rest.wire.serving import OfEndpoint
from quire.store.serving import serving_of, traffic_of

calls = Calls("quire", "v1", tag="Endpoints")
_DAY_MS = 86_400_000
_FRESH_MS = 10_000


class EndpointTraffic(OfEndpoint, frozen=True, kw_only=True):
    """``GET endpoints/{name}/traffic``: until ``end_ms`` (now) since ``start_ms`` (a day before), in so many parts."""

    start_ms: Int64 | None = None
    end_ms: Int64 | None = None
    parts: int = 48
    by: TrafficBy = "version"


class EndpointTrafficResponse(Message, frozen=True, kw_only=True):
    """Traffic by part of the time, oldest first; parts without a request are left out.

    ``sampled`` is the share of requests that are traced (those that fail always are). ``cut`` says that there were more
    than the newest 200,000 traces, which alone were looked at.
    """

    start_ms: int
    width_ms: int
    parts: int
    sampled: float
    experiment_id: str = ""
    cut: bool = False
    traffic: list[Traffic] = msgspec.field(default_factory=list)


@calls.read("GET", "/api/quire/v1/endpoints/{name}/traffic")
def get_endpoint_traffic(context: Context, request: EndpointTraffic) -> EndpointTrafficResponse:
    """Requests, errors, tokens, cost and latency of an endpoint over time, by model version or by arm."""
    endpoint = serving_of(context.store).get_endpoint(request.name)
    end = now_ms() if request.end_ms is None else request.end_ms
    start = end - _DAY_MS if request.start_ms is None else request.start_ms
    if not 1 <= request.parts <= MOST_PARTS or end <= start:
        raise InvalidInput(
            f"{request.parts} parts from {start} to {end} were asked for; expected 1 to {MOST_PARTS} parts, and an end "
            "after the start."
        )
    width = -(-(end - start) // request.parts)
    kept: Kept[EndpointTrafficResponse] = context.extras.setdefault("quire.traffic", Kept())
    question = (endpoint.name, endpoint.revision, start, width, request.parts, request.by)
    work = partial(_traffic, context, endpoint, start, width, request)
    return kept.get(question, now_ms() // _FRESH_MS, work)


def _traffic(
    context: Context, endpoint: Endpoint, start: int, width: int, request: EndpointTraffic
) -> EndpointTrafficResponse:
    answer = EndpointTrafficResponse(start_ms=start, width_ms=width, parts=request.parts, sampled=endpoint.trace_sample)
    experiment = context.store.get_experiment_by_name(endpoint.experiment or f"endpoints/{endpoint.name}")
    if experiment is None:
        return answer
    query = TrafficQuery(
        experiment_id=experiment.experiment_id,
        start_ms=start,
        width_ms=width,
        parts=request.parts,
        by=request.by,
        endpoint=endpoint.name if endpoint.experiment else None,
        shadows=[shadow.name for shadow in endpoint.shadows],
    )
    found = traffic_of(context.store).traffic(query)
    return msgspec.structs.replace(
        answer,
        experiment_id=experiment.experiment_id,
        cut=sum(one.requests for one in found) >= MOST_TRACES,
        traffic=found,
    )
