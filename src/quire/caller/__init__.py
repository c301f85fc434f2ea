"""Carrying out calls against an OpenAI-compatible service, as fast as its limits allow.

Prediction, evaluation, judges and serving all send their requests through here.
"""

from __future__ import annotations

from quire.caller.caller import Caller
from quire.caller.journal import Journal
from quire.caller.options import CallerOptions, Report
from quire.caller.settings import ServiceSettings

__all__ = ["Caller", "CallerOptions", "Journal", "Report", "ServiceSettings"]
