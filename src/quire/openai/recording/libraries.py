"""``httpx`` or ``httpx2``: whichever the SDK's client uses, told by what it makes."""

from __future__ import annotations

import functools
import sys
from typing import Any


def library_of(made: Any) -> Any:
    """The library that made a request or a response, or whose class it derives from."""
    for kind in type(made).__mro__:
        name = kind.__module__.partition(".")[0]
        if name.startswith("httpx"):
            return sys.modules[name]
    raise TypeError(f"{type(made).__name__} is of no library that is known: httpx, httpx2.")


def byte_streams(made: Any, kind: type) -> Any:
    """A class of ours as a byte stream of the library, which looks at the class of what it reads."""
    return _byte_streams(library_of(made), kind)


@functools.cache
def _byte_streams(library: Any, kind: type) -> Any:
    base = library.AsyncByteStream if hasattr(kind, "__aiter__") else library.SyncByteStream
    return type(kind.__name__, (kind, base), {})
