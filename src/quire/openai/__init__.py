"""OpenAI applications, under the names of MLflow's ``openai``: packaging, tracing, recording and replaying them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quire.openai.autologging import autolog
    from quire.openai.flavor import load_model, log_model, save_model
    from quire.openai.recording import RecordingMiss, record, recording_from_traces, replay

__all__ = [
    "RecordingMiss",
    "autolog",
    "load_model",
    "log_model",
    "record",
    "recording_from_traces",
    "replay",
    "save_model",
]

_HOME = {
    "RecordingMiss": "quire.openai.recording",
    "autolog": "quire.openai.autologging",
    "load_model": "quire.openai.flavor",
    "log_model": "quire.openai.flavor",
    "record": "quire.openai.recording",
    "recording_from_traces": "quire.openai.recording",
    "replay": "quire.openai.recording",
    "save_model": "quire.openai.flavor",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value
