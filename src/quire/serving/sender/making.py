"""Making a sender of an endpoint's settings."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterable, Iterator, Mapping

from quire.domain.endpoint_checks import check_sending
from quire.domain.endpoints import Endpoint, Upstream
from quire.serving.sender.channel import Channel
from quire.serving.sender.sender import EndpointSender
from quire.serving.sender.services import service_of
from quire.serving.sender.trying import Draw, Station, Trying


def make_sender(
    endpoint: Endpoint,
    *,
    environ: Mapping[str, str] | None = None,
    draw: Draw = random.random,
) -> EndpointSender:
    """The sender of an endpoint. May be called in any thread; the first event loop that uses it keeps it.

    ``environ`` stands for the server's environment, where upstreams and their keys are named; ``draw`` gives the jitter
    of waits, uniform in [0, 1). It imports the OpenAI SDK and reads certificates, which takes a moment: outside of an
    event loop's thread it holds no request up.

    Raises InvalidInput for settings out of range, MissingConfiguration where a key is not set.
    """
    check_sending(endpoint)
    said = os.environ if environ is None else environ
    stations = [
        Station(Channel(name, one, service_of(one, said), endpoint.limits.max_response_bytes), endpoint.breaker)
        for name, one in _named((endpoint.upstream, *endpoint.fallbacks))
    ]
    if not _in_event_loop():
        for station in stations:
            station.channel.prepare()
    return EndpointSender(endpoint, stations, Trying(stations, endpoint.retrying, draw))


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _named(upstreams: Iterable[Upstream]) -> Iterator[tuple[str, Upstream]]:
    """Each upstream under a name of its own: the second ``default`` is ``default-2``."""
    seen: dict[str, int] = {}
    for one in upstreams:
        number = seen[one.name] = seen.get(one.name, 0) + 1
        yield (one.name if number == 1 else f"{one.name}-{number}"), one
