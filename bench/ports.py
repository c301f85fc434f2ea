"""Ports of this machine: a free one, and waiting until a service listens on it."""

from __future__ import annotations

import socket
import time


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, what: str) -> None:
    """Wait until somebody listens there. Raises RuntimeError after ten seconds, naming ``what`` did not start."""
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.025)
        else:
            return
    raise RuntimeError(f"{what} did not start.")
