"""Registering with the Agents SDK: at once if the program has imported it, else in the moment in which it does.

Importing it here would cost every program that has it installed two seconds, whether it uses it or not; waiting for its
first request would be too late, for its trace has begun by then.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

from quire.openai.autologging.agents import AgentTraces
from quire.openai.autologging.imports import forget, when_imported

log = logging.getLogger("quire")
_NAME = "agents.tracing"
_registered: list[tuple[AgentTraces, Any, list[Any]]] = []
"""Our processor, the provider that has it, and what was taken from that."""


_without_openai = [True]


def install(*, without_openai: bool = True) -> None:
    """Record runs of agents from now on. ``without_openai`` ends that the Agents SDK sends them to OpenAI."""
    _without_openai[0] = without_openai
    module = sys.modules.get(_NAME)
    if module is not None:
        _register(module)
    else:
        when_imported(_NAME, _register)


def uninstall() -> None:
    """Leave the Agents SDK as it was found."""
    forget(_NAME)
    while _registered:
        processor, provider, taken = _registered.pop()
        processor.shutdown()
        present = _processors(provider)
        if present is not None:
            provider.set_processors([*taken, *(one for one in present if one is not processor)])


def _register(module: Any) -> None:
    """Add our processor to the provider that is in use. Another module of that name is let be."""
    if not hasattr(module, "get_trace_provider") or not hasattr(module, "TracingProcessor"):
        return
    try:
        uninstall()
        provider = module.get_trace_provider()
        module.TracingProcessor.register(AgentTraces)
        taken = _take_openais(provider) if _without_openai[0] else []
        processor = AgentTraces()
        provider.register_processor(processor)
        _registered.append((processor, provider, taken))
    except Exception:
        log.warning("Runs of the Agents SDK will not be recorded", exc_info=True)


def _processors(provider: Any) -> list[Any] | None:
    """The processors of the SDK's own provider; None for one of the program's making, which does not tell."""
    several = getattr(provider, "_multi_processor", None)
    found = getattr(several, "_processors", None)
    return None if found is None else list(found)


def _take_openais(provider: Any) -> list[Any]:
    """Take the processor away that sends to OpenAI, and no other; what was taken is returned."""
    openais = importlib.import_module(f"{_NAME}.processors").default_processor()
    present = _processors(provider)
    if present is None or openais not in present:
        return []
    provider.set_processors([one for one in present if one is not openais])
    return [openais]
