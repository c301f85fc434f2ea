"""Traces to any OpenTelemetry collector besides the store: OTLP over HTTP, protobuf, compressed, in the background.

Where to is said by OpenTelemetry's own variables (https://opentelemetry.io/docs/specs/otel/protocol/exporter/), or by
``quire.tracing.configure(otlp_endpoint=…)``. What a collector that is away has not taken waits as it does for a store:
in memory, then on disk up to the same limit. Headers may hold credentials: they are kept in memory alone.
"""

from __future__ import annotations

import gzip
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from quire._version import __version__
from quire.domain.errors import (
    InvalidInput,
    InvalidState,
    PermissionDenied,
    QuireError,
    Unauthenticated,
    Unavailable,
)
from quire.domain.span_names import INPUTS, OUTPUTS
from quire.store.base import Store
from quire.store.rest.client import Call, client_of
from quire.store.rest.settings import parse_address
from quire.tracing import state
from quire.tracing.finished import FinishedTrace
from quire.tracking.outboxes import Outboxes

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

    from quire.domain.traces import SpanRecord

log = logging.getLogger("quire")

PATH = "/v1/traces"
AT_ONCE = 100
"""Traces that are sent with one request."""
_PER_TRACE = 400
_CALLS = ("CHAT_MODEL", "LLM")


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """A collector: the whole URL that spans are posted to, headers of each request, attributes of the resource."""

    url: str
    headers: Mapping[str, str] = {}
    resource: Mapping[str, str] = {}
    compress: bool = True


def collector(endpoint: str, headers: Mapping[str, str] | None = None) -> Collector:
    """The collector at a base address such as ``http://localhost:4318``, or at the whole URL. Raises InvalidInput."""
    url = endpoint.rstrip("/")
    url = url if url.endswith(PATH) else url + PATH
    parse_address(url)
    given = _setting("HEADERS")
    return Collector(
        url=url,
        headers=_pairs(given) if headers is None else dict(headers),
        resource=_resource(),
        compress=_setting("COMPRESSION").lower() != "none",
    )


def from_environment() -> Collector | None:
    """The collector that OpenTelemetry's variables name; None if they name none, or one that cannot be spoken to."""
    whole, base = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if not (whole or base) or os.environ.get("OTEL_TRACES_EXPORTER", "otlp").lower() == "none":
        return None
    if _setting("PROTOCOL").lower() == "grpc":
        log.warning("Traces are not sent to the collector: OTLP is spoken over HTTP (http/protobuf), not gRPC.")
        return None
    try:
        if not whole:
            return collector(str(base))
        parse_address(whole)
        return msgspec.structs.replace(collector(whole), url=whole)
    except InvalidInput as error:
        log.warning("Traces are not sent to the collector: %s", error)
        return None


def _setting(name: str) -> str:
    """A variable of the exporter; that of traces alone counts more."""
    return os.environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") or ""


def _pairs(text: str) -> dict[str, str]:
    """``name=value,name=value``, percent-encoded."""
    pairs = (item.partition("=") for item in text.split(",") if "=" in item)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs if name.strip()}


