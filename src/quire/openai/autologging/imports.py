"""Acting in the moment in which a module is imported, instead of importing it for everybody."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable
from typing import Any

log = logging.getLogger("quire")


class _Waiting:
    """On ``sys.meta_path`` while something waits for the import of a module: finds nothing itself."""

    def __init__(self) -> None:
        self.awaited: dict[str, Callable[[Any], None]] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """None for any other name; for an awaited one what the others find, followed by a call of ours."""
        act = self.awaited.get(name)
        if act is None:
            return None
        forget(name)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader, act)
        return spec


_waiting = _Waiting()


def when_imported(name: str, act: Callable[[Any], None]) -> None:
    """Call ``act`` with a top-level module that is not imported yet, once it is."""
    _waiting.awaited[name] = act
    if _waiting not in sys.meta_path:
        sys.meta_path.insert(0, _waiting)


def forget(name: str) -> None:
    """Wait for it no more."""
    _waiting.awaited.pop(name, None)
    if not _waiting.awaited and _waiting in sys.meta_path:
        sys.meta_path.remove(_waiting)


def _call_after(loader: Any, act: Callable[[Any], None]) -> None:
    """Have ``act`` called when this loader has run the module. The loader stays what it is."""
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        run(module)
        del loader.exec_module
        try:
            act(module)
        except Exception:
            log.warning("Calls of %s will not be recorded", module.__name__, exc_info=True)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        log.debug("the import of a module cannot be followed")
