"""``quire.autolog()``: everything that Quire can record by itself, which is the OpenAI SDK and the Agents SDK."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from quire.openai.autologging.imports import forget, when_imported
from quire.openai.autologging.options import AutologOptions
from quire.openai.autologging.switch import switch, told_by_name

_SDK = "openai"


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: Mapping[str, str] | None = None,
    exclude_flavors: Iterable[str] | None = None,
) -> None:
    """Record every call of each SDK that Quire knows, as :func:`quire.openai.autolog` does for one.

    An SDK that the program has not imported yet is recorded from its import on. What was said of one SDK by its own
    name stays as it was said, except that ``disable=True`` ends everything. ``exclude_flavors=["openai"]`` leaves it
    alone. ``log_input_examples``, ``log_model_signatures``, ``log_models``, ``log_datasets`` and ``extra_tags`` are
    taken as MLflow takes them and have no meaning for OpenAI's SDKs: nothing is trained there.
    """
    if exclude_flavors is not None and _SDK in set(exclude_flavors):
        return
    if _SDK in told_by_name and not disable:
        return
    said = AutologOptions(exclusive=exclusive, silent=silent)
    on = log_traces and not disable
    told_by_name.discard(_SDK)
    forget(_SDK)

    def act(_module: Any = None) -> None:
        if _SDK not in told_by_name:
            switch(on, said, only_tested_versions=disable_for_unsupported_versions)

    if _SDK in sys.modules:
        act()
    elif on:
        when_imported(_SDK, act)
