"""Chat completions that were stored (``store=true``): listing, asking for one again, changing and deleting it."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.simulator.errors import ApiError
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.pages import page
from quire.simulator.simulation import Simulation
from quire.simulator.validation import decode


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    metadata: dict[str, str] | None


_DECODER = msgspec.json.Decoder(_Change)


def list_all(simulation: Simulation, request: Request) -> Reply:
    """``GET /chat/completions``, oldest first unless asked otherwise, of one model where the query names it."""
    model = request.query.get("model")
    chosen = {n: c for n, c in simulation.completions.items() if model is None or c["model"] == model}
    listed = page(chosen, request.query, default_order="asc")
    listed["first_id"], listed["last_id"] = listed["first_id"] or "", listed["last_id"] or ""
    return json_reply(listed)


def retrieve(simulation: Simulation, request: Request) -> Reply:
    """``GET /chat/completions/{completion_id}``."""
    return json_reply(_find(simulation, request))


def update(simulation: Simulation, request: Request) -> Reply:
    """``POST /chat/completions/{completion_id}``: only the metadata can be changed."""
    completion = _find(simulation, request)
    completion["metadata"] = decode(_DECODER, request.body).metadata
    return json_reply(completion)


def delete(simulation: Simulation, request: Request) -> Reply:
    """``DELETE /chat/completions/{completion_id}``."""
    name = _find(simulation, request)["id"]
    del simulation.completions[name]
    return json_reply({"object": "chat.completion.deleted", "id": name, "deleted": True})


def _find(simulation: Simulation, request: Request) -> dict[str, Any]:
    name = request.parameters["completion_id"]
    completion: dict[str, Any] | None = simulation.completions.get(name)
    if completion is None:
        raise ApiError(404, f"Chat completion with id '{name}' not found. Only those made with store=true are kept.")
    return completion
