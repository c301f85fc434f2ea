"""An alias that moves while requests come: how long until two servers follow, and how many requests failed."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from bench import proxies
from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.stage import stage

_MOST_S = 2.0
_PATIENCE_S = 30.0


class Asking:
    """Asks one server on and on; knows when it first answered with another version than before."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        self._port = port
        self._stop = stop
        self.asked = self.failed = 0
        self.version, self.since = "", 0.0
        self.changed = threading.Condition()

    def run(self) -> None:
        """Until told to stop."""
        body = json.dumps(proxies.question(stream=False, with_system=False))
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
        while not self._stop.is_set():
            connection.request("POST", proxies.CHAT, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            self.asked += 1
            self.failed += answer.status != http.HTTPStatus.OK
            version = answer.headers["x-quire-model-version"]
            if version != self.version:
                with self.changed:
                    self.version, self.since = version, time.perf_counter()
                    self.changed.notify_all()
        connection.close()

    def when(self, version: str) -> float:
        """When it first answered with that version."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.version == version, _PATIENCE_S):
                raise RuntimeError(f"version {self.version} is still served after {_PATIENCE_S:.0f} s")
            return self.since


def measure(context: Context) -> list[Figure]:
    """Two servers of one store; the alias goes to and fro between two versions."""
    name, makers = "serving-following", [proxies.quire, partial(proxies.quire, name="quire-beside")]
    with stage(context, name, makers) as sides:
        servers = [side for side in sides.values() if side.server is not None]
        for side in servers:
            assert side.server is not None
            side.server.resume()
        with _asked([side.port for side in servers]) as all_asking:
            moves = context.choose(10, 3)
            context.say(f"the alias moves {moves} times, before {len(servers)} servers")
            places = proxies.Places(0, context.folder / name)
            waits = [wait for version in _to_and_fro(places, moves) for wait in _followed(places, version, all_asking)]
        asked, failed = (sum(getattr(one, what) for one in all_asking) for what in ("asked", "failed"))
    return [
        Figure(what="an alias moved: until a server answers with it, median", quire=Sample("s", waits)),
        Figure(
            what=f"the same, slowest of {len(waits)}",
            quire=Sample("s", [max(waits)]),
            bar=Bar("≤ 2 s", most=_MOST_S),
        ),
        Figure(what=f"of {asked:,} requests meanwhile, failed", quire=Sample("count", [float(failed)]), bar=_NONE),
    ]


_NONE = Bar("none", most=0)


@contextmanager
def _asked(ports: list[int]) -> Iterator[list[Asking]]:
    stop = threading.Event()
    all_asking = [Asking(port, stop) for port in ports]
    with ThreadPoolExecutor(len(ports)) as pool:
        running = [pool.submit(one.run) for one in all_asking]
        try:
            yield all_asking
        finally:
            stop.set()
        for one in running:
            one.result()


def _to_and_fro(places: proxies.Places, moves: int) -> list[str]:
    """Register the package once more; the versions that the alias is moved to."""
    import quire

    quire.set_tracking_uri(places.store)
    second = str(quire.register_model(str(places.model), proxies.MODEL).version)
    return list(itertools.islice(itertools.cycle([second, "1"]), moves))


def _followed(places: proxies.Places, version: str, all_asking: list[Asking]) -> list[float]:
    """Move the alias; the seconds until each server answers with it."""
    import quire

    quire.MlflowClient(places.store).set_registered_model_alias(proxies.MODEL, "champion", version)
    began = time.perf_counter()
    return [max(one.when(version) - began, 0.0) for one in all_asking]


BENCHMARK = Benchmark("serving-following", "Serving: an alias that moves", measure)
