"""How many requests a second the simulator answers on one core, beside the same answers given through Litestar.

Run it with ``python -m bench.simulator_speed`` on Linux; docs/decisions/0030-simulator.md holds its figures. The
servers run one after the other, each in a process of its own; a client sends prepared bytes over 32 kept connections.
Answers are counted by the second of processor time that the server used, so that neither the client nor whatever else
the machine does is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from quire.testing import SimulatorProcess

CONNECTIONS = 32
SECONDS = 4.0
ROUNDS = 3
_LITESTAR = """
import uvicorn
from litestar import Litestar, Request, Response, post
from quire.simulator import Behaviour, chat
from quire.simulator.http import Request as Incoming
from quire.simulator.server import open_socket
from quire.simulator.simulation import Simulation

simulation = Simulation(Behaviour())

@post("/v1/chat/completions", status_code=200)
async def create(request: Request) -> Response:
    body = await request.body()
    reply = chat.create(simulation, Incoming("POST", "/v1/chat/completions", body, [], b"", {}))
    return Response(reply.body, media_type="application/json")

app = Litestar([create], openapi_config=None, logging_config=None)
listener = open_socket("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
server.run(sockets=[listener])
"""


def request_bytes(number: int, *, stream: bool) -> bytes:
    """A chat completion request, each with a question of its own."""
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": f"Tell me a funny joke about cat number {number}."},
    ]
    body = json.dumps({"model": "gpt-4o-mini", "messages": messages, "temperature": 0.2, "stream": stream}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer any\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._received = b""
        self.answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._is_whole():
            if not self._received.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"The server refused: {self._received[:300]!r}")
            self._received = b""
            self.answered += 1
            self._transport.write(next(self._requests))

    def _is_whole(self) -> bool:
        head, found, body = self._received.partition(b"\r\n\r\n")
        if b"content-length: " not in head:
            return bool(found) and body.endswith(b"0\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
        return len(body) >= length


async def drive(port: int, pid: int, *, stream: bool) -> float:
    """Answers by the second of processor time."""
    prepared = [request_bytes(number, stream=stream) for number in range(20_000)]
    requests = iter(prepared * 50)
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Client(requests), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    await asyncio.sleep(0.5)
    used, before = processor_seconds(pid), sum(client.answered for _, client in made)
    await asyncio.sleep(SECONDS)
    answered, used = sum(client.answered for _, client in made) - before, processor_seconds(pid) - used
    for transport, _ in made:
        transport.abort()
    return answered / used


def processor_seconds(pid: int) -> float:
    """What a process has used of all cores since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def simulator() -> Iterator[tuple[int, int]]:
    """The port and the process of the simulator as it is."""
    with SimulatorProcess(keep_requests=0) as running:
        yield running.port, running.pid


@contextlib.contextmanager
def litestar() -> Iterator[tuple[int, int]]:
    """The port and the process of the same handler inside Litestar."""
    process = subprocess.Popen([sys.executable, "-c", _LITESTAR], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure in turns, so that a slow moment of the machine meets all, and print medians."""
    import uvloop

    kinds = {
        "simulator, whole": (simulator, False),
        "simulator, streamed": (simulator, True),
        "same handler in Litestar, whole": (litestar, False),
    }
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, (serve, stream) in kinds.items():
            with serve() as (port, pid):
                rates[name].append(uvloop.run(drive(port, pid, stream=stream)))
    print("requests a second of one core")
    for name, measured in rates.items():
        middle = statistics.median(measured)
        print(f"{name:<34}{middle:>8,.0f}   ({min(measured):,.0f} to {max(measured):,.0f})")


if __name__ == "__main__":
    main()
