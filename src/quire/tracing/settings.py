"""What this process does with traces: whether, which share, with how much of their content, and where to."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.tracing.sampling import Sampling

CONTENT_VARIABLE = "QUIRE_TRACE_CONTENT"
RATE_VARIABLES = ("QUIRE_TRACE_SAMPLING_RATIO", "MLFLOW_TRACE_SAMPLING_RATIO")
COLLECTOR_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
DISK_VARIABLE = "QUIRE_TRACE_SPILL_MB"
DESTINATION_VARIABLE = "MLFLOW_TRACING_DESTINATION"
_SPILL_MB = 1024
_FALSE = {"0", "false", "no", "off"}

SpanProcessor = Callable[[dict[str, Any]], None]
"""Given a span's ``name``, ``type``, ``inputs``, ``outputs`` and ``attributes``, which it may change in place."""

if TYPE_CHECKING:
    from quire.tracing.otlp_out import Collector

log = logging.getLogger("quire")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What :func:`quire.tracing.configure` sets."""

    enabled: bool = True
    sampling: Sampling | None = None
    content: bool = True
    redact: tuple[SpanProcessor, ...] = ()
    metadata: Mapping[str, str] = {}
    most_on_disk: int = _SPILL_MB * 1024 * 1024
    otlp: Collector | None = None
    experiment_id: str | None = None


def from_environment() -> Settings:
    """The settings before anything was configured."""
    rate = next((os.environ[name] for name in RATE_VARIABLES if os.environ.get(name)), None)
    content = os.environ.get(CONTENT_VARIABLE, "1").lower() not in _FALSE
    disk = os.environ.get(DISK_VARIABLE) or str(_SPILL_MB)
    try:
        return Settings(
            sampling=None if rate is None else Sampling(rate=float(rate)),
            content=content,
            most_on_disk=int(float(disk) * 1024 * 1024),
            otlp=_collector(),
            experiment_id=os.environ.get(DESTINATION_VARIABLE) or None,
        )
    except (ValueError, InvalidInput) as error:
        log.warning("The environment's settings of tracing are not used: %s", error)
        return Settings(content=content)


def _collector() -> Collector | None:
    if not any(name in os.environ for name in COLLECTOR_VARIABLES):
        return None
    from quire.tracing.otlp_out import from_environment as named

    return named()
