"""Turning tracing off and on, and saying what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quire.domain.errors import InvalidInput
from quire.tracing import state
from quire.tracing.destination import experiment_at
from quire.tracing.finished import FinishedSpan
from quire.tracing.sampling import Sampling
from quire.tracing.settings import Settings, SpanProcessor

if TYPE_CHECKING:
    from quire.tracing.otlp_out import Collector


def configure(
    *,
    sample_rate: float | None = None,
    slow_seconds: float | None = None,
    keep: Callable[[Sequence[FinishedSpan]], bool] | None = None,
    content: bool | None = None,
    redact: SpanProcessor | Sequence[SpanProcessor] | None = None,
    metadata: Mapping[str, str] | None = None,
    spill_mb: float | None = None,
    otlp_endpoint: str | None = None,
    otlp_headers: Mapping[str, str] | None = None,
) -> Settings:
    """Say what is kept of traces; what is not given stays as it is. What results is returned.

    ``sample_rate`` is the share of traces that are kept (0 to 1); those with errors, those that took longer than
    ``slow_seconds``, and those for which ``keep(spans)`` is true are kept always. ``content=False`` keeps no inputs and
    outputs, only their shapes. ``redact`` is a function, or several, that change what is kept of a span in place.
    ``metadata`` is put on every trace. ``spill_mb`` is how much may wait on disk while the store is away.
    ``otlp_endpoint`` is a collector that every trace is sent to besides (OTLP over HTTP, such as
    ``http://localhost:4318``; ``""`` for none), with ``otlp_headers`` or those of OpenTelemetry's variables.
    Raises InvalidInput.
    """
    fields: dict[str, Any] = {}
    if sample_rate is not None or slow_seconds is not None or keep is not None:
        before = state.settings().sampling or Sampling()
        fields["sampling"] = Sampling(
            rate=before.rate if sample_rate is None else sample_rate,
            slow_seconds=before.slow_seconds if slow_seconds is None else slow_seconds,
            rule=before.rule if keep is None else keep,
        )
    if content is not None:
        fields["content"] = content
    if redact is not None:
        fields["redact"] = (redact,) if callable(redact) else tuple(redact)
    if metadata is not None:
        fields["metadata"] = {str(key): str(value) for key, value in metadata.items()}
    if spill_mb is not None:
        if spill_mb < 0:
            raise InvalidInput(f"spill_mb is {spill_mb}; expected megabytes, 0 or more.")
        fields["most_on_disk"] = int(spill_mb * 1024 * 1024)
    if otlp_endpoint is not None:
        fields["otlp"] = _collector(otlp_endpoint, otlp_headers)
    return state.change(**fields)


def set_destination(destination: Any, *, context_local: bool = False) -> None:
    """Have traces that begin from now on go to an experiment, whichever is active (the run stays that of the trace).

    ``destination`` is a :class:`quire.entities.MlflowExperimentLocation`; one without an id, or None, ends that.
    ``context_local`` says it of this thread or task, and what they start, alone. What a single trace is given counts
    more; :func:`reset` forgets it, in this context. ``MLFLOW_TRACING_DESTINATION``, an experiment's id, is the same.
    Raises InvalidInput for another place.
    """
    experiment_id = experiment_at(destination)
    if context_local:
        state.set_experiment_here(experiment_id)
    else:
        state.change(experiment_id=experiment_id)


def _collector(endpoint: str, headers: Mapping[str, str] | None) -> Collector | None:
    from quire.tracing.otlp_out import collector

    return collector(endpoint, headers) if endpoint else None


def enable() -> None:
    """Trace from now on, which is so unless :func:`disable` was called."""
    state.change(enabled=True)


def disable() -> None:
    """Make no spans from now on; traced functions run as if they were not."""
    state.change(enabled=False)


def is_enabled() -> bool:
    """Whether spans are made here."""
    return state.is_on()


def reset() -> None:
    """Forget what was configured; the environment counts again."""
    state.reset()
