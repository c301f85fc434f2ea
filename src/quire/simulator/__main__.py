"""The process behind ``quire.testing.SimulatorProcess``: reads a behaviour from stdin, prints the port, serves.

A behaviour that it cannot follow is said instead of the port. It ends when its standard input closes, so that it
never outlives the program that started it.
"""

from __future__ import annotations

import sys
import threading

import msgspec

from quire.domain.errors import QuireError
from quire.simulator.app import SimulatorApp
from quire.simulator.behaviour import Behaviour
from quire.simulator.request_log import RequestLog
from quire.simulator.server import address, make_server, open_socket


def main() -> None:
    """Serve on a free port of 127.0.0.1 until standard input closes."""
    behaviour = msgspec.json.decode(sys.stdin.readline(), type=Behaviour)
    try:
        app = SimulatorApp(behaviour, RequestLog(int(sys.argv[1])), controlled=True)
    except QuireError as error:
        print(error, flush=True)
        return
    listener = open_socket("127.0.0.1", 0)
    server = make_server(app)

    def watch() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    print(address(listener)[1], flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
