"""Carrying out calls against an OpenAI-compatible service, as fast as its limits allow.

Prediction, evaluation, judges and serving all send their requests through here. What only needs the price of a call, or
to know of calls, loads none of what carries them out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quire.caller.caller import Caller
    from quire.caller.journal import Journal
    from quire.caller.options import CallerOptions, Report
    from quire.caller.settings import ServiceSettings

__all__ = ["Caller", "CallerOptions", "Journal", "Report", "ServiceSettings"]

_HOME = {
    "Caller": "quire.caller.caller",
    "CallerOptions": "quire.caller.options",
    "Journal": "quire.caller.journal",
    "Report": "quire.caller.options",
    "ServiceSettings": "quire.caller.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value
