"""Registering with the Agents SDK: at once if the program has imported it, else in the moment in which it does.

Importing it here would cost every program that has it installed a second or more, whether it uses it or not; waiting
for its first request would be too late, for its trace has begun by then. So one finder waits for one name: it finds
nothing itself, lets all others be, and takes itself away when the name comes.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from typing import Any

from quire.openai.autologging.agents import AgentTraces

log = logging.getLogger("quire")
_NAME = "agents.tracing"
_registered: list[tuple[AgentTraces, Any, list[Any]]] = []
"""Our processor, the provider that has it, and what was taken from that."""


class _Waiting:
    """On ``sys.meta_path`` until the Agents SDK is imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Nothing, for any other name; for the awaited one what the others find, and then a call of ours."""
        if name != _NAME:
            return None
        _stop_waiting()
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader)
        return spec


_waiting = _Waiting()
_without_openai = [True]


def install(*, without_openai: bool = True) -> None:
    """Record runs of agents from now on. ``without_openai`` ends that the Agents SDK sends them to OpenAI."""
    _without_openai[0] = without_openai
    module = sys.modules.get(_NAME)
    if module is not None:
        _register(module)
    elif _waiting not in sys.meta_path:
        sys.meta_path.insert(0, _waiting)


def uninstall() -> None:
    """Leave the Agents SDK as it was found."""
    _stop_waiting()
    while _registered:
        processor, provider, taken = _registered.pop()
        processor.shutdown()
        present = _processors(provider)
        if present is not None:
            provider.set_processors([*taken, *(one for one in present if one is not processor)])


def is_waiting() -> bool:
    """Whether the Agents SDK is still to be imported."""
    return _waiting in sys.meta_path


def _stop_waiting() -> None:
    if _waiting in sys.meta_path:
        sys.meta_path.remove(_waiting)


def _call_after(loader: Any) -> None:
    """Have the module registered with when this loader has run it. The loader stays what it is."""
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        run(module)
        del loader.exec_module
        _register(module)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        log.debug("the import of %s cannot be followed", _NAME)


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
