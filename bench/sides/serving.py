"""The client of served models: pinned to a core, it loads whichever address it is told, and holds idle connections."""

from __future__ import annotations

import os
import resource
import socket
import sys
from typing import Any

import msgspec

from bench.exchanges import Outcome
from bench.load import request
from bench.paced import pace, saturate
from bench.worker import serve

_held: list[socket.socket] = []


def _request(path: str, body: dict[str, Any], key: str) -> bytes:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return request("POST", path, msgspec.json.encode(body), headers)


def _told(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {**msgspec.to_builtins(outcome), "rate": outcome.rate}
    return told


def _pace(port: int, path: str, body: dict[str, Any], key: str, **arguments: Any) -> dict[str, Any]:
    return _told(pace(("127.0.0.1", port), _request(path, body, key), **arguments))


def _saturate(port: int, path: str, body: dict[str, Any], key: str, **arguments: Any) -> dict[str, Any]:
    return _told(saturate(("127.0.0.1", port), _request(path, body, key), **arguments))


def _hold(port: int, connections: int) -> int:
    """Open connections and send nothing on them; how many are open."""
    _held.extend(socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(connections))
    return len(_held)


def _held_open() -> int:
    """How many of the idle connections the service has not closed."""
    return sum(_is_open(one) for one in _held)


def _is_open(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _release() -> None:
    """Close them."""
    while _held:
        _held.pop().close()


if __name__ == "__main__":
    _limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_limit[1], _limit[1]))
    if len(sys.argv) > 2:
        os.sched_setaffinity(0, {int(sys.argv[2])})
    serve(pace=_pace, saturate=_saturate, hold=_hold, held_open=_held_open, release=_release)
