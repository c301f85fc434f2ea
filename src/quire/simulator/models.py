"""``GET /models`` and one model; fine-tuned models can be deleted."""

from __future__ import annotations

from typing import Any

from quire.simulator.capabilities import KNOWN_MODELS
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.simulation import Simulation, unknown_model

_CREATED = 1_704_067_200
_OWNER = "quire-simulator"


def list_all(simulation: Simulation, request: Request) -> Reply:
    """The models of the behaviour, else those that OpenAI is known for; then the fine-tuned ones."""
    models = simulation.behaviour.models
    names = KNOWN_MODELS if models is None else models
    return json_reply({"object": "list", "data": [_model(name) for name in (*names, *simulation.tuned)]})


def retrieve(simulation: Simulation, request: Request) -> Reply:
    """One model; every name exists unless the behaviour lists those that do."""
    name = request.parameters["model"]
    if not simulation.has_model(name):
        raise unknown_model(name)
    return json_reply(_model(name))


def delete(simulation: Simulation, request: Request) -> Reply:
    """Delete a fine-tuned model."""
    name = request.parameters["model"]
    if name not in simulation.tuned:
        raise unknown_model(name)
    del simulation.tuned[name]
    return json_reply({"id": name, "object": "model", "deleted": True})


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": _OWNER}
