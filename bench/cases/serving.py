"""What a proxy adds to calling the upstream directly, at 200 requests a second on one core.

Requests are due at their times whatever the answers take, and latency counts from then. Added is the difference of the
same percentile through the proxy and directly, in the same round.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

from bench import proxies
from bench.context import Benchmark, Context, alternate
from bench.figures import Bar, Figure, Latency, Sample
from bench.stage import DIRECT, Found, Side, stage

RATE = 200
LOWER_RATE = 50
"""Which LiteLLM holds, too."""
LOWEST_RATE = 20
"""Which MLflow's model server holds."""
GAP_MS = 5.0
"""Between the tokens of a stream: those of a fast model."""
Key = Literal["p50", "p99", "first_p50", "first_p99"]
Rounds = Mapping[str, Sequence[Found]]
OURS = (proxies.quire, proxies.quire_untraced, proxies.quire_with_keys)
PEERS = (proxies.litellm, proxies.mlflow_gateway, proxies.mlflow_ai_gateway, proxies.mlflow_model_server)
P50, P99, FIRST = (
    Bar("p50 ≤ 1 ms", most=0.001),
    Bar("p99 ≤ 5 ms", most=0.005),
    Bar("first token within 1 ms at p50", most=0.001),
)


def measure_whole(context: Context) -> list[Figure]:
    """Whole answers, by OpenAI's API and by MLflow's protocol."""
    with stage(context, "serving", [*OURS, *PEERS]) as sides:
        fast = _rounds(context, sides, "whole", RATE)
        fewer = {name: side for name, side in sides.items() if name in (DIRECT, "quire", "litellm", "mlflow-gateway")}
        slow = _rounds(context, fewer, "whole", LOWER_RATE)
        fewest = {name: side for name, side in sides.items() if name in (DIRECT, "quire", "mlflow-models")}
        invocations = _rounds(context, fewest, "invocations", LOWEST_RATE)
    return [
        *_figures(f"answers at {RATE}/s", fast, sides, {"p50": P50, "p99": P99}),
        *_figures(f"answers at {LOWER_RATE}/s", slow, sides, {"p50": None, "p99": None}),
        *_figures(f"answers of /invocations at {LOWEST_RATE}/s", invocations, sides, {"p50": None}),
    ]


def measure_streams(context: Context) -> list[Figure]:
    """Streamed answers: the first token, and the last."""
    peers = (proxies.litellm, proxies.mlflow_gateway)
    with stage(context, "serving-streams", [*OURS, *peers], gap_ms=GAP_MS) as sides:
        fast = _rounds(context, sides, "stream", RATE)
        slow = _rounds(context, sides, "stream", LOWEST_RATE)
    bars: dict[Key, Bar | None] = {"first_p50": FIRST, "first_p99": None, "p50": None, "p99": None}
    return [
        *_figures(f"streams at {RATE}/s", fast, sides, bars),
        *_figures(f"streams at {LOWEST_RATE}/s", slow, sides, {"first_p50": None, "p50": None}),
    ]


def _rounds(context: Context, sides: Mapping[str, Side], kind: str, rate: int) -> dict[str, list[Found]]:
    asked = {name: side for name, side in sides.items() if side.offers(kind)}
    context.say(f"{kind}, {rate} a second: {', '.join(asked)}")
    seconds = context.choose(4, 1)
    calls = {name: partial(side.pace, kind, rate=rate, seconds=seconds) for name, side in asked.items()}
    return alternate(calls, context.choose(3, 1))


_NAMES: dict[Key, str] = {
    "p50": "added to {what}, p50",
    "p99": "added to {what}, p99",
    "first_p50": "added to the first token of {what}, p50",
    "first_p99": "added to the first token of {what}, p99",
}


def _figures(what: str, rounds: Rounds, sides: Mapping[str, Side], bars: Mapping[Key, Bar | None]) -> list[Figure]:
    peers = [name for name in rounds if name not in (DIRECT, "quire")]
    return [
        Figure(
            what=_NAMES[key].format(what=what),
            quire=_added(rounds, "quire", key),
            quire_latency=_latency(rounds["quire"], key),
            peer=_added(rounds, peer, key),
            peer_latency=_latency(rounds[peer], key),
            peer_name=_title(sides[peer]),
            bar=bar if peer == peers[0] else None,
        )
        for key, bar in bars.items()
        for peer in peers
        if "quire" in rounds
    ]


def _title(side: Side) -> str:
    return {"quire-untraced": "Quire without traces", "quire-keys": "Quire with keys"}.get(side.name, side.title)


def _added(rounds: Rounds, name: str, key: Key) -> Sample:
    """In each round; a microsecond where noise made it less."""
    pairs = zip(rounds[name], rounds[DIRECT], strict=True)
    return Sample("s", [max(1e-6, through[key] - direct[key]) for through, direct in pairs])


def _latency(found: Sequence[Found], key: Key) -> Latency:
    prefix = "first_" if key.startswith("first") else ""
    p50, p99 = (statistics.median(one[f"{prefix}{which}"] for one in found) for which in ("p50", "p99"))
    return Latency(p50, p99, sum(one["failed"] for one in found))


WHOLE = Benchmark("serving", "Serving: added to answers, one core", measure_whole)
STREAMS = Benchmark("serving-streams", "Serving: added to streams, one core", measure_streams)
