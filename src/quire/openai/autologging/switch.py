"""Turning autologging on and off, for one SDK of many or by its own name."""

from __future__ import annotations

import importlib
import re
import sys
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
    said = AutologOptions(
        exclusive=exclusive,
        silent=silent,
        capture_content=capture_content,
        stream_usage=stream_usage,
        disable_openai_agent_tracer=disable_openai_agent_tracer,
    )
    told_by_name.add("openai")
    switch(not disable and log_traces, said, only_tested_versions=disable_for_unsupported_versions)


told_by_name: set[str] = set()
"""The SDK, if it was turned on or off by its own name: what is said of all counts no more."""


def switch(on: bool, said: AutologOptions, *, only_tested_versions: bool) -> None:
    """Turn autologging of the SDK on or off."""
    from quire.caller.watching import unwatch, watch
    from quire.openai.autologging import agents_import
    from quire.openai.autologging.predicting import watch_call

    set_options(said)
    if on and not _is_to_be_left_alone(only_tested_versions):
        _load_prices()
        install()
        watch(watch_call)
        agents_import.install(without_openai=said.disable_openai_agent_tracer)
    else:
        uninstall()
        unwatch(watch_call)
        agents_import.uninstall()


def _load_prices() -> None:
    """Import now what the background would import later, where the SDK would trip over half of it.

    The price table imports ``httpx2``. Version 2 of the SDK, which does without, looks in every request whether it is
    imported, and takes a module that another thread is just importing for whole.
    """
    if "openai._httpx2" in sys.modules and "httpx2" not in sys.modules:
        importlib.import_module("genai_prices")


def _is_to_be_left_alone(only_tested_versions: bool) -> bool:
    import openai

    found = tuple(int(number) for number in re.findall(r"\d+", openai.__version__)[:2])
    if OLDEST <= found <= NEWEST:
        return False
    complain(
        f"Autologging is tested with openai {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}; this is {openai.__version__}."
        + (" It is left alone." if only_tested_versions else ""),
        error=False,
    )
    return only_tested_versions
