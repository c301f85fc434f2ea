"""Turning autologging on and off, for one SDK of many or by its own name."""

from __future__ import annotations

import re
from typing import get_args

from quire.domain.errors import InvalidInput
from quire.openai.autologging.hook import install, uninstall
from quire.openai.autologging.options import AutologOptions, StreamUsage, complain, set_options

OLDEST, NEWEST = (1, 17), (3, 999)
"""Versions of the SDK that are tested."""


def autolog(
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    log_traces: bool = True,
    disable_openai_agent_tracer: bool = True,
    *,
    capture_content: bool = True,
    stream_usage: StreamUsage = "auto",
) -> None:
    """Record every call of the OpenAI SDK in this process as a span, from now on; also of clients that exist already.

    The arguments are MLflow's. ``disable=True`` or ``log_traces=False`` ends it and leaves the SDK as it was found.
    ``exclusive=True`` keeps traces out of runs that the program has started: they are of the experiment alone.
    ``disable_for_unsupported_versions=True`` leaves an SDK alone that is older than 1.17 or newer than 3.
    ``silent=True`` logs no warnings. ``disable_openai_agent_tracer=False`` lets the Agents SDK also send its traces to
    OpenAI, as it does by itself.

    ``capture_content=False`` keeps no content of these calls, only its shape and the counts. ``stream_usage`` says of
    whom token counts of streams are asked where the program did not: ``"auto"`` (OpenAI and Azure), ``"always"``,
    ``"never"``; the piece that then comes is not shown to the program. Tokens of other streams are counted here and
    marked ``quire.usage.estimated``. Raises InvalidInput for another word.
    """
    if stream_usage not in get_args(StreamUsage):
        raise InvalidInput(f"stream_usage is {stream_usage!r}; expected one of {', '.join(get_args(StreamUsage))}.")
    set_options(
        AutologOptions(exclusive=exclusive, silent=silent, capture_content=capture_content, stream_usage=stream_usage)
    )
    if disable or not log_traces or _is_to_be_left_alone(disable_for_unsupported_versions):
        _end()
    else:
        _begin()


def _begin() -> None:
    from quire.caller.watching import watch
    from quire.openai.autologging.predicting import watch_call

    install()
    watch(watch_call)


def _end() -> None:
    from quire.caller.watching import unwatch
    from quire.openai.autologging.predicting import watch_call

    uninstall()
    unwatch(watch_call)


def _is_to_be_left_alone(disable_for_unsupported_versions: bool) -> bool:
    import openai

    found = tuple(int(number) for number in re.findall(r"\d+", openai.__version__)[:2])
    if OLDEST <= found <= NEWEST:
        return False
    complain(
        f"Autologging is tested with openai {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}; this is {openai.__version__}."
        + (" It is left alone." if disable_for_unsupported_versions else ""),
        error=False,
    )
    return disable_for_unsupported_versions
