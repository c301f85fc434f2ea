"""Pauses of the background's work, in which a thread of the program goes on that has waited for the interpreter.

Python hands the interpreter over every 5 ms (``sys.getswitchinterval``) if nobody gives it up before, and a call of the
program would wait that long. A pause costs up to 0.1 ms, so there is none for each span.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_NS = 500_000
"""Time that is worked without a pause: about as long as a thread of the program may have to wait."""


class Pauses:
    """Pauses where the work was long enough; ``clock`` gives nanoseconds."""

    def __init__(self, clock: Callable[[], int], pause: Callable[[], None]) -> None:
        self._clock = clock
        self._pause = pause
        self._since = 0

    def __call__(self) -> None:
        """Between two steps of the work."""
        if self._clock() - self._since >= LONGEST_NS:
            self._pause()
            self._since = self._clock()


def _give_up_interpreter() -> None:
    time.sleep(0)


pause_between_spans = Pauses(time.perf_counter_ns, _give_up_interpreter)
"""Of all threads together, because there is one interpreter to give up."""
