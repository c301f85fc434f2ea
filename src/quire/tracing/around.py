"""What holds for the traces that begin inside of a block: the session, the user, tags, and whether they are made.

It lives in the context of the thread or task, so it holds in what these start, too, and nowhere else.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import msgspec
from opentelemetry import trace as otel

from quire.domain.span_names import MODEL_ID
from quire.domain.traces import LINKED_PROMPTS_TAG, SESSION, USER, check_labels
from quire.domain.unreadable import UNREADABLE
from quire.tracing import state
from quire.tracing.live import LiveTrace
from quire.tracing.span import Span

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def context(
    metadata: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    enabled: bool | None = None,
    session_id: str | None = None,
    user: str | None = None,
) -> Iterator[None]:
    """Give traces that begin inside of the block this metadata, tags, session and user; inner blocks add to outer ones.

    ``enabled=False`` makes no spans inside of it, whatever else is configured. Raises InvalidInput for labels that
    cannot be kept.
    """
    said = {str(key): str(value) for key, value in (metadata or {}).items()}
    said.update({key: str(value) for key, value in ((SESSION, session_id), (USER, user)) if value is not None})
    given = {str(key): str(value) for key, value in (tags or {}).items()}
    check_labels(said, "metadata")
    check_labels(given, "tag")
    outer = state.surroundings()
    inner = state.Surroundings(
        metadata={**outer.metadata, **said},
        tags={**outer.tags, **given},
        enabled=outer.enabled if enabled is None else enabled,
    )
    token = state.surround(inner)
    try:
        yield
    finally:
        state.leave(token)


def carry(function: F) -> F:
    """The function with the context of here: its spans, wherever it is called, are below the span that is current now.

    For threads and pools, which begin with an empty context: ``pool.submit(quire.tracing.carry(work), item)``. May be
    called any number of times, and at once; what it changes of the context stays its own.
    """
    here = contextvars.copy_context()

    @functools.wraps(function)
    def carried(*args: Any, **kwargs: Any) -> Any:
        return here.copy().run(function, *args, **kwargs)

    return cast(F, carried)


def note_model(trace: LiveTrace, model_id: str) -> None:
    """Say which model made a trace, unless that is said already."""
    trace.metadata.setdefault(MODEL_ID, model_id)


def note_model_here(model_id: str) -> None:
    """Say which model makes the trace that is being made here, if one is."""
    span = otel.get_current_span()
    if isinstance(span, Span):
        note_model(span.live_trace, model_id)


def note_here(metadata: Mapping[str, str]) -> str | None:
    """Add metadata to the trace that is being made here; its id, None outside of any."""
    span = otel.get_current_span()
    if not isinstance(span, Span):
        return None
    span.live_trace.metadata.update(metadata)
    return str(span.trace_id)


def link_prompt(name: str, version: str | int) -> None:
    """Say of the trace that is being made here that it uses a version of a prompt; outside of any nothing happens.

    The trace is then found by ``prompt = 'NAME/VERSION'``.
    """
    span = otel.get_current_span()
    if isinstance(span, Span):
        note_prompt(span.live_trace, name, version)


def note_prompt(trace: LiveTrace, name: str, version: str | int) -> None:
    """Say that a trace uses a version of a prompt."""
    tags = trace.tags
    linked = json_list(tags.get(LINKED_PROMPTS_TAG))
    item = {"name": str(name), "version": str(version)}
    if item not in linked:
        tags[LINKED_PROMPTS_TAG] = msgspec.json.encode([*linked, item]).decode()


def json_list(text: str | None) -> list[Any]:
    """The list in a JSON text; empty if there is none."""
    try:
        found = msgspec.json.decode(text) if text else []
    except UNREADABLE:
        return []
    return found if isinstance(found, list) else []
