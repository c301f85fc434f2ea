"""``python -m bench.http_clients``: HTTP libraries beside one another, and beside the client of ``RestStore``.

A server that does nothing answers in a process of its own; each client sends it small calls over a connection that
is kept. Libraries that are not installed are left out. See docs/decisions/0120.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.ports import free_port, wait_for_port

CALLS = 3000
BODY = b'{"run_id": "x", "metrics": []}'
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer x"}
PATH = "/api/2.0/mlflow/runs/delete"
Send = Callable[[], object]


async def app(scope: dict[str, object], receive: Callable[[], object], send: Callable[[object], object]) -> None:
    """Reads a request and answers ``{}``."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):  # type: ignore[misc, attr-defined]
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[misc]
    await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[misc]


def quire(url: str) -> Send:
    from quire.store.rest import RestStore

    store = RestStore(url)
    return lambda: store.delete_run("x")


def http_client(url: str) -> Send:
    import http.client

    mine = threading.local()

    def send() -> bytes:
        if not hasattr(mine, "connection"):
            mine.connection = http.client.HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]))
        mine.connection.request("POST", PATH, BODY, HEADERS)
        answer: bytes = mine.connection.getresponse().read()
        return answer

    return send


def urllib3(url: str) -> Send:
    pool = importlib.import_module("urllib3").PoolManager(maxsize=32)
    return lambda: pool.request("POST", url + PATH, body=BODY, headers=HEADERS, retries=False).data


def httpx(url: str) -> Send:
    client = importlib.import_module("httpx").Client()
    return lambda: client.post(url + PATH, content=BODY, headers=HEADERS).content


def requests(url: str) -> Send:
    session = importlib.import_module("requests").Session()
    return lambda: session.post(url + PATH, data=BODY, headers=HEADERS).content


def aiohttp(url: str) -> Send:
    library = importlib.import_module("aiohttp")
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def open_session() -> object:
        return library.ClientSession()

    session = asyncio.run_coroutine_threadsafe(open_session(), loop).result()

    async def send() -> bytes:
        async with session.post(url + PATH, data=BODY, headers=HEADERS) as answer:  # type: ignore[attr-defined]
            read: bytes = await answer.read()
            return read

    return lambda: asyncio.run_coroutine_threadsafe(send(), loop).result()


CLIENTS = (quire, http_client, urllib3, requests, httpx, aiohttp)


def measure(make: Callable[[str], Send], url: str) -> str:
    """One line of the table."""
    begun = time.perf_counter()
    send = make(url)
    send()
    loaded = time.perf_counter() - begun
    for _ in range(200):
        send()
    times = [_timed(send) for _ in range(CALLS)]
    processor, begun = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: send(), range(CALLS)))
    eight = CALLS / (time.perf_counter() - begun)
    spent = (time.process_time() - processor) / CALLS
    name = make.__name__.replace("_", ".")
    return (
        f"| {name} | {loaded * 1e3:.0f} ms | {statistics.median(times) * 1e6:.0f} µs | {spent * 1e6:.0f} µs | "
        f"{eight:,.0f}/s |"
    )


def _timed(send: Send) -> float:
    begun = time.perf_counter()
    send()
    return time.perf_counter() - begun


def main() -> None:
    """Measure each client in a process of its own and print the table."""
    if len(sys.argv) == 3:
        print(measure({make.__name__: make for make in CLIENTS}[sys.argv[1]], sys.argv[2]), flush=True)
        os._exit(0)  # aiohttp's loop is still running
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.http_clients:app", "--port", str(port), "--no-access-log"]
    server = subprocess.Popen([*command, "--log-level", "warning"])
    try:
        wait_for_port(port, "The server")
        print("| client | until the first answer | a call, median | processor a call | 8 threads |")
        print("| --- | --- | --- | --- | --- |", flush=True)
        for make in CLIENTS:
            line = [sys.executable, "-m", "bench.http_clients", make.__name__, f"http://127.0.0.1:{port}"]
            subprocess.run(line, check=False, stderr=subprocess.DEVNULL)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
