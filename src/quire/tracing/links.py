"""Links from a span to others that are neither above nor below it, as the span keeps them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as otel

from quire.domain.errors import InvalidInput
from quire.tracing.finished import FinishedLink
from quire.tracing.values import to_json

if TYPE_CHECKING:
    from quire.tracing.span import Span

_HEX = re.compile(r"[0-9a-fA-F]+")
_TRACE_BYTES, _SPAN_BYTES = 16, 8

log = logging.getLogger("quire")


def link_of(link: Any, attributes: Mapping[str, Any] | None = None) -> FinishedLink:
    """A link from an OpenTelemetry span context, or from an object with ``trace_id``, ``span_id`` and ``attributes``.

    The latter is a ``Link`` of ours or MLflow's, whose ids are text: ``tr-`` and hexadecimal digits, or the digits
    alone. Raises InvalidInput for what names no span.
    """
    if isinstance(link, FinishedLink):
        return link
    if isinstance(link, otel.SpanContext):
        ids = link.trace_id.to_bytes(_TRACE_BYTES, "big"), link.span_id.to_bytes(_SPAN_BYTES, "big")
    else:
        ids = ids_of(getattr(link, "trace_id", None), getattr(link, "span_id", None))
    said = attributes or getattr(link, "attributes", None)
    return FinishedLink(*ids, to_json(dict(said))) if said else FinishedLink(*ids)


def ids_of(trace_id: object, span_id: object) -> tuple[bytes, bytes]:
    """The bytes of a trace's and a span's id. Raises InvalidInput for what is none."""
    digits = trace_id.rpartition("/")[2].removeprefix("tr-") if isinstance(trace_id, str) else ""
    return _bytes(digits, _TRACE_BYTES, trace_id, span_id), _bytes(span_id, _SPAN_BYTES, trace_id, span_id)


def _bytes(digits: object, length: int, trace_id: object, span_id: object) -> bytes:
    if isinstance(digits, str) and _HEX.fullmatch(digits) and len(digits) <= 2 * length and int(digits, 16):
        return int(digits, 16).to_bytes(length, "big")
    raise InvalidInput(
        f"A link to the trace {str(trace_id)[:60]!r} and the span {str(span_id)[:60]!r} names no span. Expected a "
        "quire.entities.Link(trace_id, span_id) with 'tr-' and 32 hexadecimal digits, and 16 hexadecimal digits."
    )


def checked(links: Iterable[Any] | None) -> list[FinishedLink]:
    """Links as a span keeps them. One that names no span is left out, and the log says so."""
    found = []
    for link in links or ():
        try:
            found.append(link_of(link))
        except InvalidInput as error:
            log.warning("A link is left out: %s", error.message)
    return found


def add_links(span: Span, links: Iterable[Any] | None) -> None:
    """Say of a span that others have to do with it, as far as the links name any."""
    for link in checked(links):
        span.add_link(link)
