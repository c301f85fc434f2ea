"""What ``autolog()`` was told, and saying what went wrong with recording, unless it was told to be silent."""

from __future__ import annotations

import logging
from typing import Literal

import msgspec

StreamUsage = Literal["auto", "always", "never"]

log = logging.getLogger("quire")


class AutologOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How calls are recorded: see :func:`quire.openai.autolog`."""

    exclusive: bool = False
    silent: bool = False
    capture_content: bool = True
    disable_openai_agent_tracer: bool = True
    stream_usage: StreamUsage = "auto"


_current: list[AutologOptions] = [AutologOptions()]


def options() -> AutologOptions:
    """What was said last."""
    return _current[0]


def set_options(said: AutologOptions) -> None:
    """From now on this holds."""
    _current[0] = said


def complain(message: str, *, error: bool = True) -> None:
    """Log a warning, with the error that is being handled, unless autologging is silent."""
    if not options().silent:
        log.warning(message, exc_info=error)