def _resource() -> dict[str, str]:
    made = {"telemetry.sdk.name": "quire", "telemetry.sdk.language": "python", "telemetry.sdk.version": __version__}
    made |= _pairs(os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    named = os.environ.get("OTEL_SERVICE_NAME") or made.get("service.name") or "unknown_service:python"
    return {**made, "service.name": named}


class Parcel(msgspec.Struct, frozen=True):
    """A trace on its way to a collector."""

    traces: list[FinishedTrace]

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return _PER_TRACE + sum(trace.weight for trace in self.traces)


class OfCollectors:
    """Traces on their way to collectors, as an outbox carries them."""

    name = "otlp"
    operation = Parcel
    linger = 0.2
    most_linger = 1.0
    returns_before_disk = True

    @property
    def most_on_disk(self) -> int:
        """About how many bytes may wait on disk."""
        return state.settings().most_on_disk

    @staticmethod
    def checked(parcel: Parcel) -> Parcel:
        """A parcel as it is kept."""
        return parcel

    @staticmethod
    def for_disk(parcel: Parcel) -> Parcel:
        """A parcel as it may wait on disk: without what may not be kept."""
        from quire.tracing.cleaning import fit_for_disk

        return Parcel([fit_for_disk(trace) for trace in parcel.traces])

    @staticmethod
    def merged(parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, list[int]]]:
        """Many parcels as few."""
        for start in range(0, len(parcels), AT_ONCE):
            some = parcels[start : start + AT_ONCE]
            joined = Parcel([trace for parcel in some for trace in parcel.traces])
            yield joined, list(range(start, start + len(some)))

    @staticmethod
    def perform(store: Store, parcel: Parcel) -> None:
        """Send traces. The outbox is that of the collector's URL, which the store of that URL gives back."""
        _post(_known.get(store.uri) or Collector(url=store.uri), parcel.traces)

    @staticmethod
    def described(parcel: Parcel) -> str:
        """What it is, for the log."""
        return f"{len(parcel.traces)} traces, the first tr-{parcel.traces[0].trace_id.hex()}"


_known: dict[str, Collector] = {}
"""Collectors by their URL, as the store of that URL names itself."""
_outboxes: Outboxes[Parcel] = Outboxes(OfCollectors)


def send(trace: FinishedTrace, to: Collector) -> None:
    """Hand a trace over for a collector. Raises nothing that a store's outbox would not."""
    _known[parse_address(to.url)[0].url] = to
    _outboxes.of(to.url).submit(Parcel([trace]))


def flush() -> None:
    """Wait until the collectors have every trace that has ended. Raises what one refused."""
    _outboxes.flush()


def dropped() -> int:
    """Traces that found no room while their collector was away."""
    return sum(outbox.dropped for outbox in _outboxes.all())


def _post(to: Collector, traces: Sequence[FinishedTrace]) -> None:
    body = _request(to, traces)
    headers = {**to.headers, "Content-Type": "application/x-protobuf"}
    if to.compress:
        body, headers["Content-Encoding"] = gzip.compress(body, compresslevel=3), "gzip"
    try:
        client_of(to.url, anonymous=True).call(Call(method="POST", path="", body=body, headers=headers))
    except (Unavailable, Unauthenticated, PermissionDenied):
        raise  # it may take them later
    except QuireError as error:
        raise InvalidState(
            f"The collector {to.url} refused the spans of {len(traces)} traces ({error.error_code}). Check its address "
            "and what its log says."
        ) from error


def _request(to: Collector, traces: Sequence[FinishedTrace]) -> bytes:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from quire.domain.otlp.values import put
    from quire.tracing.writing import stored

    request = ExportTraceServiceRequest()
    place = request.resource_spans.add()
    for key, value in to.resource.items():
        put(place.resource.attributes.add(key=key).value, value)
    scope = place.scope_spans.add()
    scope.scope.name, scope.scope.version = "quire", __version__
    for trace in traces:
        scope.spans.extend(_message(record) for record in stored(trace).spans)
    return request.SerializeToString()


def _message(record: SpanRecord) -> SpanMessage:
    """A span with what OpenTelemetry calls its content, and with what its trace belongs to."""
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

    from quire.domain.genai import content_attributes
    from quire.domain.otlp.values import plain, put_any
    from quire.domain.traces import SESSION, USER

    message = Message.FromString(record.content)
    added: dict[str, Any] = {}
    if record.type in _CALLS:
        message.kind = Message.SPAN_KIND_CLIENT
        held = {item.key: plain(item.value) for item in message.attributes if item.key in (INPUTS, OUTPUTS)}
        added |= content_attributes(held.get(INPUTS), held.get(OUTPUTS))
    metadata = record.facts.metadata if record.facts else {}
    added |= {name: metadata[key] for name, key in (("session.id", SESSION), ("user.id", USER)) if key in metadata}
    present = {item.key for item in message.attributes}
    for key, value in added.items():
        if key not in present:
            put_any(message.attributes.add(key=key).value, value)
    return message
