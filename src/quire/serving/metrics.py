"""Counters of what was served, for Prometheus: an observer, and gauges that are read when somebody asks.

Written in the event loop alone, so they need no lock. Labels are names that the operator gave (endpoints, arms,
upstreams), never a caller's: a model that is passed through counts under ``*``.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable

from quire.server.exposition import Histogram, Kind, Labels, family, histograms, process_lines
from quire.serving.request import Done

ADDED = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0)
"""Upper bounds of the server's own share of a request, in seconds."""
LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper bounds of what upstreams take."""
PASSED = "*"
_MOST_UNITS = 100_000
Samples = Iterable[tuple[Labels, float]]


class Gauge:
    """A family that is read when it is asked for: ``read`` gives its samples, in the event loop."""

    __slots__ = ("kind", "meaning", "name", "read")

    def __init__(self, name: str, kind: Kind, meaning: str, read: Callable[[], Samples]) -> None:
        self.name = name
        self.kind: Kind = kind
        self.meaning = meaning
        self.read = read


class _Arm:
    """What is counted of one arm of an endpoint."""

    __slots__ = (
        "attempts",
        "cached",
        "cost",
        "endings",
        "failed_over",
        "gave_way",
        "input_tokens",
        "output_tokens",
        "retries",
        "reused_tokens",
        "statuses",
    )

    def __init__(self) -> None:
        self.statuses: defaultdict[int, int] = defaultdict(int)
        self.endings: defaultdict[str, int] = defaultdict(int)
        self.attempts: defaultdict[str, int] = defaultdict(int)
        self.input_tokens = self.output_tokens = self.reused_tokens = 0
        self.cost = 0.0
        self.cached = self.retries = self.failed_over = self.gave_way = 0


class _Times:
    """How long requests of one endpoint took."""

    __slots__ = ("added", "first_token", "latency")

    def __init__(self) -> None:
        self.latency, self.first_token, self.added = Histogram(LATENCY), Histogram(LATENCY), Histogram(ADDED)


class Metrics:
    """All that is counted. ``first_upstream`` names the upstream that an endpoint asks first."""

    def __init__(self, first_upstream: Callable[[str], str] = lambda endpoint: "default") -> None:
        self._started = time.time()
        self._first_upstream = first_upstream
        self._arms: defaultdict[tuple[str, str], _Arm] = defaultdict(_Arm)
        self._times: defaultdict[str, _Times] = defaultdict(_Times)
        self._refusals: defaultdict[tuple[int, str], int] = defaultdict(int)
        self._units: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._gauges: list[Gauge] = []

    def add_gauge(self, name: str, kind: Kind, meaning: str, read: Callable[[], Samples]) -> None:
        """Show a family that somebody else keeps."""
        self._gauges.append(Gauge(name, kind, meaning, read))

    def __call__(self, done: Done) -> None:
        """Count a request that ended."""
        given = done.given
        endpoint = done.ask.endpoint if given.model_uri else PASSED
        arm = self._arms[endpoint, given.arm]
        if done.fell_back and given.trial_id is not None:
            arm.gave_way += 1  # the control's answer, which follows, is the request's
        else:
            arm.statuses[done.status] += 1
            arm.endings[done.ending] += 1
            self._take_times(endpoint, done)
        self._count_upstream(endpoint, arm, done)
        if given.trial_id is not None:
            self._count_unit(given.trial_id, given.arm, given.unit)

    def refused(self, path: str, status: int, code: str) -> None:
        """Count a request that was refused before it was known what it asks."""
        self._refusals[status, code] += 1

    def _take_times(self, endpoint: str, done: Done) -> None:
        times = self._times[endpoint]
        times.latency.add(done.latency_s)
        if done.first_token_s is not None:
            times.first_token.add(done.first_token_s)
        if done.upstream_s is not None:
            times.added.add(max(0.0, done.latency_s - done.upstream_s))

    def _count_upstream(self, endpoint: str, arm: _Arm, done: Done) -> None:
        if done.cached:
            arm.cached += 1
            return
        usage = done.usage
        arm.input_tokens += usage.input_tokens
        arm.output_tokens += usage.output_tokens
        arm.reused_tokens += usage.cached_input_tokens
        if done.cost_usd:
            arm.cost += done.cost_usd
        if done.out is not None:
            arm.attempts[done.upstream] += done.attempts
            arm.retries += max(0, done.attempts - 1)
            if done.upstream and done.upstream != self._first_upstream(endpoint):
                arm.failed_over += 1

    def _count_unit(self, trial_id: str, arm: str, unit: str) -> None:
        """Count a unit once, as far as the last hundred thousand tell."""
        seen, key = self._seen, hash((trial_id, unit))
        if key in seen:
            return
        seen[key] = None
        if len(seen) > _MOST_UNITS:
            seen.popitem(last=False)
        self._units[trial_id, arm] += 1

    # -- as text -----------------------------------------------------------------------------------

    def render(self) -> str:
        """All of it in Prometheus' text format."""
        return "\n".join(
            [*self._of_requests(), *self._of_times(), *self._of_gauges(), *process_lines(self._started), ""]
        )

    def _of_requests(self) -> list[str]:
        prefix = "quire_serving"
        lines = family(
            f"{prefix}_requests_total",
            "counter",
            "Requests by endpoint, arm and status.",
            (
                ({**labels, "status": status}, count)
                for labels, arm in self._each()
                for status, count in sorted(arm.statuses.items())
            ),
        )
        lines += family(
            f"{prefix}_endings_total",
            "counter",
            "Requests by how they ended.",
            (
                ({**labels, "ending": ending}, count)
                for labels, arm in self._each()
                for ending, count in sorted(arm.endings.items())
            ),
        )
        lines += family(
            f"{prefix}_refusals_total",
            "counter",
            "Requests refused before it was known what they ask.",
            (({"status": status, "code": code}, count) for (status, code), count in sorted(self._refusals.items())),
        )
        lines += family(
            f"{prefix}_tokens_total",
            "counter",
            "Tokens by kind: read, of these from the upstream's cache, written.",
            (
                ({**labels, "kind": kind}, count)
                for labels, arm in self._each()
                for kind, count in (
                    ("input", arm.input_tokens),
                    ("cached_input", arm.reused_tokens),
                    ("output", arm.output_tokens),
                )
            ),
        )
        lines += family(
            f"{prefix}_upstream_attempts_total",
            "counter",
            "Requests sent to upstreams, tries again included.",
            (
                ({**labels, "upstream": upstream}, count)
                for labels, arm in self._each()
                for upstream, count in sorted(arm.attempts.items())
            ),
        )
        for name, meaning, read in _PLAIN:
            lines += family(
                f"{prefix}_{name}", "counter", meaning, ((labels, read(arm)) for labels, arm in self._each())
            )
        lines += family(
            f"{prefix}_trial_units_total",
            "counter",
            "Units of trials that this process has seen.",
            (({"trial": trial, "arm": arm}, count) for (trial, arm), count in sorted(self._units.items())),
        )
        return lines

    def _each(self) -> list[tuple[dict[str, object], _Arm]]:
        return [
            ({"endpoint": endpoint, "arm": arm}, counted) for (endpoint, arm), counted in sorted(self._arms.items())
        ]

    def _of_times(self) -> list[str]:
        times = sorted(self._times.items())
        return [
            *histograms(
                "quire_serving_request_seconds",
                "How long requests took.",
                (({"endpoint": endpoint}, each.latency) for endpoint, each in times),
            ),
            *histograms(
                "quire_serving_first_token_seconds",
                "How long streams took to their first token.",
                (({"endpoint": endpoint}, each.first_token) for endpoint, each in times),
            ),
            *histograms(
                "quire_serving_added_seconds",
                "How long requests took beside the wait for upstreams.",
                (({"endpoint": endpoint}, each.added) for endpoint, each in times),
            ),
        ]

    def _of_gauges(self) -> list[str]:
        return [line for gauge in self._gauges for line in family(gauge.name, gauge.kind, gauge.meaning, gauge.read())]


_PLAIN: tuple[tuple[str, str, Callable[[_Arm], float]], ...] = (
    ("cost_usd_total", "US dollars, of models with a known price.", lambda arm: arm.cost),
    ("retries_total", "Attempts beyond the first.", lambda arm: arm.retries),
    ("fallbacks_total", "Answers of another upstream than the first.", lambda arm: arm.failed_over),
    ("arm_failures_total", "Requests that the control answered because this arm failed.", lambda arm: arm.gave_way),
    ("cache_hits_total", "Answers from the cache.", lambda arm: arm.cached),
)
