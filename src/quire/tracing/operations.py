"""How traces are brought to a store: as an outbox carries them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from quire.domain.traces import Trace
from quire.store.base import Store
from quire.tracing import state
from quire.tracing.finished import FinishedTrace
from quire.tracing.writing import stored

AT_ONCE = 100
"""Traces that are stored with one call."""


class Delivery(msgspec.Struct, frozen=True):
    """Traces that are on their way to the same experiment."""

    traces: list[FinishedTrace]

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return sum(trace.weight for trace in self.traces)


class OfTraces:
    """Traces, as an outbox carries them."""

    name = "traces"
    operation = Delivery

    @property
    def most_on_disk(self) -> int:
        """About how many bytes may wait on disk."""
        return state.settings().most_on_disk

    @staticmethod
    def checked(delivery: Delivery) -> Delivery:
        """A delivery as it is kept."""
        return delivery

    @staticmethod
    def merged(deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, list[int]]]:
        """Deliveries joined by experiment, each with the places of those that it holds."""
        by_experiment: dict[str, list[int]] = {}
        for place, delivery in enumerate(deliveries):
            by_experiment.setdefault(delivery.traces[0].experiment_id, []).append(place)
        for places in by_experiment.values():
            for start in range(0, len(places), AT_ONCE):
                chosen = places[start : start + AT_ONCE]
                yield Delivery([trace for place in chosen for trace in deliveries[place].traces]), chosen

    @staticmethod
    def perform(store: Store, delivery: Delivery) -> None:
        """Store traces."""
        traces: list[Trace] = [stored(trace) for trace in delivery.traces]
        store.log_traces(traces)

    @staticmethod
    def described(delivery: Delivery) -> str:
        """What it is, for the log."""
        ids = [f"tr-{trace.trace_id.hex()}" for trace in delivery.traces]
        return f"the trace {ids[0]}" if len(ids) == 1 else f"{len(ids)} traces, the first {ids[0]}"
