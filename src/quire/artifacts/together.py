"""Doing the same work for many files, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(work: Callable[[T], object], items: Iterable[T], count: int) -> None:
    """Do the work for each item, ``count`` at once; the first error is raised and the rest is not begun."""
    with ThreadPoolExecutor(count, "quire-artifacts") as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
