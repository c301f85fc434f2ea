"""Recordings made of traces: the calls of the OpenAI API that stored traces hold, as requests and their answers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.recordings import Answer, Exchange, asked_for
from quire.domain.restreaming import chat_events, is_whole_response, response_events, text_events
from quire.domain.unreadable import UNREADABLE

if TYPE_CHECKING:
    from quire.entities.spans import Span
    from quire.entities.traces import Trace

_SHAPE = re.compile(r"<\d+ characters>")
_TRACE_ID = re.compile(r"tr-[0-9a-fA-F]{32}")
_PAGE = 100


class TraceRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that was made of ``traces`` traces and holds ``calls`` calls.

    ``failed`` counts calls that ended with an error, of which a trace has no answer; ``left_out`` those whose request
    or answer a trace does not hold whole, such as files and pictures.
    """

    path: str
    traces: int
    calls: int
    failed: int
    left_out: int


class _Task(msgspec.Struct, frozen=True):
    """A kind of call: its path, what its answer must have, and its stream."""

    path: str
    answered: str
    events: Callable[[Mapping[str, Any]], list[str]] | None = None


_CHAT = _Task("/chat/completions", "choices", chat_events)
_TEXT = _Task("/completions", "choices", text_events)
_RESPONSES = _Task("/responses", "output", response_events)
_EMBEDDINGS = _Task("/embeddings", "data")
_MODERATIONS = _Task("/moderations", "results")


def recording_from_traces(
    traces: str | Sequence[str], path: str | Path, *, experiment_ids: Sequence[str] | None = None
) -> TraceRecording:
    """Write the calls of the OpenAI API that stored traces hold as a recording, to replay them or to simulate from.

    ``traces`` is the id of a trace, a list of ids, or a filter such as ``"tags.release = '3'"`` (``""`` for all) of the
    traces of ``experiment_ids``, else of the active experiment. Calls are written in the order in which they began; a
    stream, of which a trace holds the whole, is cut into pieces anew. Those that failed are not written.

    Raises NotFound for a trace that does not exist; InvalidInput for one that was recorded without its content, for
    traces without a call, and for a file that cannot be written. A file is replaced only when all is well.
    """
    return record_traces(_found(traces, experiment_ids), Path(path))


def record_traces(traces: Iterable[Trace], path: Path) -> TraceRecording:
    """The same for traces as they were read, oldest first."""
    counts = {"traces": 0, "calls": 0, "failed": 0, "left_out": 0}
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            for trace in traces:
                counts["traces"] += 1
                for span in sorted(trace.data.spans, key=lambda span: span.start_time_ns):
                    kind, exchange = _read(span)
                    if kind:
                        counts[kind] += 1
                    if exchange is not None:
                        file.write(msgspec.json.encode(exchange) + b"\n")
        if not counts["calls"]:
            raise InvalidInput(_nothing(counts))
        part.replace(path)
    except OSError as error:
        raise InvalidInput(
            f"The recording {str(path)!r} cannot be written: {error.strerror}. Give a file in a folder that exists."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return TraceRecording(path=str(path), **counts)


def _found(traces: str | Sequence[str], experiment_ids: Sequence[str] | None) -> Iterator[Trace]:
    from quire.tracking.client import Client
    from quire.tracking.experiments import current_experiment_id

    client = Client()
    if not isinstance(traces, str) or _TRACE_ID.fullmatch(traces):
        yield from (client.get_trace(trace_id) for trace_id in ([traces] if isinstance(traces, str) else traces))
        return
    ids = [str(item) for item in experiment_ids or [current_experiment_id()]]
    token: str | None = None
    while True:
        page = client.search_traces(ids, traces, _PAGE, ["timestamp_ms ASC"], token)
        yield from page
        token = page.token
        if token is None:
            return


def _nothing(counts: Mapping[str, int]) -> str:
    others = [f"{counts[kind]} {word}" for kind, word in (("failed", "failed"), ("left_out", "not held whole"))]
    return (
        f"There is no call of the OpenAI API to record in {counts['traces']} traces ({', '.join(others)}). "
        "quire.openai.autolog() has calls traced; search for traces that hold some."
    )


# -- one span ----------------------------------------------------------------------------------------


def _read(span: Span) -> tuple[str, Exchange | None]:
    """What a span counts as, and its call if it holds one."""
    body = _content(span.inputs)
    task = _task(span, body)
    if task is None:
        return "", None
    _check_content(span, body)
    if span.status.status_code == "ERROR":
        return "failed", None
    answer = _content(span.outputs)
    if task.answered not in answer or not isinstance(body.get("model"), str):
        return "left_out", None
    return "calls", _exchange(task, body, answer)


def _content(value: Any) -> Mapping[str, Any]:
    """Inputs or outputs as a mapping; they are JSON text where they are nested deep. Empty for all else."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except UNREADABLE:
            return {}
    return value if isinstance(value, Mapping) else {}


def _task(span: Span, body: Mapping[str, Any]) -> _Task | None:
    """The kind of a call, by its span's type and what was asked; None for a span that is no call of this API."""
    kind = span.span_type
    if kind == "CHAT_MODEL":
        return _CHAT if "messages" in body else _RESPONSES if "input" in body or "prompt" in body else None
    if kind == "LLM":
        moderates = span.attributes.get("gen_ai.operation.name") == "moderation"
        return _TEXT if "prompt" in body else _MODERATIONS if "input" in body and moderates else None
    return _EMBEDDINGS if kind == "EMBEDDING" and "input" in body else None


def _check_content(span: Span, body: Mapping[str, Any]) -> None:
    """Refuse a span that was kept without its content."""
    model = body.get("model")
    if isinstance(model, str) and _SHAPE.fullmatch(model):
        raise InvalidInput(
            f"The call {span.name!r} of the trace {span.trace_id} was recorded without its content, so it cannot be "
            "replayed. Record with content (quire.tracing.configure(content=True), autolog(capture_content=True)), or "
            "leave this trace out."
        )


def _exchange(task: _Task, body: Mapping[str, Any], answer: Mapping[str, Any]) -> Exchange:
    asked = dict(body)
    if task is _EMBEDDINGS:
        asked.setdefault("encoding_format", "base64")  # the SDK asks so where the program does not say
    if not asked.get("stream") or task.events is None:
        return Exchange(asked_for("POST", task.path, "", asked), Answer(200, json=answer))
    if task is not _RESPONSES and answer.get("usage"):
        asked["stream_options"] = {**(asked.get("stream_options") or {}), "include_usage": True}
    pieces = task.events(answer)
    return Exchange(
        asked_for("POST", task.path, "", asked), Answer(200, pieces=pieces, complete=_is_whole(task, answer))
    )


def _is_whole(task: _Task, answer: Mapping[str, Any]) -> bool:
    if task is _RESPONSES:
        return is_whole_response(answer)
    choices = answer.get("choices") or ()
    return all(isinstance(choice, Mapping) and choice.get("finish_reason") is not None for choice in choices)
