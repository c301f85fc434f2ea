"""``quire.openai.autolog()``: every call of the OpenAI SDK is a span."""

from __future__ import annotations

from quire.openai.autologging.hook import is_installed
from quire.openai.autologging.switch import autolog

__all__ = ["autolog", "is_installed"]
