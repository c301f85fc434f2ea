"""Proxies and their upstream, started and pinned: whoever is measured has one core, client and upstream the other."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.context import Context
from bench.paced import PATIENCE
from bench.proxies import CHAT, Places, Proxy, invocation, prepare, question
from bench.servers import Server, measured
from bench.token_upstream import TOKENS, token_upstream
from bench.worker import Worker

DIRECT = "direct"
Found = dict[str, Any]
"""What :class:`bench.exchanges.Outcome` holds, and the rate."""


@dataclass(frozen=True)
class Side:
    """A proxy, or the upstream itself, with the client that asks it."""

    name: str
    title: str
    port: int
    chat: str | None
    invocations: str | None
    key: str
    client: Worker
    server: Server | None = None

    def pace(self, kind: str, *, rate: float, seconds: float, connections: int = 32) -> Found:
        """Ask at a constant rate. ``kind``: ``whole``, ``stream`` or ``invocations``."""
        return self._ask("pace", kind, rate=rate, seconds=seconds, connections=connections)

    def saturate(self, kind: str, *, seconds: float, connections: int, patience: float = PATIENCE) -> Found:
        """Keep connections busy."""
        return self._ask("saturate", kind, seconds=seconds, connections=connections, patience=patience)

    def offers(self, kind: str) -> bool:
        """Whether it can be asked so."""
        return (self.invocations if kind == "invocations" else self.chat) is not None

    def _ask(self, command: str, kind: str, **arguments: Any) -> Found:
        path = self.invocations if kind == "invocations" else self.chat
        with_system = self.name in _WITHOUT_PACKAGES or self.server is None
        body = question(stream=kind == "stream", with_system=with_system)
        if kind == "invocations" and self.server is not None:
            body = invocation()
        with contextlib.nullcontext() if self.server is None else measured(self.server):
            found: Found = self.client.ask(
                command, port=self.port, path=path, body=body, key=self.key, tokens=TOKENS, **arguments
            )
        if found["failed"] and self.name.startswith("quire"):
            raise RuntimeError(f"{kind} {arguments}: {found['failed']} requests failed, as {found['failures'][:1]}")
        return found


_WITHOUT_PACKAGES = ("litellm", "mlflow-gateway", "mlflow-ai-gateway")


def cores() -> tuple[int | None, int | None]:
    """The core of client and upstream, and that of what is measured; None where there is but one, or no choice."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else (None, None)


@contextlib.contextmanager
def stage(
    context: Context, name: str, makers: Sequence[Callable[[Places], Proxy]], *, gap_ms: float = 0
) -> Iterator[dict[str, Side]]:
    """The upstream under the name ``direct``, and every proxy that is installed: started, warm, and stopped meanwhile.

    A streamed answer's tokens come ``gap_ms`` apart.
    """
    ours, theirs = cores()
    folder = context.folder / name
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(token_upstream(gap_ms=gap_ms, core=ours))
        places = Places(upstream, folder)
        prepare(places)
        pinned = [] if ours is None else [str(ours)]
        client = stack.enter_context(context.worker("quire", "serving", *pinned))
        found = {DIRECT: Side(DIRECT, "the upstream itself", upstream, CHAT, CHAT, "", client)}
        for proxy in _installed(context, [make(places) for make in makers]):
            server = stack.enter_context(Server(proxy.kind, folder / proxy.name, "", core=theirs))
            title, port = proxy.kind.title, server.place.port
            side = Side(proxy.name, title, port, proxy.chat, proxy.invocations, proxy.key, client, server)
            found[proxy.name] = side
            _warm(context, side)
            server.pause()
        yield found


def _installed(context: Context, proxies: Sequence[Proxy]) -> list[Proxy]:
    missing = sorted({one.kind.title for one in proxies if not one.kind.installed})
    if missing:
        context.say(f"not installed, so not measured: {', '.join(missing)}; see `make help`")
    return [one for one in proxies if one.kind.installed]


def _warm(context: Context, side: Side) -> None:
    context.say(f"{side.title} ({side.name}) started")
    for kind in ("whole", "stream", "invocations"):
        if side.offers(kind):
            side.saturate(kind, seconds=0.01, connections=1, patience=60)  # some load half of themselves only now
            side.pace(kind, rate=50, seconds=context.choose(1000, 300) / 1000)  # no more than it has done by the end
