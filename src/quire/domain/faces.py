"""The public face of a folder whose names are loaded from their own modules when they are first used.

For folders of which somebody needs a small part, and needs it soon: a server does not load what it may never do.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def face(folder: str, home: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a folder (https://peps.python.org/pep-0562/).

    ``home`` tells the module of each name. No name may be that of a module in the folder: loading the module would put
    it in the name's place.
    """

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {folder!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home[name]), name)
        setattr(sys.modules[folder], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[folder]), *home})

    return load, names
