"""Traces for items that have none: labels are assessments, and an assessment belongs to a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.otlp import read_span
from quire.domain.otlp.values import put
from quire.domain.span_names import INPUTS, OUTPUTS
from quire.domain.traces import SOURCE_RUN, Trace, trace_info
from quire.evaluate.rating import own_trace_id
from quire.review.items import Item, hashed
from quire.store.base import Store
from quire.tracing.exporter import flush_trace_async_logging

_NAME = "review item"
_OK = 1


def anchored(store: Store, experiment_id: str, queue: str, items: Sequence[Item]) -> list[Item]:
    """The items, each with a trace: its own where the store has it, else one that is made of its inputs and outputs.

    The id of a trace that is made follows from the queue and the item, so that doing it again makes no second one; that
    of an evaluation's answer from the answer, so that all that people say of it, here or there, is of one trace. It
    names no variant.
    """
    known = _known(store, [item.trace_id for item in items if item.trace_id])
    placed = [item if item.trace_id in known else _with_own(item, queue) for item in items]
    known |= _known(store, [item.trace_id for item in placed if item.trace_id not in known])
    made = [_trace(item, experiment_id, queue) for item in placed if item.trace_id not in known]
    if made:
        store.log_traces(made)
    return placed


def _known(store: Store, traces: list[str]) -> set[str]:
    """Which of these traces the store has, those among them that this process has just made."""
    if not traces:
        return set()
    flush_trace_async_logging()
    return {info.trace_id for info in store.get_trace_infos(traces)}


def _with_own(item: Item, queue: str) -> Item:
    if item.run_id and item.record_id and not item.is_pair:
        own = own_trace_id(item.run_id, item.variant, item.record_id, item.repeat)
    else:
        own = f"tr-{hashed('trace', queue, item.item_id).hex()[:32]}"
    return msgspec.structs.replace(item, trace_id=own)


def _trace(item: Item, experiment_id: str, queue: str) -> Trace:
    outputs = {"a": item.outputs, "b": item.second} if item.is_pair else item.outputs
    now = now_ms()
    span = Span(
        trace_id=bytes.fromhex(item.trace_id.removeprefix("tr-")),
        span_id=hashed("span", item.trace_id)[:8],
        name=_NAME,
        start_time_unix_nano=now * 1_000_000,
        end_time_unix_nano=now * 1_000_000,
    )
    span.status.code = _OK  # type: ignore[assignment]
    for key, value in ((INPUTS, item.inputs), (OUTPUTS, outputs)):
        _put(span, key, value)
    record = read_span(span)
    facts = record.facts
    info = trace_info(
        item.trace_id,
        experiment_id,
        timestamp_ms=now,
        execution_time_ms=0,
        state="OK",
        request_preview=facts.request_preview if facts else None,
        response_preview=facts.response_preview if facts else None,
        trace_metadata={SOURCE_RUN: queue},
        tags={"mlflow.traceName": _NAME},
    )
    return Trace(info, [record])


def _put(span: Span, key: str, value: Any) -> None:
    """An attribute of plain data; as JSON text where it is nested deeper than spans can be."""
    text = msgspec.json.encode(value, enc_hook=repr)
    attribute = span.attributes.add(key=key)
    try:
        put(attribute.value, msgspec.json.decode(text))
    except InvalidInput:
        attribute.value.Clear()
        attribute.value.string_value = text.decode()
