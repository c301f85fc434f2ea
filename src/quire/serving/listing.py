"""``GET /v1/models`` and ``GET /v1/models/{name}``: the endpoints as OpenAI's API lists models."""

from __future__ import annotations

import msgspec

from quire.server.http import JSON, Receive, Reply, Scope, Send
from quire.serving.asking import unknown_endpoint
from quire.serving.context import Context
from quire.serving.handling import guarded
from quire.serving.live import LiveEndpoint


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A served model; ``created`` is in seconds since the epoch."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "quire"


async def list_models(context: Context, scope: Scope, receive: Receive, send: Send) -> None:
    """All models that the caller may ask."""

    async def make(scope: Scope, receive: Receive) -> Reply:
        admission = await context.keys.admit(scope)
        endpoints = context.live.table.endpoints.values()
        models = [_model(live) for live in endpoints if admission.may_ask(live.endpoint.name)]
        return Reply(msgspec.json.encode({"object": "list", "data": models}), 200, [JSON])

    await guarded(make, scope, receive, send)


async def show_model(context: Context, name: str, scope: Scope, receive: Receive, send: Send) -> None:
    """One model; 404 for one that is not served, or not to this caller."""

    async def make(scope: Scope, receive: Receive) -> Reply:
        admission = await context.keys.admit(scope)
        table = context.live.table
        live = table.endpoints.get(name)
        if live is None or not admission.may_ask(name):
            raise unknown_endpoint(name, [known for known in table.endpoints if admission.may_ask(known)])
        return Reply(msgspec.json.encode(_model(live)), 200, [JSON])

    await guarded(make, scope, receive, send)


def _model(live: LiveEndpoint) -> Model:
    return Model(id=live.endpoint.name, created=live.endpoint.creation_time // 1000)
