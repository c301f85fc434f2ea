"""The paths by which another process reads a simulator's log and sets its behaviour. Not part of OpenAI's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.domain.errors import QuireError
from quire.simulator.behaviour import Behaviour
from quire.simulator.errors import ApiError
from quire.simulator.http import Reply, json_reply

if TYPE_CHECKING:
    from quire.simulator.app import SimulatorApp

PREFIX = "/_simulator/"


def answer(app: SimulatorApp, method: str, path: str, body: bytes) -> Reply:
    """Answer ``GET|PUT /behaviour``, ``GET|DELETE /requests`` and ``GET /count``."""
    what = (method, path.removeprefix(PREFIX))
    if what == ("PUT", "behaviour"):
        try:
            app.simulation.behave(msgspec.json.decode(body, type=Behaviour))
        except (msgspec.DecodeError, QuireError) as error:
            refusal = ApiError(400, str(error))
            return Reply(refusal.body(), 400)
        return json_reply({"ok": True})
    if what == ("GET", "requests"):
        return json_reply([entry.as_dict() for entry in app.log.entries()])
    if what == ("DELETE", "requests"):
        app.log.clear()
        app.simulation.forget()
        return json_reply({"ok": True})
    if what == ("GET", "count"):
        return json_reply({"count": app.log.count})
    return Reply(ApiError(404, f"No such control path: {method} {path}.").body(), 404)
