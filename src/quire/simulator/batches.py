"""``/batches``: running an uploaded file of requests against the simulator itself.

A batch moves one step each time it is retrieved, so that a client's polling decides what it sees: ``validating``,
``in_progress`` (a slice of the requests a step), ``finalizing``, ``completed``; a cancelled one goes from
``cancelling`` to ``cancelled``. Rate limits, faults and latency do not apply to its requests.
"""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from quire.simulator.batch_input import BatchLine, LineError, read_lines
from quire.simulator.errors import ApiError, not_found
from quire.simulator.files import find, store
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.limits import Limits
from quire.simulator.pages import page
from quire.simulator.simulation import Simulation
from quire.simulator.validation import decode

_SLICE = 2_000
_DAY = 86_400
_FINAL = frozenset({"completed", "failed", "cancelled", "expired"})


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """``POST /batches``."""

    input_file_id: str
    endpoint: str
    completion_window: Literal["24h"]
    metadata: Annotated[dict[str, str], Meta(max_length=16)] | None = None
    output_expires_after: dict[str, Any] | None = None


class Batch(msgspec.Struct):
    """A batch: its description, as the API gives it, what is still to run, and what came out."""

    description: dict[str, Any]
    waiting: list[BatchLine]
    answered: list[bytes]
    refused: list[bytes]


_DECODER = msgspec.json.Decoder(BatchRequest)
ENDPOINTS: tuple[str, ...] = (
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
)


def create(simulation: Simulation, incoming: Request) -> Reply:
    """Start a batch."""
    request = decode(_DECODER, incoming.body)
    endpoint = _endpoint(request.endpoint)
    file = find(simulation, request.input_file_id)
    if file.description["purpose"] != "batch":
        message = f"The file {request.input_file_id} was uploaded for '{file.description['purpose']}', not for 'batch'."
        raise ApiError(400, message, param="input_file_id")
    now = simulation.now()
    lines = read_lines(file.content, endpoint)
    description: dict[str, Any] = {
        "id": simulation.new_id("batch_"),
        "object": "batch",
        "endpoint": request.endpoint,
        "input_file_id": request.input_file_id,
        "completion_window": request.completion_window,
        "status": "validating",
        "created_at": now,
        "expires_at": now + _DAY,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": request.metadata,
    }
    batch = Batch(description, [], [], [])
    if isinstance(lines, LineError):
        _fail(batch, lines, now)
    else:
        batch.waiting = lines
        description["request_counts"]["total"] = len(lines)
    simulation.batches.add(description["id"], batch)
    return json_reply(description)


def retrieve(simulation: Simulation, request: Request) -> Reply:
    """``GET /batches/{batch_id}``: moves the batch one step on and describes it."""
    batch = _find(simulation, request)
    if batch.description["status"] not in _FINAL:
        _advance(simulation, batch)
    return json_reply(batch.description)


def list_all(simulation: Simulation, request: Request) -> Reply:
    """``GET /batches``, newest first."""
    described = {name: batch.description for name, batch in simulation.batches.items()}
    listed = page(described, request.query)
    return json_reply({name: value for name, value in listed.items() if value is not None})


def cancel(simulation: Simulation, request: Request) -> Reply:
    """``POST /batches/{batch_id}/cancel``."""
    batch = _find(simulation, request)
    status = batch.description["status"]
    if status in _FINAL:
        raise ApiError(409, f"Cannot cancel a batch with status '{status}'.", code="invalid_batch_status")
    batch.description["status"] = "cancelling"
    batch.description["cancelling_at"] = simulation.now()
    return json_reply(batch.description)


def _advance(simulation: Simulation, batch: Batch) -> None:
    status = batch.description["status"]
    if status == "validating":
        _enter(simulation, batch, "in_progress")
    elif status == "in_progress":
        _run_slice(simulation, batch)
        if not batch.waiting:
            _enter(simulation, batch, "finalizing")
    elif status == "finalizing":
        _write_files(simulation, batch)
        _enter(simulation, batch, "completed")
    else:
        _write_files(simulation, batch)
        _enter(simulation, batch, "cancelled")


def _enter(simulation: Simulation, batch: Batch, status: str) -> None:
    batch.description["status"] = status
    batch.description[f"{status}_at"] = simulation.now()


def _run_slice(simulation: Simulation, batch: Batch) -> None:
    private = copy.copy(simulation)
    private.limits = Limits(None, None, lambda: 0.0)
    counts = batch.description["request_counts"]
    lines, batch.waiting = batch.waiting[:_SLICE], batch.waiting[_SLICE:]
    for line in lines:
        status, body = _answer(private, line)
        done = status == 200
        name = simulation.new_id("batch_req_")
        response = {"status_code": status, "request_id": simulation.new_id("req_"), "body": msgspec.Raw(body)}
        output = {"id": name, "custom_id": line.custom_id, "response": response, "error": None}
        (batch.answered if done else batch.refused).append(msgspec.json.encode(output))
        counts["completed" if done else "failed"] += 1


def _answer(simulation: Simulation, line: BatchLine) -> tuple[int, bytes]:
    from quire.simulator.routes import find_route  # the routes name this module

    try:
        route = find_route("POST", line.url, b"")
        request = Request("POST", line.url, line.body, [], b"", {})
        reply = route.handler(simulation, request)
        if not isinstance(reply, Reply):
            raise ApiError(400, "Streaming is not supported in a batch.", param="stream")
    except ApiError as error:
        return error.status, error.body()
    return reply.status, reply.body


def _write_files(simulation: Simulation, batch: Batch) -> None:
    name = batch.description["id"]
    for field, lines, kind in (
        ("output_file_id", batch.answered, "output"),
        ("error_file_id", batch.refused, "error"),
    ):
        if lines:
            content = b"\n".join(lines) + b"\n"
            file = store(simulation, f"{name}_{kind}.jsonl", "batch_output", content)
            batch.description[field] = file.description["id"]
    batch.waiting, batch.answered, batch.refused = [], [], []


def _fail(batch: Batch, error: LineError, now: int) -> None:
    entry = {"code": error.code, "message": error.message, "param": None, "line": error.line}
    batch.description["errors"] = {"object": "list", "data": [entry]}
    batch.description["status"] = "failed"
    batch.description["failed_at"] = now


def _endpoint(given: str) -> str:
    """Azure writes the endpoint without its version."""
    endpoint = given if given.startswith("/v1/") else "/v1" + given
    if endpoint not in ENDPOINTS:
        supported = ", ".join(f"'{name}'" for name in ENDPOINTS)
        message = f"Invalid value: '{given}'. Supported values are: {supported}."
        raise ApiError(400, message, param="endpoint", code="invalid_value")
    return endpoint


def _find(simulation: Simulation, request: Request) -> Batch:
    name = request.parameters["batch_id"]
    batch: Batch | None = simulation.batches.get(name)
    if batch is None:
        raise not_found("batch", name)
    return batch
