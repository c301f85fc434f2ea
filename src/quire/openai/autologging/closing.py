"""Seeing that a response was closed, by whichever of the SDK's ways: what its bytes come from is wrapped."""

from __future__ import annotations

import functools
import sys
from typing import Any, Protocol


class Closed(Protocol):
    """What wants to know."""

    def closed(self) -> None:
        """The response was closed, by the program or because it was read."""


def closing(response: Any, watch: Closed) -> None:
    """Have ``watch`` told when a response is closed. The bytes come straight from where they came from before."""
    response.stream = _kind(http_library(response), hasattr(response.stream, "__aiter__"))(response.stream, watch)


def http_library(response: Any) -> Any:
    """The library of a response: ``httpx``, or ``httpx2`` under newer versions of the SDK."""
    for kind in type(response).__mro__:
        name = kind.__module__.partition(".")[0]
        if name.startswith("httpx"):
            return sys.modules[name]
    raise TypeError(f"{type(response).__name__} is no response of httpx")


@functools.lru_cache(maxsize=4)
def _kind(library: Any, asynchronous: bool) -> type:
    if asynchronous:

        class AsyncClosing(library.AsyncByteStream):  # type: ignore[misc]
            def __init__(self, inner: Any, watch: Closed) -> None:
                self._inner, self._watch = inner, watch

            def __aiter__(self) -> Any:
                return aiter(self._inner)

            async def aclose(self) -> None:
                try:
                    await self._inner.aclose()
                finally:
                    self._watch.closed()

        return AsyncClosing

    class Closing(library.SyncByteStream):  # type: ignore[misc]
        def __init__(self, inner: Any, watch: Closed) -> None:
            self._inner, self._watch = inner, watch

        def __iter__(self) -> Any:
            return iter(self._inner)

        def close(self) -> None:
            try:
                self._inner.close()
            finally:
                self._watch.closed()

    return Closing
