"""Live updates are for who signed in, whatever their role: an event tells no more than a topic."""

from __future__ import annotations

from tests.server.auth.conftest import Guarded, basic
from tests.server.listening import PLACE, Listening


def test_only_who_signed_in_listens(guarded: Guarded) -> None:
    server = guarded.served
    assert server.call("GET", PLACE).status == 401
    with Listening(server, headers=basic("ada")) as heard:
        made = server.call("POST", "/api/2.0/mlflow/experiments/create", {"name": "e"}, headers=basic("ada"))
        assert made.status == 200
        assert "experiments" in heard.change()
